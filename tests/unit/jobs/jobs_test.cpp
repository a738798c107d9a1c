#include "core/jobs/jobs.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/engine/house.hpp"

using namespace segmentflow;
using test::House;

namespace {

class Queue : public House {
 public:
  std::vector<ClaimedJob> claim(const Lease& lease, int limit = 100) {
    return write([&](Transaction& tx) { return claim_jobs(tx, JobKind::Deliver, lease, limit); });
  }
  bool holds(const HeldJob& held) {
    return write([&](Transaction& tx) { return held_jobs(tx, {&held, 1}); }).at(0);
  }
  std::optional<Time> due() {
    return write([&](Transaction& tx) { return next_due(tx, JobKind::Deliver); });
  }
};

}  // namespace

TEST_CASE("jobs: claims take what is due, the longest due first, once") {
  Queue queue;
  const Lease a = queue.join();
  const Lease b = queue.join();
  const Uuid later = queue.add_job(test::kStart - 1);
  const Uuid first = queue.add_job(test::kStart - 2);
  queue.add_job(test::kStart + 1);
  CHECK(queue.due() == test::kStart - 2);
  const auto one = queue.claim(a, 1);
  REQUIRE(one.size() == 1);
  CHECK(one[0].job.subject_id == first);
  CHECK(one[0].attempts == 0);
  const auto two = queue.claim(b);
  REQUIRE(two.size() == 1);
  CHECK(two[0].job.subject_id == later);
  CHECK(queue.claim(a).empty());
  CHECK(queue.due() == test::kStart + 1);
  queue.clock.advance(1);
  CHECK(queue.claim(a).size() == 1);
  CHECK(queue.due() == std::nullopt);
}

TEST_CASE("jobs: a lease holds by instance, epoch and subject") {
  Queue queue;
  const Lease mine = queue.join();
  const Lease other = queue.join();
  queue.add_job(0);
  const HeldJob job = queue.claim(mine).at(0).job;
  CHECK(queue.holds(job));
  CHECK_FALSE(queue.holds({job.row_id, job.subject_id, other, job.due_at}));
  CHECK_FALSE(
      queue.holds({job.row_id, job.subject_id, {mine.instance, mine.epoch + 1}, job.due_at}));
  CHECK_FALSE(queue.holds({job.row_id, queue.ids.next(), mine, job.due_at}));
  queue.database->write([&](Transaction& tx) { release_jobs(tx, other.instance); });
  CHECK(queue.holds(job));
  queue.database->write([&](Transaction& tx) { release_jobs(tx, mine.instance); });
  CHECK_FALSE(queue.holds(job));
  CHECK(queue.claim(other).size() == 1);
}

TEST_CASE("jobs: what is written about a claim does not count for the next one of the same lease") {
  Queue queue;
  const Lease lease = queue.join();
  queue.add_job(test::kStart - 1);
  const HeldJob first = queue.claim(lease).at(0).job;
  const auto give_back = [&] {
    queue.database->write([&](Transaction& tx) {
      reschedule_jobs(tx, std::vector{RescheduledJob{first, test::kStart, 0}});
    });
  };
  give_back();
  const HeldJob second = queue.claim(lease).at(0).job;
  give_back();  // the answer to the first try was lost
  CHECK_FALSE(queue.holds(first));
  CHECK(queue.holds(second));
  CHECK(queue.claim(queue.join()).empty());
}

TEST_CASE("jobs: a queue of several stretches is held and resumed as a whole") {
  Queue queue;
  const Lease lease = queue.join();
  constexpr int kJobs = 45'000;
  std::vector<NewJob> jobs;
  const Uuid organization = queue.ids.next();
  for (int i = 0; i < kJobs; ++i) {
    jobs.push_back({organization, JobKind::Deliver, queue.ids.next(), 0, test::kStart * 2});
  }
  queue.database->write([&](Transaction& tx) { add_jobs(tx, jobs); });
  REQUIRE(queue.claim(lease, 3).size() == 3);
  CHECK(queue.write([&](Transaction& tx) { return hold_jobs(tx, last_job(tx) - 1); }) == kJobs - 1);
  CHECK(queue.claim(lease).size() == 1);  // the one after the bound
  CHECK(queue.write([&](Transaction& tx) { return resume_jobs(tx); }) == kJobs - 1);
  CHECK(queue.write([&](Transaction& tx) { return count_held_jobs(tx); }) == 0);
}

TEST_CASE("jobs: finished ones go, rescheduled ones come back later with their attempts") {
  Queue queue;
  const Lease lease = queue.join();
  queue.add_job(0);
  queue.add_job(0);
  const auto claimed = queue.claim(lease);
  REQUIRE(claimed.size() == 2);
  queue.database->write([&](Transaction& tx) {
    const auto held = [](const ClaimedJob& claim, const Lease& by) {
      return HeldJob{claim.job.row_id, claim.job.subject_id, by, claim.job.due_at};
    };
    const Lease lost{lease.instance, lease.epoch + 1};
    finish_jobs(tx, std::vector{held(claimed[0], lost)});
    finish_jobs(tx, std::vector{held(claimed[0], lease)});
    reschedule_jobs(tx, std::vector{RescheduledJob{held(claimed[1], lease), test::kStart + 5, 3},
                                    RescheduledJob{held(claimed[1], lost), test::kStart + 9, 9}});
  });
  CHECK(queue.number("SELECT count(*) FROM jobs") == 1);
  CHECK_FALSE(queue.holds(claimed[1].job));
  CHECK(queue.claim(lease).empty());
  queue.clock.advance(5);
  const auto again = queue.claim(lease);
  REQUIRE(again.size() == 1);
  CHECK(again[0].attempts == 3);
}

TEST_CASE("jobs: who is not on the list claims nothing") {
  Queue queue;
  queue.add_job(0);
  const Lease lease = queue.join();
  CHECK(queue.claim({lease.instance, lease.epoch + 1}).empty());
  CHECK(queue.claim({queue.ids.next(), 1}).empty());
  queue.database->write([&](Transaction& tx) { unregister_instance(tx, lease.instance); });
  CHECK(queue.claim(lease).empty());
  CHECK(queue.claim(queue.join()).size() == 1);
}

TEST_CASE("instances: a heartbeat renews, and tells who was taken off the list") {
  Queue queue;
  const Lease lease = queue.join();
  const auto expires = [&] {
    return queue.write([&](Transaction& tx) { return list_instances(tx).at(0).expires_at; });
  };
  const auto beat = [&](const Lease& who) {
    return queue.write(
        [&](Transaction& tx) { return heartbeat(tx, who, LeaseTimes{}).has_value(); });
  };
  CHECK(expires() == test::kStart + 30 * kMicrosPerSecond);
  queue.clock.advance(kMicrosPerSecond);
  CHECK(beat(lease));
  CHECK(expires() == test::kStart + 31 * kMicrosPerSecond);
  CHECK_FALSE(beat({lease.instance, lease.epoch + 1}));
  queue.database->write([&](Transaction& tx) { unregister_instance(tx, lease.instance); });
  CHECK_FALSE(beat(lease));
}

TEST_CASE("jobs: those past their deadline leave the queue, whoever holds them, but the kept") {
  Queue queue;
  const Lease lease = queue.join();
  const auto overdue = [&] {
    return queue.write([&](Transaction& tx) { return count_overdue_jobs(tx, JobKind::Deliver); });
  };
  std::set<Uuid> kept;
  const auto take = [&](int limit) {
    return queue.write([&](Transaction& tx) {
      return take_overdue_jobs(tx, JobKind::Deliver, limit,
                               [&](Transaction&, const std::vector<Uuid>&) { return kept; });
    });
  };
  const Uuid held = queue.add_job();
  const auto claimed = queue.claim(lease);
  REQUIRE(claimed.size() == 1);
  const Uuid first = queue.add_job();
  kept = {first};
  queue.clock.advance(test::kJobTime);
  CHECK(overdue() == 0);
  CHECK(take(10).empty());
  queue.clock.advance(1);
  CHECK(overdue() == 2);
  CHECK(take(10) == std::vector{held});
  CHECK_FALSE(queue.holds(claimed[0].job));
  CHECK(take(10).empty());
  kept.clear();
  CHECK(take(0).empty());
  CHECK(take(1) == std::vector{first});
  CHECK(overdue() == 0);
}
