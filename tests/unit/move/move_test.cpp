#include "core/move/move.hpp"

#include <catch2/catch.hpp>

#include "core/jobs/instances.hpp"
#include "core/jobs/provenance.hpp"
#include "tests/unit/engine/shop.hpp"
#include "tests/unit/store/temp_folder.hpp"

using namespace segmentflow;
using test::House;
using test::Shop;

namespace {

// A shop on SQLite, whatever the tests run on, and an empty house on PostgreSQL to move to.
class Movers {
 public:
  Movers() {
    source.database = open_database("sqlite:" + folder.file("a.db"), {.clock = &clock}).value();
    REQUIRE(source.database->migrate(schema_migrations()));
    source.database->write([&](Transaction& tx) {
      ensure_installation(tx, source.secret);
      for (int i = 0; i < kProfiles; ++i) {
        ensure_profile(tx, source.ids, source.ids.next(),
                       test::mailbox("p" + std::to_string(i) + "@example.com"));
      }
    });
    target.change("DELETE FROM installation");
  }

  // The error's message, or "done". Stops after `batches` of them, as a crash would.
  std::string move(int batches = 1'000) {
    MoveOptions options{"postgresql://there", RetryPolicy{}, [&](const std::string&, std::int64_t) {
                          if (--batches < 0) throw StoreUnavailable("stopped");
                        }};
    const auto moved =
        move_installation(*source.database, *target.database, source.entropy, options);
    return moved ? "done" : moved.error().message;
  }
  bool source_is_open_move() {
    bool is_open = false;
    REQUIRE(source.database->read([&](Transaction& tx) { is_open = has_open_move(tx); }));
    return is_open;
  }
  std::int64_t profiles() { return target.number("SELECT count(*) FROM profiles"); }

  static constexpr int kProfiles = 1'200;  // more than two batches
  test::TempFolder folder;
  ManualClock clock{test::kStart};
  House source;
  House target;
};

}  // namespace

TEST_CASE("move: an interrupted one goes on, and new rows come after the old ones", "[postgres]") {
  Movers movers;
  CHECK(movers.move(1).find("interrupted") != std::string::npos);
  const auto arrived = movers.profiles();
  CHECK(arrived > 0);
  CHECK(arrived < Movers::kProfiles);
  CHECK(movers.source_is_open_move());
  Result<void> usable;
  REQUIRE(movers.target.database->read([&](Transaction& tx) { usable = require_not_moved(tx); }));
  REQUIRE_FALSE(usable);
  CHECK(usable.error().message.find("still being moved") != std::string::npos);
  CHECK(movers.move() == "done");
  CHECK(movers.profiles() == Movers::kProfiles);
  REQUIRE(movers.source.database->read([&](Transaction& tx) { usable = require_not_moved(tx); }));
  REQUIRE_FALSE(usable);
  CHECK(usable.error().message.find("postgresql://there") != std::string::npos);
  REQUIRE(movers.target.database->read([&](Transaction& tx) { usable = require_not_moved(tx); }));
  CHECK(usable);
  movers.target.change("INSERT INTO organizations (id, name, created_at) VALUES ($1, 'new', 0)",
                       {movers.target.ids.next()});
  CHECK(movers.target.number("SELECT min(row_id) FROM organizations") > 0);
}

TEST_CASE("move: what was used in between has to start again", "[postgres]") {
  Movers movers;
  CHECK(movers.move(1).find("interrupted") != std::string::npos);
  movers.source.database->write(drop_open_move);
  CHECK(movers.move().find("not empty") != std::string::npos);
  CHECK(movers.profiles() < Movers::kProfiles);
}

TEST_CASE("move: a source that is used while it is copied is not retired", "[postgres]") {
  Movers movers;
  bool first = true;
  MoveOptions options{"there", RetryPolicy{}, [&](const std::string&, std::int64_t) {
                        if (std::exchange(first, false))
                          movers.source.database->write(drop_open_move);
                      }};
  const auto moved = move_installation(*movers.source.database, *movers.target.database,
                                       movers.source.entropy, options);
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code == ErrorCode::Conflict);
  CHECK(moved.error().message.find("used while it was copied") != std::string::npos);
  Result<void> usable;
  REQUIRE(movers.source.database->read([&](Transaction& tx) { usable = require_not_moved(tx); }));
  CHECK(usable);
}

TEST_CASE("move: a source that somebody joined is not retired", "[postgres]") {
  Movers movers;
  MoveOptions options{"there", RetryPolicy{}, [&](const std::string&, std::int64_t) {
                        Instance instance;
                        instance.id = movers.source.ids.next();
                        movers.source.database->write([&](Transaction& tx) {
                          if (list_instances(tx).empty()) {
                            register_instance(tx, instance, LeaseTimes{});
                          }
                        });
                      }};
  const auto moved = move_installation(*movers.source.database, *movers.target.database,
                                       movers.source.entropy, options);
  REQUIRE_FALSE(moved);
  CHECK(moved.error().message.find("used while it was copied") != std::string::npos);
}

TEST_CASE("move: a retired source does not move again", "[postgres]") {
  Movers movers;
  REQUIRE(movers.move() == "done");
  House elsewhere;
  elsewhere.change("DELETE FROM installation");
  MoveOptions options{"postgresql://elsewhere", RetryPolicy{}, [](const std::string&, auto) {}};
  const auto again = move_installation(*movers.source.database, *elsewhere.database,
                                       movers.source.entropy, options);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::Conflict);
  CHECK(again.error().message.find("moved to postgresql://there already") != std::string::npos);
  CHECK(elsewhere.number("SELECT count(*) FROM profiles") == 0);
}

TEST_CASE("move: one that was interrupted after the source was retired is finished", "[postgres]") {
  Movers movers;
  REQUIRE(movers.move() == "done");
  std::string token;
  REQUIRE(movers.source.database->read([&](Transaction& tx) {
    token = tx.query("SELECT move_token FROM installation").at(0)[0].bytes();
  }));
  // As it was before the last step.
  movers.target.change("DELETE FROM installation");
  movers.target.change("INSERT INTO arriving_moves (token, started_at) VALUES ($1, 0)",
                       {Bytes{token}});
  CHECK(movers.move() == "done");
  CHECK(movers.target.number("SELECT count(*) FROM installation") == 1);
}

TEST_CASE("move: a second run stops when the first has finished", "[postgres]") {
  Movers movers;
  bool first = true;
  MoveOptions options{"postgresql://there", RetryPolicy{}, [&](const std::string&, std::int64_t) {
                        if (!std::exchange(first, false)) return;
                        REQUIRE(movers.move() == "done");
                        movers.target.change("DELETE FROM profiles");  // as work goes on there
                      }};
  const auto moved = move_installation(*movers.source.database, *movers.target.database,
                                       movers.source.entropy, options);
  REQUIRE_FALSE(moved);
  CHECK(moved.error().message.find("Another run") != std::string::npos);
  CHECK(movers.profiles() == 0);
}

TEST_CASE("move: what PostgreSQL cannot keep is named before anything is moved", "[postgres]") {
  Movers movers;
  const auto change = [&](std::string_view sql, std::vector<SqlValue> values) {
    movers.source.database->write([&](Transaction& tx) { tx.query(sql, values); });
  };
  const Uuid bad = movers.source.ids.next();
  const auto insert = [&](const Uuid& id, const std::string& email, const std::string& properties) {
    change(
        "INSERT INTO profiles (id, organization_id, email, email_key, properties, created_at, "
        "updated_at) VALUES ($1, $1, $2, $2, $3, 0, 0)",
        {id, email, properties});
  };
  insert(bad, "caf\xE9@example.com", std::string("a\0b", 3));
  const std::string said = movers.move();
  INFO(said);
  for (const char* column : {"email", "email_key"}) {
    CHECK(said.find("profiles id " + bad.to_string() + ", " + column +
                    ": holds bytes that are not UTF-8") != std::string::npos);
  }
  CHECK(said.find("properties: holds a NUL character") != std::string::npos);
  CHECK(said.find("caf") == std::string::npos);
  CHECK_FALSE(movers.source_is_open_move());
  CHECK(movers.profiles() == 0);
  CHECK(movers.target.number("SELECT count(*) FROM arriving_moves") == 0);
  change("DELETE FROM profiles WHERE id = $1", {bad});
  CHECK(movers.move() == "done");
  CHECK(movers.profiles() == Movers::kProfiles);
}

TEST_CASE("move: of many values that cannot be kept the first are named", "[postgres]") {
  Movers movers;
  movers.source.database->write([&](Transaction& tx) {
    tx.query("UPDATE profiles SET properties = $1", {std::string("\xFF")});
  });
  const std::string said = movers.move();
  CHECK(std::count(said.begin(), said.end(), '\n') == 12);
  CHECK(said.find("and more") != std::string::npos);
}

TEST_CASE("move: a record that only the target's rules refuse is named", "[postgres]") {
  Movers movers;
  movers.target.change("ALTER TABLE profiles ADD CONSTRAINT own CHECK (email NOT LIKE 'p611@%')");
  const std::string said = movers.move();
  movers.target.change("ALTER TABLE profiles DROP CONSTRAINT own");
  std::string id;
  REQUIRE(movers.source.database->read([&](Transaction& tx) {
    id = tx.query("SELECT id FROM profiles WHERE email = 'p611@example.com'")
             .at(0)[0]
             .uuid()
             .to_string();
  }));
  INFO(said);
  CHECK(said.find("profiles id " + id) != std::string::npos);
  CHECK(movers.move() == "done");
  CHECK(movers.profiles() == Movers::kProfiles);
}

TEST_CASE("move: tables are the same on both backends", "[postgres]") {
  Movers movers;
  std::vector<Table> here;
  std::vector<Table> there;
  REQUIRE(movers.source.database->read(
      [&](Transaction& tx) { here = movers.source.database->tables(tx); }));
  REQUIRE(movers.target.database->read(
      [&](Transaction& tx) { there = movers.target.database->tables(tx); }));
  const auto text = [](const std::vector<Table>& tables) {
    std::string all;
    for (const Table& table : tables) {
      all += table.name + ":";
      for (const auto& column : table.described) {
        all += " " + column.name + std::to_string(static_cast<int>(column.type));
      }
      all += "\n";
    }
    return all;
  };
  CHECK(text(here) == text(there));
}
