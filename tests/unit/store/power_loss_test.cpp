// A power loss at any moment must not lose what was acknowledged.
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <random>
#include <semaphore>
#include <set>
#include <thread>

#include "core/store/committer.hpp"
#include "tests/fault/unsynced_vfs.hpp"
#include "tests/unit/store/temp_folder.hpp"

using namespace segmentflow;
using test::Survival;
using test::Syncs;
using test::UnsyncedVfs;

namespace {

constexpr Migration kSchema[] = {
    {1, "items", "CREATE TABLE items (id INTEGER_ID, name BIGINT NOT NULL UNIQUE, body BYTES)"}};
constexpr int kWriters = 4;
constexpr int kCommandsPerWriter = 12;
constexpr std::uint64_t kOperationsMax = 450;  // about what a run without a crash makes

class AddItems final : public ListWrite<std::int64_t, std::int64_t> {
 public:
  std::vector<Result<std::int64_t>> apply(Transaction& tx,
                                          std::span<const std::int64_t> names) override {
    SqlInput input({{"name", SqlType::Integer}, {"body", SqlType::Bytes}});
    for (const auto name : names) {
      input.add({name, Bytes{std::string(static_cast<std::size_t>(name * 37 % 6000), 'b')}});
    }
    tx.query("INSERT INTO items (name, body) SELECT i.name, i.body FROM {input} AS i", input);
    return {names.begin(), names.end()};
  }
};

// Checkpoints as another process might, beside the commits: once for each answer.
class Neighbour {
 public:
  Neighbour(const std::string& path, const char* vfs, std::uint64_t seed)
      : thread_([this, path, vfs, seed] { work(path, vfs, seed); }) {}
  ~Neighbour() {
    stopping_ = true;
    turns_.release();
    thread_.join();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  void wake() { turns_.release(); }

 private:
  void work(const std::string& path, const char* vfs, std::uint64_t seed) {
    sqlite3* db = nullptr;
    if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, vfs) != SQLITE_OK) std::abort();
    std::mt19937_64 random(seed);
    for (turns_.acquire(); !stopping_; turns_.acquire()) {
      const int mode = random() % 3 == 0 ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
      sqlite3_wal_checkpoint_v2(db, nullptr, mode, nullptr, nullptr);
    }
    sqlite3_close(db);
  }
  std::atomic<bool> stopping_ = false;
  std::counting_semaphore<> turns_{0};
  std::thread thread_;
};

struct Outcome {
  std::size_t acknowledged = 0;
  std::size_t lost = 0;
  std::string integrity;
};

std::set<std::int64_t> write_until_done(const std::string& url, UnsyncedVfs& vfs,
                                        Neighbour& neighbour) {
  auto database = open_database(url, {.readers_max = 1}).value();
  AddItems add;
  std::mutex mutex;
  std::set<std::int64_t> acknowledged;
  Committer committer(*database, {});
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kCommandsPerWriter; ++i) {
        const std::int64_t name = writer * kCommandsPerWriter + i;
        const auto answer = committer.run(add, name);
        neighbour.wake();
        // Asked after the answer: when the power was still on, the commit came before the crash.
        if (!answer || vfs.crashed()) return;
        const std::lock_guard lock(mutex);
        acknowledged.insert(name);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  return acknowledged;
}

Outcome judge(const std::string& path, const std::set<std::int64_t>& acknowledged) {
  const auto database = open_database("sqlite:" + path, {.readers_max = 1});
  Outcome outcome{acknowledged.size(), acknowledged.size(), "cannot be opened"};
  if (!database) return outcome;
  const auto read = (*database)->read([&](Transaction& tx) {
    outcome.integrity = tx.query("PRAGMA integrity_check").at(0).at(0).text();
    std::set<std::int64_t> found;
    for (const auto& row : tx.query("SELECT name FROM items")) {
      // A file that is not sound gives anything.
      const auto* item = std::get_if<std::int64_t>(&row.at(0).variant());
      if (item != nullptr) found.insert(*item);
    }
    outcome.lost = 0;
    for (const auto name : acknowledged) outcome.lost += found.contains(name) ? 0 : 1;
  });
  if (!read) outcome.integrity = "cannot be read";
  return outcome;
}

Outcome crash_once(std::uint64_t seed, Syncs syncs) {
  std::mt19937_64 random(seed);
  const test::TempFolder live;
  const test::TempFolder after;
  const std::string name = "unsynced-" + std::to_string(seed);
  UnsyncedVfs vfs(name);
  const std::string url = "sqlite:" + live.file("a.db") + "?vfs=" + name;
  REQUIRE(open_database(url, {.readers_max = 1}).value()->migrate(kSchema));
  vfs.set_syncs(syncs);
  const auto survival = static_cast<Survival>(random() % 3);
  vfs.crash_at(1 + random() % kOperationsMax, survival, random());
  std::set<std::int64_t> acknowledged;
  {
    Neighbour neighbour(live.file("a.db"), name.c_str(), random());
    acknowledged = write_until_done(url, vfs, neighbour);
    vfs.crash_now();
  }
  vfs.restore_into(after.path());
  return judge(after.file("a.db"), acknowledged);
}

std::uint64_t first_seed() {
  const std::uint64_t seed = std::random_device{}();
  std::printf("power loss: seeds from %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace

TEST_CASE("After a power loss every acknowledged command is there", "[sqlite]") {
  constexpr std::uint64_t kRuns = 300;
  const std::uint64_t first = first_seed();
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = first; seed < first + kRuns; ++seed) {
    const Outcome outcome = crash_once(seed, Syncs::Kept);
    INFO("seed " << seed << ", acknowledged " << outcome.acknowledged);
    REQUIRE(outcome.integrity == "ok");
    REQUIRE(outcome.lost == 0);
    acknowledged += outcome.acknowledged;
  }
  CHECK(acknowledged > kRuns);  // else nothing was proved
}

TEST_CASE("The power loss test detects a log that is not synced", "[sqlite]") {
  constexpr std::uint64_t kRuns = 40;
  const std::uint64_t first = first_seed();
  std::size_t lost = 0;
  for (std::uint64_t seed = first; seed < first + kRuns; ++seed) {
    lost += crash_once(seed, Syncs::LogIgnored).lost;
  }
  INFO("seeds from " << first);
  CHECK(lost > 0);
}

TEST_CASE("A full disk is not ready, and the database goes on when there is space again",
          "[sqlite]") {
  const test::TempFolder folder;
  UnsyncedVfs vfs("full");
  auto database =
      open_database("sqlite:" + folder.file("a.db") + "?vfs=full", {.readers_max = 1}).value();
  REQUIRE(database->migrate(kSchema));
  AddItems add;
  Committer committer(*database, {});
  REQUIRE(committer.run(add, 1));
  vfs.set_disk_full(true);
  const auto refused = committer.run(add, 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::NotReady);
  vfs.set_disk_full(false);
  REQUIRE(committer.run(add, 3));
  REQUIRE(database->read([](Transaction& tx) {
    CHECK(tx.query("SELECT name FROM items ORDER BY name").size() == 2);
  }));
}

TEST_CASE("A failed sync stops the process", "[sqlite]") {
  const test::TempFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // the test framework would report it as its own
    UnsyncedVfs vfs("failing");
    auto database =
        open_database("sqlite:" + folder.file("a.db") + "?vfs=failing", {.readers_max = 1});
    if (!database || !(*database)->migrate(kSchema)) ::_exit(3);
    vfs.set_syncs(Syncs::Failing);
    AddItems add;
    Committer committer(**database, {});
    const auto answer = committer.run(add, 1);
    ::_exit(answer ? 1 : 2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}
