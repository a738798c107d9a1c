#include "core/store/database.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/engine/test_database.hpp"

using namespace segmentflow;

namespace {

constexpr Migration kSchema[] = {
    {1, "first",
     "CREATE TABLE people (\n"
     "  id INTEGER_ID,  -- a comment; with a semicolon and BYTES\n"
     "  uid BYTES NOT NULL UNIQUE,\n"
     "  name TEXT,\n"
     "  age BIGINT DEFAULT 7\n"
     ");\n"
     "CREATE TABLE kinds (a BIGINT, b BIGINT, c TEXT, d BYTES, e TEXT, f BYTES);\n"
     "INSERT INTO people (uid, name) VALUES (CAST('00' AS BYTES), 'a;b BIGINT');"},
    {2, "second", "CREATE INDEX people_by_name ON people (name)"},
};

struct Opened {
  Opened() {
    DatabaseOptions options = test_database.options(clock);
    options.readers_max = 2;
    database = test_database.open(options);
    REQUIRE(database->migrate(kSchema));
  }
  test::TestDatabase test_database;
  ManualClock clock{5'000'000};
  std::unique_ptr<Database> database;
};

std::string refusal(const std::string& url) {
  const auto opened = open_database(url);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::ValidationFailed);
  return opened.error().message;
}

}  // namespace

TEST_CASE("URLs that are not understood are refused with a reason") {
  CHECK(refusal("postgresql://u:secret@h/db?color=red").find("color") != std::string::npos);
  CHECK(refusal("postgresql://u:secret@h/db?color=red").find("secret") == std::string::npos);
  CHECK(refusal("mysql://u:secret@h/db").find("postgresql://") != std::string::npos);
  CHECK(refusal("mysql://u:secret@h/db").find("secret") == std::string::npos);
  CHECK(refusal("sqlite:data.db").find("absolute") != std::string::npos);
  CHECK(refusal("sqlite:/").find("absolute") != std::string::npos);
  CHECK(refusal("mysql:/x").find("sqlite:/absolute/path.db") != std::string::npos);
  CHECK(refusal("sqlite:/tmp/x.db?synchronous=off").find("synchronous") != std::string::npos);
  CHECK(refusal("sqlite:/tmp/x.db?vfs=nobody").find("nobody") != std::string::npos);
}

TEST_CASE("Values of every type come back as they were") {
  Opened opened;
  const std::string bytes("\0\xff\n", 3);
  opened.database->write([&](Transaction& tx) {
    tx.query(
        "INSERT INTO kinds (a, b, c, d, e, f) VALUES ($1, $2, $3, $4, $5, $6)",
        {SqlValue(), std::int64_t{-1} << 62, "gr\xc3\xbc\xc3\x9f", Bytes{bytes}, "", Bytes{""}});
    const auto rows = tx.query("SELECT a, b, c, d, e, f FROM kinds");
    const auto& row = rows.at(0);
    CHECK(row.at(0).is_null());
    CHECK(row.at(1).integer() == std::int64_t{-1} << 62);
    CHECK(row.at(2).text() == "gr\xc3\xbc\xc3\x9f");
    CHECK(row.at(3).bytes() == bytes);
    CHECK(row.at(4).text().empty());
    CHECK(row.at(5).bytes().empty());
    CHECK_FALSE(row.at(0).optional_text());
    CHECK(row.at(2).optional_text() == "gr\xc3\xbc\xc3\x9f");
  });
}

TEST_CASE("Parameters are bound by their number") {
  Opened opened;
  opened.database->write([](Transaction& tx) {
    CHECK(tx.query("SELECT $2, $1, $2", {"a", "b"}).at(0).at(0).text() == "b");
    CHECK(tx.query("SELECT $2, $1, $2", {"a", "b"}).at(0).at(1).text() == "a");
    std::string many = "SELECT CAST($12 AS BIGINT)";
    for (int i = 11; i >= 1; --i) many += ", CAST($" + std::to_string(i) + " AS BIGINT)";
    std::vector<SqlValue> values;
    for (int i = 1; i <= 12; ++i) values.emplace_back(i);
    CHECK(tx.query(many, values).at(0).at(0).integer() == 12);
    CHECK(tx.query(many, values).at(0).at(11).integer() == 1);
  });
}

TEST_CASE("A wrong number of parameters, a wrong statement and a write in a read are defects") {
  Opened opened;
  const auto write = [&](const std::string& sql, std::vector<SqlValue> params) {
    opened.database->write([&](Transaction& tx) { tx.query(sql, params); });
  };
  CHECK_THROWS_AS(write("SELECT $1", {}), StoreDefect);
  CHECK_THROWS_AS(write("SELECT 1", {1}), StoreDefect);
  CHECK_THROWS_AS(write("SELECT ?", {1}), StoreDefect);
  CHECK_THROWS_AS(write("SELEKT 1", {}), StoreDefect);
  CHECK_THROWS_AS(write("SELECT 1.5", {}), StoreDefect);
  CHECK_THROWS_AS(opened.database->read([](Transaction& tx) { tx.query("DELETE FROM people"); }),
                  StoreDefect);
}

TEST_CASE("An input runs the statement for every row") {
  Opened opened;
  opened.database->write([](Transaction& tx) {
    SqlInput input({{"uid", SqlType::Bytes}, {"name", SqlType::Text}});
    for (char c = 'a'; c < 'f'; ++c) input.add({Bytes{{c}}, std::string(1, c)});
    const auto ids = tx.query(
        "INSERT INTO people (uid, name, age) SELECT i.uid, i.name, $1 FROM {input} AS i "
        "WHERE true ON CONFLICT (uid) DO NOTHING RETURNING id, name",
        input, {30});
    CHECK(ids.size() == 5);
    CHECK(ids.at(4).at(1).text() == "e");
    CHECK(tx.changes() == 5);
    CHECK(tx.rows_written() == 5);
    const auto found = tx.query(
        "SELECT i.name, p.age FROM {input} AS i JOIN people AS p ON p.uid = i.uid {skip_locked}",
        input);
    CHECK(found.size() == 5);
    CHECK(found.at(0).at(1).integer() == 30);
    CHECK(tx.changes() == 0);
  });
}

TEST_CASE("An input is checked as PostgreSQL would, and an empty one gives nothing") {
  Opened opened;
  const auto run = [&](SqlRow row) {
    opened.database->write([&](Transaction& tx) {
      SqlInput input({{"n", SqlType::Integer}});
      input.add(std::move(row));
      tx.query("SELECT i.n FROM {input} AS i", input);
    });
  };
  CHECK_NOTHROW(run({1}));
  CHECK_NOTHROW(run({SqlValue()}));
  CHECK_THROWS_AS(run({"text"}), StoreDefect);
  CHECK_THROWS_AS(run({1, 2}), StoreDefect);
  opened.database->write([](Transaction& tx) {
    const SqlInput empty({{"n", SqlType::Integer}});
    CHECK(tx.query("SELECT i.n FROM {input} AS i", empty).empty());
  });
}

TEST_CASE("One text with other columns is prepared again") {
  Opened opened;
  opened.database->write([](Transaction& tx) {
    SqlInput one({{"a", SqlType::Integer}});
    one.add({1});
    SqlInput two({{"b", SqlType::Integer}, {"a", SqlType::Integer}});
    two.add({5, 6});
    const std::string_view sql = "SELECT i.a FROM {input} AS i";
    CHECK(tx.query(sql, one).at(0).at(0).integer() == 1);
    CHECK(tx.query(sql, two).at(0).at(0).integer() == 6);
    CHECK(tx.query(sql, one).at(0).at(0).integer() == 1);
  });
}

TEST_CASE("A broken constraint rolls back, and ends the transaction even when it is caught") {
  Opened opened;
  const auto insert = "INSERT INTO people (uid) VALUES ($1)";
  CHECK_THROWS_AS(opened.database->write([&](Transaction& tx) {
    tx.query(insert, {Bytes{"1"}});
    tx.query(insert, {Bytes{"1"}});
  }),
                  StoreConstraint);
  CHECK_THROWS_AS(opened.database->write([&](Transaction& tx) {
    tx.query(insert, {Bytes{"2"}});
    CHECK_THROWS_AS(tx.query(insert, {Bytes{"2"}}), StoreConstraint);
    CHECK_THROWS_AS(tx.query("SELECT 1"), StoreDefect);
  }),
                  StoreDefect);
  CHECK_THROWS_AS(opened.database->write([&](Transaction& tx) {
    tx.query("UPDATE people SET age = 'text in a column of integers'");
  }),
                  StoreConstraint);
  REQUIRE(opened.database->read([](Transaction& tx) {
    CHECK(tx.query("SELECT count(*) FROM people").at(0).at(0).integer() == 1);
  }));
}

TEST_CASE("A read sees one snapshot, also inside itself and beside a write") {
  Opened opened;
  const auto count = [](Transaction& tx) {
    return tx.query("SELECT count(*) FROM people").at(0).at(0).integer();
  };
  const auto checked = opened.database->read([&](Transaction& outer) {
    CHECK(count(outer) == 1);
    opened.database->write(
        [](Transaction& tx) { tx.query("INSERT INTO people (uid) VALUES ($1)", {Bytes{"w"}}); });
    CHECK(count(outer) == 1);
    // Deeper than the pool has connections.
    REQUIRE(opened.database->read([&](Transaction& inner) {
      REQUIRE(opened.database->read([&](Transaction& innermost) {
        CHECK(count(inner) == 1);
        CHECK(count(innermost) == 1);
      }));
    }));
  });
  REQUIRE(checked);
  REQUIRE(opened.database->read([&](Transaction& tx) { CHECK(count(tx) == 2); }));
}

TEST_CASE("An exception gives the read connection back, and unavailability is not ready") {
  Opened opened;
  for (int i = 0; i < 5; ++i) {
    CHECK_THROWS_AS(opened.database->read([](Transaction&) { throw std::runtime_error("x"); }),
                    std::runtime_error);
  }
  const auto result = opened.database->read([](Transaction&) { throw StoreUnavailable("gone"); });
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::NotReady);
  CHECK(result.error().retry_after_s == 1);
}

TEST_CASE("A write inside a write is a defect, and the next write works") {
  Opened opened;
  CHECK_THROWS_AS(
      opened.database->write([&](Transaction&) { opened.database->write([](Transaction&) {}); }),
      StoreDefect);
  CHECK_NOTHROW(opened.database->write([](Transaction& tx) { tx.query("SELECT 1"); }));
}

TEST_CASE("The database's clock is the injected one") {
  Opened opened;
  opened.clock.advance(42);
  opened.database->write([](Transaction& tx) { CHECK(tx.now() == 5'000'042); });
}

TEST_CASE("Processes share one database") {
  constexpr int kProcesses = 4;
  constexpr int kWrites = 50;
  const test::TestDatabase test_database;
  const SystemClock clock;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child != 0) continue;
    // All start at once on a file that is not there, migrate, and write.
    int code = 1;
    try {
      auto database = open_database(test_database.url(), test_database.options(clock));
      if (database && (*database)->migrate(kSchema)) {
        for (int i = 0; i < kWrites; ++i) {
          (*database)->write([&](Transaction& tx) {
            tx.query("INSERT INTO people (uid) VALUES ($1)",
                     {Bytes{std::to_string(process) + "-" + std::to_string(i)}});
          });
        }
        code = 0;
      }
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "process %d: %s\n", process, failure.what());
    }
    ::_exit(code);
  }
  for (int process = 0; process < kProcesses; ++process) {
    int status = 0;
    REQUIRE(::wait(&status) > 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  auto database = test_database.open(clock);
  CHECK(database->schema_state(kSchema) == SchemaState::Current);
  REQUIRE(database->read([](Transaction& tx) {
    CHECK(tx.query("SELECT count(*) FROM people").at(0).at(0).integer() ==
          kProcesses * kWrites + 1);
  }));
}

TEST_CASE("Schema states, and migrations that were edited or are from the future") {
  const test::TestDatabase test_database;
  const ManualClock clock(0);
  auto database = test_database.open(clock);
  CHECK(database->schema_state(kSchema) == SchemaState::Absent);
  REQUIRE(database->migrate(std::span(kSchema).first(1)));
  CHECK(database->schema_state(kSchema) == SchemaState::Older);
  REQUIRE(database->migrate(kSchema));
  REQUIRE(database->migrate(kSchema));
  CHECK(database->schema_state(kSchema) == SchemaState::Current);
  CHECK(database->schema_state(std::span(kSchema).first(1)) == SchemaState::Newer);
  const auto older = database->migrate(std::span(kSchema).first(1));
  REQUIRE_FALSE(older);
  CHECK(older.error().message.find("newer version") != std::string::npos);
  const Migration edited[] = {kSchema[0], {2, "second", "CREATE INDEX x ON people (age)"}};
  const auto refused = database->migrate(edited);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::Conflict);
  CHECK(refused.error().message.find("Migration 2 (second)") != std::string::npos);
  REQUIRE(database->read([](Transaction& tx) {
    const auto row = tx.query("SELECT id, name, age FROM people").at(0);
    CHECK(row.at(0).integer() == 1);
    CHECK(row.at(1).text() == "a;b BIGINT");
    CHECK(row.at(2).integer() == 7);
  }));
}

TEST_CASE("A migration that fails leaves nothing behind") {
  const test::TestDatabase test_database;
  const ManualClock clock(0);
  auto database = test_database.open(clock);
  const Migration broken[] = {
      {1, "broken", "CREATE TABLE a (n BIGINT); CREATE TABLE b (n NO_SUCH_TYPE)"}};
  CHECK_THROWS_AS(database->migrate(broken), StoreDefect);
  CHECK(database->schema_state(broken) == SchemaState::Absent);
  const Migration mended[] = {{1, "mended", "CREATE TABLE a (n BIGINT)"}};
  CHECK(database->migrate(mended));
}
