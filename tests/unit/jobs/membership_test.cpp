#include "core/jobs/membership.hpp"

#include <catch2/catch.hpp>

#include "core/jobs/provenance.hpp"

#include "tests/unit/engine/await.hpp"
#include "tests/unit/engine/house.hpp"

using namespace segmentflow;
using test::await;
using test::House;

namespace {

// A process: a database handle, a clock and a committer of its own, on the house's file.
class Process {
 public:
  Process(House& house, InstanceRole role) : clock(house.clock.now()), ids_(clock, house.entropy) {
    database_ = house.open(clock);
    committer_ = std::make_unique<Committer>(*database_, CommitterLimits{});
    Instance self;
    self.role = role;
    membership =
        std::make_unique<Membership>(*database_, *committer_, ids_, LeaseTimes{}, self,
                                     [this](Transaction& tx, const Lease& gone, Departure how) {
                                       reaped.push_back(gone.instance);
                                       departures.push_back(how);
                                       release_jobs(tx, gone.instance);
                                       return Reaped{};
                                     });
  }
  Lease lease() const { return membership->lease(); }

  ManualClock clock;
  std::vector<Uuid> reaped;  // of processes that are gone, and at the end of itself
  std::vector<Departure> departures;

 private:
  IdSource ids_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Committer> committer_;

 public:
  std::unique_ptr<Membership> membership;
};

bool listed(House& house, const Uuid& instance) {
  return house.number("SELECT count(*) FROM instances WHERE id = $1", {instance}) == 1;
}

}  // namespace

TEST_CASE("membership: joining and leaving") {
  House house;
  Process mcp(house, InstanceRole::Mcp);
  REQUIRE(mcp.membership->start());
  CHECK(listed(house, mcp.lease().instance));
  CHECK_FALSE(mcp.membership->serve_is_alive());
  {
    Process serve(house, InstanceRole::Serve);
    REQUIRE(serve.membership->start());
    CHECK(serve.membership->serve_is_alive());
    await([&] { return mcp.membership->serve_is_alive(); });
    serve.membership->stop();
    CHECK_FALSE(listed(house, serve.lease().instance));
    CHECK(serve.reaped == std::vector{serve.lease().instance});
    CHECK(serve.departures == std::vector{Departure::Left});
  }
  await([&] { return !mcp.membership->serve_is_alive(); });
  CHECK(mcp.reaped.empty());
}

TEST_CASE("membership: a dead process is noticed at once by its lock", "[sqlite]") {
  House house;
  Instance dead;
  dead.id = house.ids.next();
  house.write([&](Transaction& tx) {
    register_instance(tx, dead, LeaseTimes{});
    return true;
  });
  Process next(house, InstanceRole::Serve);
  REQUIRE(next.membership->start());
  CHECK(next.reaped == std::vector{dead.id});
  CHECK(next.departures == std::vector{Departure::Died});
  CHECK_FALSE(listed(house, dead.id));
}

TEST_CASE("membership: a stalled process is taken over when it expires, and comes back anew") {
  House house;
  Process stalled(house, InstanceRole::Serve);
  REQUIRE(stalled.membership->start());
  const Lease before = stalled.lease();
  {
    Process early(house, InstanceRole::Mcp);
    early.clock.advance(LeaseTimes{}.expiry - 1);
    REQUIRE(early.membership->start());
    CHECK(early.reaped.empty());
    CHECK(early.membership->serve_is_alive());
  }
  Process taker(house, InstanceRole::Mcp);
  taker.clock.advance(LeaseTimes{}.expiry);
  REQUIRE(taker.membership->start());
  // After an outage all look expired: it must have been alive itself for a while.
  CHECK(taker.reaped.empty());
  CHECK(listed(house, before.instance));
  taker.clock.advance(2 * LeaseTimes{}.heartbeat);
  await([&] { return !listed(house, before.instance); });
  await([&] { return !taker.membership->serve_is_alive(); });
  // It wakes up: time has passed for it too.
  stalled.clock.advance(LeaseTimes{}.expiry);
  CHECK(taker.reaped == std::vector{before.instance});
  await([&] { return stalled.lease().instance != before.instance; });
  CHECK(stalled.lease().epoch == before.epoch + 1);
  await([&] { return taker.membership->serve_is_alive(); });
  CHECK(listed(house, stalled.lease().instance));
}

TEST_CASE("membership: after a stall of the database nobody is taken for dead") {
  House house;
  Process one(house, InstanceRole::Serve);
  Process two(house, InstanceRole::Serve);
  REQUIRE(one.membership->start());
  REQUIRE(two.membership->start());
  const Lease lease_of_two = two.lease();
  const auto beats = [&] {
    return house.number("SELECT heartbeat_at FROM instances WHERE id = $1", {one.lease().instance});
  };
  // Long alive, then nobody's sign of life comes through for longer than a lease.
  for (int i = 0; i < 3; ++i) {
    for (Process* each : {&one, &two}) each->clock.advance(LeaseTimes{}.heartbeat);
    await([&] { return beats() == one.clock.now(); });
  }
  one.clock.advance(2 * LeaseTimes{}.expiry);
  await([&] { return beats() == one.clock.now(); });
  CHECK(one.membership->serve_is_alive());
  CHECK(one.reaped.empty());
  CHECK(listed(house, lease_of_two.instance));
  one.clock.advance(2 * LeaseTimes{}.heartbeat);  // one that stays away is taken over after all
  await([&] { return !listed(house, lease_of_two.instance); });
}

TEST_CASE("membership: a start ends a move from here, or finds the installation moved") {
  House house;
  house.change("UPDATE installation SET move_token = $1", {Bytes{"token"}});
  {
    Process serve(house, InstanceRole::Serve);
    REQUIRE(serve.membership->start());
    CHECK(house.number("SELECT count(*) FROM installation WHERE move_token IS NULL") == 1);
  }
  house.change("UPDATE installation SET move_token = $1, moved_to = 'there'", {Bytes{"token"}});
  Process late(house, InstanceRole::Serve);
  const auto started = late.membership->start();
  REQUIRE_FALSE(started);
  CHECK(started.error().message.find("moved to there") != std::string::npos);
  CHECK(house.number("SELECT count(*) FROM instances") == 0);
}

TEST_CASE("membership: without a database there is no start") {
  House house;
  Process lost(house, InstanceRole::Serve);
  house.change("ALTER TABLE instances ADD COLUMN must TEXT CHECK (must IS NOT NULL)");
  CHECK_FALSE(lost.membership->start());
}

namespace {

bool is_held(House& house, const Uuid& subject) {
  return house.number("SELECT due_at FROM jobs WHERE subject_id = $1", {subject}) == kHeldDue;
}

std::size_t claimed(House& house, const Lease& lease) {
  return house.write([&](Transaction& tx) { return claim_jobs(tx, JobKind::Deliver, lease, 100); })
      .size();
}

// As in a copy that was restored elsewhere.
void become_a_copy(House& house) {
  house.change("UPDATE installation SET database_identity = 'another/00000001/1'");
}

bool can_tell_copies() {
  House house;
  return !house.write([](Transaction& tx) { return tx.identity(); }).empty();
}

}  // namespace

TEST_CASE("membership: a restored copy holds its queue, and delivers what is new", "[postgres]") {
  if (!can_tell_copies()) return;
  House house;
  const Uuid old_job = house.add_job();
  become_a_copy(house);
  Process serve(house, InstanceRole::Serve);
  REQUIRE(serve.membership->start());
  CHECK(serve.membership->queue_is_ours());
  CHECK(is_held(house, old_job));
  house.add_job();
  CHECK(claimed(house, serve.lease()) == 1);
  house.write([](Transaction& tx) { return resume_jobs(tx); });
  CHECK(claimed(house, serve.lease()) == 1);
}

TEST_CASE("membership: what is resumed before the first process joins a copy is not held",
          "[postgres]") {
  if (!can_tell_copies()) return;
  House house;
  const Uuid old_job = house.add_job();
  become_a_copy(house);
  CHECK(house.write([](Transaction& tx) { return resume_queue(tx); }) == 1);
  Process serve(house, InstanceRole::Serve);
  REQUIRE(serve.membership->start());
  CHECK_FALSE(is_held(house, old_job));
  CHECK(claimed(house, serve.lease()) == 1);
}

TEST_CASE("membership: while another may know whose queue it is nothing is claimed", "[postgres]") {
  if (!can_tell_copies()) return;
  House house;
  Instance other;
  other.id = house.ids.next();
  house.write([&](Transaction& tx) {
    register_instance(tx, other, LeaseTimes{});
    return true;
  });
  const Uuid old_job = house.add_job();
  become_a_copy(house);
  Process serve(house, InstanceRole::Serve);
  REQUIRE(serve.membership->start());
  CHECK_FALSE(serve.membership->queue_is_ours());
  const Uuid new_job = house.add_job();
  CHECK(claimed(house, serve.lease()) == 0);
  serve.clock.advance(LeaseTimes{}.expiry);
  await([&] { return serve.membership->queue_is_ours(); });
  CHECK(is_held(house, old_job));
  CHECK_FALSE(is_held(house, new_job));
  CHECK(claimed(house, serve.lease()) == 1);
}

TEST_CASE("membership: a queue without a recorded identity is taken as it is", "[postgres]") {
  if (!can_tell_copies()) return;
  House house;
  Process serve(house, InstanceRole::Serve);
  REQUIRE(serve.membership->start());
  const Uuid job = house.add_job();
  house.change("UPDATE installation SET database_identity = NULL");
  CHECK(claimed(house, serve.lease()) == 0);
  await([&] {
    return house.number("SELECT count(*) FROM installation WHERE database_identity IS NULL") == 0;
  });
  CHECK_FALSE(is_held(house, job));
  CHECK(claimed(house, serve.lease()) == 1);
}
