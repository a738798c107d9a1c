#include "core/store/committer.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <thread>

#include "tests/unit/engine/await.hpp"
#include "tests/unit/engine/test_database.hpp"

using namespace segmentflow;

namespace {

constexpr Migration kSchema[] = {
    {1, "notes", "CREATE TABLE notes (id INTEGER_ID, name TEXT NOT NULL UNIQUE)"}};

struct Note {
  std::unique_ptr<std::string> name;  // movable only
};

Note note(const std::string& name) {
  return {std::make_unique<std::string>(name)};
}

class AddNotes final : public ListWrite<Note, std::int64_t> {
 public:
  std::vector<Result<std::int64_t>> apply(Transaction& tx, std::span<const Note> notes) override {
    list_sizes.push_back(notes.size());
    std::vector<Result<std::int64_t>> answers;
    for (const Note& each : notes) {
      const auto rows = tx.query("INSERT INTO notes (name) VALUES ($1) RETURNING id", {*each.name});
      answers.emplace_back(rows.at(0).at(0).integer());
    }
    return answers;
  }
  std::vector<std::size_t> list_sizes;
};

class House {
 public:
  explicit House(CommitterLimits limits = {}) {
    // One thread, so that commands gather behind the one that is held.
    DatabaseOptions options = test_database.options(clock);
    options.writers = 1;
    database = test_database.open(options);
    REQUIRE(database->migrate(kSchema));
    committer = std::make_unique<Committer>(*database, limits);
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    REQUIRE(database->read([&](Transaction& tx) {
      for (const auto& row : tx.query("SELECT name FROM notes ORDER BY id")) {
        found.push_back(row.at(0).text());
      }
    }));
    return found;
  }
  // Keeps the committer's thread busy until `release` is counted down, so that commands gather.
  void hold() {
    auto entered = std::make_shared<std::latch>(1);
    holder = std::thread([this, entered] {
      const auto done = committer->run([this, entered](Transaction&) -> Result<void> {
        entered->count_down();
        release.wait();
        return {};
      });
      if (!done) std::abort();
    });
    entered->wait();
  }
  ~House() {
    if (holder.joinable()) holder.join();
  }

  std::latch release{1};
  test::TestDatabase test_database;
  ManualClock clock{1'000'000};
  std::unique_ptr<Database> database;
  AddNotes add;
  std::unique_ptr<Committer> committer;
  std::thread holder;
};

}  // namespace

TEST_CASE("committer: what is undone alone rolls no neighbour back") {
  House house;
  house.hold();
  std::atomic<int> undone = 0;
  std::atomic<int> kept = 0;
  for (int i = 0; i < 5; ++i) {
    house.committer->submit_alone(
        [i](Transaction& tx) -> Result<void> {
          tx.query("INSERT INTO notes (name) VALUES ($1)", {"dry " + std::to_string(i)});
          return fail(ErrorCode::Conflict, "undone");
        },
        [&](Result<void> result) { undone += result ? 0 : 1; });
    house.committer->submit(house.add, note("kept " + std::to_string(i)),
                            [&](Result<std::int64_t> result) { kept += result ? 1 : 0; });
  }
  house.release.count_down();
  test::await([&] { return undone == 5 && kept == 5; });
  CHECK(house.committer->counters().retries == 0);
  CHECK(house.names().size() == 5);
}

TEST_CASE("A command is answered after it is in the database") {
  House house;
  const auto id = house.committer->run(house.add, note("one"));
  REQUIRE(id);
  CHECK(*id == 1);
  CHECK(house.names() == std::vector<std::string>{"one"});
}

TEST_CASE("Commands that wait share a commit and keep their order") {
  House house;
  house.hold();
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 10; ++i) {
    house.committer->submit(house.add, note("n" + std::to_string(i)),
                            [&](Result<std::int64_t> id) { ids.push_back(id.value()); });
  }
  CHECK(house.committer->counters().waiting == 10);
  house.release.count_down();
  house.committer.reset();
  CHECK(ids == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(house.add.list_sizes == std::vector<std::size_t>{10});
}

TEST_CASE("batch_max bounds a list") {
  House house({.batch_max = 4, .queue_max = 100});
  house.hold();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 10; ++i) {
    house.committer->submit(house.add, note("n" + std::to_string(i)),
                            [&](Result<std::int64_t>) { ++answered; });
  }
  house.release.count_down();
  house.committer.reset();
  CHECK(answered == 10);
  CHECK(house.add.list_sizes == std::vector<std::size_t>{4, 4, 2});
}

TEST_CASE("A full queue refuses at once") {
  House house({.batch_max = 4, .queue_max = 2});
  house.hold();
  for (int i = 0; i < 2; ++i) {
    house.committer->submit(house.add, note("n" + std::to_string(i)), [](Result<std::int64_t>) {});
  }
  const auto refused = house.committer->run(house.add, note("late"));
  Result<void> beaten;  // signs of life are not refused
  std::thread beating([&] {
    beaten = house.committer->run_always([](Transaction&) -> Result<void> { return {}; });
  });
  test::await([&] { return house.committer->counters().waiting == 3; });
  house.release.count_down();
  beating.join();
  CHECK(beaten);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::RateLimited);
  CHECK(refused.error().retry_after_s == 1);
}

TEST_CASE("A poisoned command fails alone, and the others are written") {
  House house;
  house.hold();
  std::vector<std::string> outcomes(8);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const std::string name = i == 5 ? "n2" : "n" + std::to_string(i);  // breaks UNIQUE
    house.committer->submit(house.add, note(name), [&outcomes, i](Result<std::int64_t> id) {
      outcomes[i] = id ? "ok" : std::string(kind_of(id.error().code).snake_case);
    });
  }
  house.release.count_down();
  house.committer.reset();
  CHECK(outcomes == std::vector<std::string>{"ok", "ok", "ok", "ok", "ok", "internal", "ok", "ok"});
  CHECK(house.names() == std::vector<std::string>{"n0", "n1", "n2", "n3", "n4", "n6", "n7"});
}

TEST_CASE("Work shares the commit; work that refuses leaves nothing behind") {
  House house;
  house.hold();
  const auto insert = [](const std::string& name, bool refuse) {
    return [name, refuse](Transaction& tx) -> Result<void> {
      tx.query("INSERT INTO notes (name) VALUES ($1)", {name});
      if (refuse) return fail(ErrorCode::Conflict, "no");
      return {};
    };
  };
  std::vector<std::thread> callers;
  std::vector<Result<void>> results(6);
  for (std::size_t i = 0; i < results.size(); ++i) {
    callers.emplace_back(
        [&, i] { results[i] = house.committer->run(insert("w" + std::to_string(i), i == 3)); });
  }
  while (house.committer->counters().waiting < results.size()) std::this_thread::yield();
  house.release.count_down();
  for (auto& caller : callers) caller.join();
  for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].has_value() == (i != 3));
  CHECK(results[3].error().code == ErrorCode::Conflict);
  auto names = house.names();
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"w0", "w1", "w2", "w4", "w5"});
}

TEST_CASE("Work that refuses after writing leaves nothing behind beside a list of another kind") {
  House house;
  house.hold();
  std::vector<std::string> outcomes;
  house.committer->submit(house.add, note("kept"), [&](Result<std::int64_t> id) {
    outcomes.emplace_back(id ? "ok" : "error");
  });
  Result<void> refused;
  std::thread caller([&] {
    refused = house.committer->run([](Transaction& tx) -> Result<void> {
      tx.query("INSERT INTO notes (name) VALUES ('dropped')");
      return fail(ErrorCode::Conflict, "no");
    });
  });
  while (house.committer->counters().waiting < 2) std::this_thread::yield();
  house.release.count_down();
  caller.join();
  house.committer.reset();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::Conflict);
  CHECK(outcomes == std::vector<std::string>{"ok"});
  CHECK(house.names() == std::vector<std::string>{"kept"});
}

TEST_CASE("Work alone that refuses after writing leaves nothing behind") {
  House house;
  const auto result = house.committer->run([](Transaction& tx) -> Result<void> {
    tx.query("INSERT INTO notes (name) VALUES ('x')");
    return fail(ErrorCode::NotFound, "no");
  });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::NotFound);
  CHECK(house.names().empty());
}

TEST_CASE("Work that refuses before writing does not undo its neighbours") {
  House house;
  house.hold();
  std::thread refused([&] {
    CHECK_FALSE(house.committer->run(
        [](Transaction&) -> Result<void> { return fail(ErrorCode::NotFound, "no"); }));
  });
  std::thread written([&] {
    CHECK(house.committer->run([](Transaction& tx) -> Result<void> {
      tx.query("INSERT INTO notes (name) VALUES ('x')");
      return {};
    }));
  });
  while (house.committer->counters().waiting < 2) std::this_thread::yield();
  house.release.count_down();
  refused.join();
  written.join();
  CHECK(house.committer->counters().retries == 0);
  CHECK(house.names() == std::vector<std::string>{"x"});
}

TEST_CASE("An unavailable database answers not ready to all") {
  House house;
  house.hold();
  std::atomic<int> not_ready = 0;
  house.committer->submit(house.add, note("a"), [&](Result<std::int64_t> id) {
    if (!id && id.error().code == ErrorCode::NotReady && id.error().retry_after_s == 1) ++not_ready;
  });
  std::thread thrower([&] {
    const auto result = house.committer->run(
        [](Transaction&) -> Result<void> { throw StoreUnavailable("the disk is full"); });
    if (!result && result.error().code == ErrorCode::NotReady) ++not_ready;
  });
  while (house.committer->counters().waiting < 2) std::this_thread::yield();
  house.release.count_down();
  thrower.join();
  house.committer.reset();
  CHECK(not_ready == 2);
  CHECK(house.names().empty());
}

TEST_CASE("The hook runs after each commit, and waiting on the committer's thread is refused") {
  House house;
  std::atomic<int> hooks = 0;
  house.committer->on_commit([&] { ++hooks; });
  REQUIRE(house.committer->run(house.add, note("a")));
  REQUIRE(house.committer->run(house.add, note("b")));
  const auto nested = house.committer->run([&](Transaction&) -> Result<void> {
    return house.committer->run([](Transaction&) -> Result<void> { return {}; });
  });
  REQUIRE_FALSE(nested);
  CHECK(nested.error().code == ErrorCode::Internal);
  house.committer.reset();
  CHECK(hooks == 2);
}

TEST_CASE("Stopping finishes what waits") {
  House house;
  house.hold();
  std::atomic<int> answered = 0;
  for (int i = 0; i < 50; ++i) {
    house.committer->submit(house.add, note(std::to_string(i)), [&](Result<std::int64_t> id) {
      if (id) ++answered;
    });
  }
  house.release.count_down();
  house.committer.reset();
  CHECK(answered == 50);
  CHECK(house.names().size() == 50);
}
