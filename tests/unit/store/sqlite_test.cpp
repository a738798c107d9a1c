// What only the SQLite backend has: files, their log, and locks of processes.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/store/database.hpp"
#include "tests/unit/store/temp_folder.hpp"

using namespace segmentflow;

namespace {

constexpr Migration kSchema[] = {
    {1, "people",
     "CREATE TABLE people (id INTEGER_ID, uid BYTES NOT NULL UNIQUE, name TEXT);"
     "INSERT INTO people (uid) VALUES (x'00')"}};

struct Opened {
  Opened() : database(open_database("sqlite:" + folder.file("a.db"), {.readers_max = 2}).value()) {
    REQUIRE(database->migrate(kSchema));
  }
  test::TempFolder folder;
  std::unique_ptr<Database> database;
};

mode_t mode_of(const std::string& path) {
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

}  // namespace

TEST_CASE("A database in a folder that does not exist is not ready", "[sqlite]") {
  const test::TempFolder folder;
  const auto opened = open_database("sqlite:" + folder.file("none/a.db"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::NotReady);
  CHECK(opened.error().message.find("none") != std::string::npos);
}

TEST_CASE("A file that is no database is not ready", "[sqlite]") {
  const test::TempFolder folder;
  std::ofstream(folder.file("a.db")) << std::string(10'000, 'x');
  const auto opened = open_database("sqlite:" + folder.file("a.db"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::NotReady);
}

TEST_CASE("The database's files are private", "[sqlite]") {
  const Opened opened;
  CHECK(mode_of(opened.folder.file("a.db")) == 0600);
  CHECK(mode_of(opened.folder.file("a.db-wal")) == 0600);
}

TEST_CASE("An input's statement reaches its rows through the index", "[sqlite]") {
  Opened opened;
  REQUIRE(opened.database->read([](Transaction& tx) {
    SqlInput input({{"uid", SqlType::Bytes}});
    input.add({Bytes{"x"}});
    std::string plan;
    for (const auto& row : tx.query("EXPLAIN QUERY PLAN SELECT p.id FROM {input} AS i "
                                    "JOIN people AS p ON p.uid = i.uid",
                                    input)) {
      plan += row.at(3).text() + "\n";
    }
    INFO(plan);
    CHECK(plan.find("SEARCH p USING") != std::string::npos);
  }));
}

TEST_CASE("The log starts over before it grows without bound, also under load", "[sqlite]") {
  Opened opened;
  const std::string log = opened.folder.file("a.db-wal");
  constexpr int kWritesMax = 2'000;  // of 1 MB each
  const Bytes megabyte{std::string(1'000'000, 'x')};
  // The log's header holds salts that change when it is started over (sqlite.org/fileformat2.html).
  const auto header = [&log] {
    std::string bytes(32, '\0');
    std::ifstream(log, std::ios::binary).read(bytes.data(), 32);
    return bytes;
  };
  std::string first;
  bool started_over = false;
  for (int i = 0; i < kWritesMax && !started_over; ++i) {
    opened.database->write([&](Transaction& tx) {
      tx.query("UPDATE people SET name = NULL, uid = $1 WHERE id = 1", {megabyte});
    });
    if (first.empty()) first = header();
    started_over = header() != first;
  }
  CHECK(started_over);
}

TEST_CASE("An instance is gone once its lock is free", "[sqlite]") {
  Opened opened;
  const Uuid id = Uuid::parse("018f3c2a-0000-7000-8000-000000000001").value();
  const std::string file = opened.folder.file("a.db.instances/" + id.to_string() + ".lock");
  CHECK(opened.database->instance_is_gone(id));
  auto held = opened.database->hold_instance(id);
  CHECK(mode_of(opened.folder.file("a.db.instances")) == 0700);
  CHECK_FALSE(opened.database->instance_is_gone(id));
  CHECK_THROWS_AS(opened.database->hold_instance(id), StoreUnavailable);
  held.reset();
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(opened.database->instance_is_gone(id));
}

TEST_CASE("A process that was killed is gone at once", "[sqlite]") {
  Opened opened;
  const Uuid id = Uuid::parse("018f3c2a-0000-7000-8000-000000000002").value();
  const std::string file = opened.folder.file("a.db.instances/" + id.to_string() + ".lock");
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto held = opened.database->hold_instance(id);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK_FALSE(opened.database->instance_is_gone(id));
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(std::filesystem::exists(file));
  CHECK(opened.database->instance_is_gone(id));
  CHECK_FALSE(std::filesystem::exists(file));
}
