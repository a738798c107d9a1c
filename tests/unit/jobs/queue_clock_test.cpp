#include "core/jobs/queue_clock.hpp"

#include <catch2/catch.hpp>

#include "core/jobs/jobs.hpp"
#include "tests/unit/engine/house.hpp"

using namespace segmentflow;
using test::House;
using test::kStart;

namespace {

constexpr Time kHour = 3'600 * kMicrosPerSecond;
constexpr Time kYear = 365 * 24 * kHour;

class Tower : public House {
 public:
  // A process begins to watch, as after a start.
  void start() {
    watch = std::make_unique<QueueClock>(*committer, &elapsed);
    REQUIRE(watch->begin());
  }
  void pass(Time micros) {
    clock.advance(micros);
    elapsed.advance(micros);
  }
  void set_clock(Time by) { clock.advance(by); }
  bool is_steady(QueueClock& of) {
    return write([&](Transaction& tx) { return of.is_steady(tx); });
  }
  // As the loop does before a claim.
  void look() {
    if (!is_steady(*watch)) REQUIRE(watch->settle());
  }
  void note_look() {
    database->write([&](Transaction& tx) { watch->note_look(tx); });
  }
  Time of(const char* column, const Uuid& subject) {
    return number(std::string("SELECT ") + column + " FROM jobs WHERE subject_id = $1", {subject}) -
           clock.now();
  }
  Time due_in(const Uuid& subject) { return of("due_at", subject); }
  Time deadline_in(const Uuid& subject) { return of("deadline_at", subject); }

  ManualElapsed elapsed;
  std::unique_ptr<QueueClock> watch;
};

}  // namespace

TEST_CASE("queue clock: a clock set back delays nobody") {
  Tower tower;
  tower.start();
  const Uuid now = tower.add_job(kStart);
  const Uuid later = tower.add_job(kStart + 60 * kMicrosPerSecond);
  tower.pass(kMicrosPerSecond);
  CHECK(tower.is_steady(*tower.watch));
  tower.set_clock(-kHour);
  CHECK_FALSE(tower.is_steady(*tower.watch));
  tower.look();
  CHECK(tower.due_in(now) == -kMicrosPerSecond);
  CHECK(tower.due_in(later) == 59 * kMicrosPerSecond);
  CHECK(tower.deadline_in(later) == test::kJobTime - kMicrosPerSecond);
  CHECK(tower.is_steady(*tower.watch));
}

TEST_CASE("queue clock: years that did not pass bring no deadline nearer") {
  Tower tower;
  tower.start();
  const Uuid job = tower.add_job(kStart + 60 * kMicrosPerSecond);
  tower.set_clock(5 * kYear);
  tower.look();
  CHECK(tower.deadline_in(job) == test::kJobTime);
  CHECK(tower.due_in(job) < 0);
  tower.set_clock(-5 * kYear);
  tower.look();
  CHECK(tower.deadline_in(job) == test::kJobTime);
  CHECK(tower.due_in(job) <= 60 * kMicrosPerSecond);
}

TEST_CASE("queue clock: small steps and passing time change nothing") {
  Tower tower;
  tower.start();
  const Uuid job = tower.add_job(kStart + kHour);
  for (int i = 0; i < 100; ++i) {
    tower.pass(kHour / 100);
    tower.set_clock(i % 2 == 0 ? kClockStepMin - 1 : 1 - kClockStepMin);
    CHECK(tower.is_steady(*tower.watch));
  }
  CHECK(tower.due_in(job) == 0);
}

TEST_CASE("queue clock: several processes move the queue once") {
  Tower tower;
  tower.start();
  QueueClock other(*tower.committer, &tower.elapsed);
  REQUIRE(other.begin());
  const Uuid job = tower.add_job(kStart + kHour);
  for (const Time step : {-kHour / 2, kHour, -2 * kHour}) {
    const Time before = tower.deadline_in(job);
    tower.set_clock(step);
    CHECK_FALSE(tower.is_steady(other));
    CHECK(tower.watch->settle());
    CHECK(other.settle());
    CHECK(tower.watch->settle());
    CHECK(tower.is_steady(other));
    CHECK(tower.deadline_in(job) == before);
  }
}

TEST_CASE("queue clock: held jobs and those in hand keep their due time") {
  Tower tower;
  tower.start();
  const Lease lease = tower.join();
  const Uuid held = tower.add_job(kHeldDue);
  const Uuid unapproved = tower.add_job(kUnapprovedDue);
  tower.add_job(kStart);
  const auto claimed =
      tower.write([&](Transaction& tx) { return claim_jobs(tx, JobKind::Deliver, lease, 10); });
  REQUIRE(claimed.size() == 1);
  tower.set_clock(-kHour);
  tower.look();
  CHECK(tower.due_in(held) + tower.clock.now() == kHeldDue);
  CHECK(tower.due_in(unapproved) + tower.clock.now() == kUnapprovedDue);
  CHECK(tower.write([&](Transaction& tx) { return held_jobs(tx, {&claimed[0].job, 1}); }).at(0));
  tower.database->write([&](Transaction& tx) { release_jobs(tx, lease.instance); });
  CHECK(tower.due_in(claimed[0].job.subject_id) == 0);
}

TEST_CASE("queue clock: after a start the clock stands no earlier than at the last look") {
  Tower tower;
  tower.start();
  const Uuid job = tower.add_job(kStart + 60 * kMicrosPerSecond);
  tower.pass(10 * kMicrosPerSecond);
  tower.note_look();
  tower.watch.reset();
  tower.set_clock(-kHour);
  tower.start();
  CHECK(tower.due_in(job) == 50 * kMicrosPerSecond);
  tower.start();
  CHECK(tower.due_in(job) == 50 * kMicrosPerSecond);
}

TEST_CASE("queue clock: what ran out untried while nobody looked gets time for an attempt") {
  Tower tower;
  tower.start();
  const Uuid untried = tower.add_job(kStart);
  const Uuid tried = tower.add_job(kStart);
  const Uuid held = tower.add_job(kHeldDue);
  tower.change("UPDATE jobs SET attempts = 1 WHERE subject_id = $1", {tried});
  tower.note_look();
  tower.set_clock(5 * kYear);
  tower.start();
  CHECK(tower.deadline_in(untried) == kUntriedGrace);
  CHECK(tower.deadline_in(tried) < 0);
  CHECK(tower.deadline_in(held) < 0);
  tower.note_look();
  tower.pass(kUntriedGrace);
  tower.note_look();
  tower.pass(kUnwatchedMin - 1);
  tower.start();  // after a short break nothing is given again
  CHECK(tower.deadline_in(untried) < 0);
}

TEST_CASE("queue clock: a doubtful clock is told") {
  Tower tower;
  tower.start();
  const auto problems = [&](const Clock& machine) {
    return tower.write([&](Transaction& tx) { return clock_problems(tx, machine); }).size();
  };
  CHECK(problems(tower.clock) == 0);
  CHECK(problems(ManualClock(tower.clock.now() + kHour)) == 1);
  tower.note_look();
  tower.set_clock(-kHour);
  CHECK(problems(tower.clock) == 1);
  tower.set_clock(-20 * kYear);
  CHECK(problems(tower.clock) == 2);
}
