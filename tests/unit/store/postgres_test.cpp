// What only the PostgreSQL backend has: sessions that are lost, locks between writers, copies.
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "core/jobs/instances.hpp"
#include "core/jobs/jobs.hpp"
#include "core/store/postgres/url.hpp"
#include "tests/unit/engine/await.hpp"
#include "tests/unit/engine/house.hpp"

using namespace segmentflow;
using test::await;
using test::House;

namespace {

std::string text(House& house, const std::string& sql) {
  return house.rows(sql).at(0).at(0).text();
}

// Ends all sessions on the database but the one that asks.
void end_sessions(House& house) {
  house.rows(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

bool somebody_waits(House& house) {
  return house.number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0;
}

}  // namespace

TEST_CASE("URLs are shown without their password", "[postgres]") {
  using postgres::without_password;
  CHECK(without_password("postgresql://u:se@cret@h:5/db") == "postgresql://u:***@h:5/db");
  CHECK(without_password("postgresql://u:se?cr@et@h:5/db") == "postgresql://u:***@h:5/db");
  CHECK(without_password("postgresql://u:se/cret@h:5/db") == "postgresql://u:***@h:5/db");
  CHECK(without_password("postgresql://h/db?application_name=a@b") ==
        "postgresql://h/db?application_name=a@b");
  CHECK(without_password("postgresql://u@h/db") == "postgresql://u@h/db");
  CHECK(without_password("postgresql://h:5432/db") == "postgresql://h:5432/db");
  CHECK(without_password("postgresql:///db?user=u&password=secret&port=1") ==
        "postgresql:///db?user=u&password=***&port=1");
  CHECK(without_password("postgresql://a:1,b:2/db?password=x") ==
        "postgresql://a:1,b:2/db?password=***");
}

TEST_CASE("What the URL says wins over our defaults", "[postgres]") {
  const std::string complete = postgres::with_defaults("postgresql://h/db?connect_timeout=9");
  CHECK(complete.rfind("connect_timeout=9") > complete.find("connect_timeout=5"));
  CHECK(postgres::is_readable(complete));
  const std::string odd = postgres::with_defaults("postgresql://u:a?b@h/db?connect_timeout=9");
  CHECK(odd.starts_with("postgresql://u:a?b@h/db?connect_timeout=5&"));
  CHECK(odd.ends_with("&connect_timeout=9"));
  CHECK(postgres::is_readable(odd));
}

TEST_CASE("Sessions that ended while nobody used them are replaced", "[postgres]") {
  House house;
  CHECK(house.number("SELECT count(*) FROM jobs") == 0);
  house.change("DELETE FROM jobs");
  House other;  // a session of another database does the killing
  const std::string name = text(house, "SELECT CAST(current_database() AS TEXT)");
  other.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", {name});
  CHECK(house.number("SELECT count(*) FROM jobs") == 0);
  house.change("DELETE FROM jobs");
}

TEST_CASE("A session that ends within a transaction is unavailability, not a wrong answer",
          "[postgres]") {
  House house;
  CHECK_THROWS_AS(house.database->write([&](Transaction& tx) {
    tx.query("INSERT INTO organizations (id, name, created_at) VALUES ($1, 'x', 0)",
             {house.ids.next()});
    end_sessions(house);
    tx.query("SELECT 1");
  }),
                  StoreUnavailable);
  CHECK(house.number("SELECT count(*) FROM organizations") == 0);
}

TEST_CASE("A text with a NUL character breaks a constraint", "[postgres]") {
  House house;
  const std::string with_nul("a\0b", 3);
  CHECK_THROWS_AS(house.change("UPDATE organizations SET name = $1", {with_nul}), StoreConstraint);
  CHECK_THROWS_AS(house.database->write([&](Transaction& tx) {
    SqlInput input({{"name", SqlType::Text}});
    input.add({with_nul});
    tx.query("SELECT i.name FROM {input} AS i", input);
  }),
                  StoreConstraint);
}

TEST_CASE("A statement that takes too long ends", "[postgres]") {
  House house;
  DatabaseOptions options = house.test_database.options(house.clock);
  options.statement_timeout = kMicrosPerSecond / 20;
  const auto database = house.test_database.open(options);
  CHECK_THROWS_AS(database->write([](Transaction& tx) {
    tx.query("SELECT 1 FROM (SELECT pg_sleep(60)) AS s");
  }),
                  StoreUnavailable);
  CHECK_NOTHROW(database->write([](Transaction& tx) { tx.query("SELECT 1"); }));
}

TEST_CASE("A transaction of which nothing is heard is ended, and frees what it locked",
          "[postgres]") {
  House house;
  DatabaseOptions options = house.test_database.options(house.clock);
  options.idle_timeout = kMicrosPerSecond / 10;
  const auto stalled = house.test_database.open(options);
  house.change("INSERT INTO organizations (id, name, created_at) VALUES ($1, 'x', 0)",
               {house.ids.next()});
  CHECK_THROWS_AS(stalled->write([&](Transaction& tx) {
    tx.query("UPDATE organizations SET name = 'stalled'");
    house.change("UPDATE organizations SET name = 'mine'");  // waits for the server to end it
    tx.query("SELECT 1");
  }),
                  StoreUnavailable);
  CHECK(text(house, "SELECT name FROM organizations") == "mine");
}

TEST_CASE("Writers that deadlock run again", "[postgres]") {
  House house;
  for (const char* name : {"a", "b"}) {
    house.change("INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, 0)",
                 {house.ids.next(), name});
  }
  std::atomic<int> inside = 0;
  const auto rename = [&](const std::string& first, const std::string& second) {
    bool is_first_run = true;
    house.database->write([&](Transaction& tx) {
      const auto touch = [&](const std::string& name) {
        tx.query("UPDATE organizations SET created_at = created_at + 1 WHERE name = $1", {name});
      };
      touch(first);
      if (std::exchange(is_first_run, false)) {
        ++inside;
        await([&] { return inside == 2; });
      }
      touch(second);
    });
  };
  std::thread other([&] { rename("a", "b"); });
  rename("b", "a");
  other.join();
  CHECK(house.number("SELECT CAST(sum(created_at) AS BIGINT) FROM organizations") == 4);
}

TEST_CASE("Who takes an instance off the list sees what it was just claiming", "[postgres]") {
  House house;
  const Lease lease = house.join();
  house.add_job();
  std::int64_t seen = -1;
  std::thread reaper;
  house.database->write([&](Transaction& tx) {
    REQUIRE(claim_jobs(tx, JobKind::Deliver, lease, 10).size() == 1);
    reaper = std::thread([&] {
      house.database->write([&](Transaction& reaping) {
        unregister_instance(reaping, lease.instance);
        seen =
            reaping.query("SELECT count(*) FROM jobs WHERE lease_instance = $1", {lease.instance})
                .at(0)[0]
                .integer();
      });
    });
    await([&] { return somebody_waits(house); });
  });
  reaper.join();
  CHECK(seen == 1);
}

TEST_CASE("Who takes jobs over waits for what is being written about them", "[postgres]") {
  House house;
  const Lease lease = house.join();
  house.add_job();
  const HeldJob held =
      house.write([&](Transaction& tx) { return claim_jobs(tx, JobKind::Deliver, lease, 10); })
          .at(0)
          .job;
  std::int64_t seen = -1;
  std::thread reaper;
  house.database->write([&](Transaction& tx) {
    REQUIRE(held_jobs(tx, {&held, 1}).at(0));
    reaper = std::thread([&] {
      house.database->write([&](Transaction& reaping) {
        lock_jobs(reaping, lease.instance);
        seen = reaping.query("SELECT count(*) FROM organizations").at(0)[0].integer();
        release_jobs(reaping, lease.instance);
      });
    });
    await([&] { return somebody_waits(house); });
    tx.query("INSERT INTO organizations (id, name, created_at) VALUES ($1, 'mark', 0)",
             {house.ids.next()});
  });
  reaper.join();
  CHECK(seen == 1);
  CHECK_FALSE(house.write([&](Transaction& tx) { return held_jobs(tx, {&held, 1}); }).at(0));
}

TEST_CASE("Two claims at once share the queue", "[postgres]") {
  House house;
  const Lease one = house.join();
  const Lease other = house.join();
  for (int i = 0; i < 20; ++i) house.add_job();
  std::size_t taken = 0;
  house.database->write([&](Transaction& tx) {
    taken = claim_jobs(tx, JobKind::Deliver, one, 5).size();
    if (house.test_database.options(house.clock).strict) return;  // there they wait for each other
    std::thread beside([&] {
      taken +=
          house
              .write([&](Transaction& its) { return claim_jobs(its, JobKind::Deliver, other, 15); })
              .size();
    });
    beside.join();
  });
  taken += house.write([&](Transaction& tx) { return claim_jobs(tx, JobKind::Deliver, other, 20); })
               .size();
  CHECK(taken == 20);
}

TEST_CASE("A claim planned while the queue was empty keeps to its limit", "[postgres]") {
  House house;
  const Lease lease = house.join();
  house.change("ANALYZE jobs");
  const auto claim = [&] {
    return house.write([&](Transaction& tx) { return claim_jobs(tx, JobKind::Deliver, lease, 5); });
  };
  CHECK(claim().empty());
  for (int i = 0; i < 200; ++i) house.add_job();
  CHECK(claim().size() == 5);
  CHECK(house.number("SELECT count(*) FROM jobs WHERE lease_instance IS NOT NULL") == 5);
}

TEST_CASE("News of work reach another process", "[postgres]") {
  House house;
  if (house.test_database.options(house.clock).strict) return;
  const auto other = house.open();
  std::atomic<int> heard = 0;
  other->on_work([&] { ++heard; });
  house.database->on_work([] {});
  await([&] { return heard > 0; });  // once when it begins to listen
  const int before = heard;
  house.add_job();
  await([&] { return heard > before; });
  other->on_work({});
}
