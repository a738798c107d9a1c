#include "core/jobs/turns.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/engine/house.hpp"

using namespace segmentflow;
using test::House;

namespace {

class Round : public House {
 public:
  void add(const Uuid& organization, int count, Time due_at = 0) {
    std::vector<NewJob> jobs;
    for (int i = 0; i < count; ++i) {
      jobs.push_back({organization, JobKind::Deliver, ids.next(), due_at, test::kStart * 2});
    }
    database->write([&](Transaction& tx) { add_jobs(tx, jobs); });
  }
  // How many jobs of each organisation the next claim has.
  std::map<Uuid, int> claim(int limit) {
    Turns next = turns;
    const auto claimed = write([&](Transaction& tx) {
      next = turns;
      return claim_in_turn(tx, JobKind::Deliver, lease, limit, next);
    });
    turns = next;
    return counted(claimed, limit);
  }
  std::map<Uuid, int> claim_others(int limit, const std::set<Uuid>& busy) {
    return counted(write([&](Transaction& tx) {
                     return claim_for_others(tx, JobKind::Deliver, lease, limit, busy, turns);
                   }),
                   limit);
  }

  Lease lease = join();
  Turns turns;

 private:
  static std::map<Uuid, int> counted(const std::vector<ClaimedJob>& claimed, int limit) {
    CHECK(static_cast<int>(claimed.size()) <= limit);
    std::set<std::int64_t> rows;
    std::map<Uuid, int> counts;
    for (const ClaimedJob& each : claimed) {
      CHECK(rows.insert(each.job.row_id).second);
      ++counts[each.organization_id];
    }
    return counts;
  }
};

}  // namespace

TEST_CASE("turns: a long queue delays another organisation's email by one claim at most") {
  Round round;
  const Uuid many = round.ids.next();
  const Uuid one = round.ids.next();
  round.add(many, 8'000);
  CHECK(round.claim(50) == std::map<Uuid, int>{{many, 50}});
  round.add(one, 1, test::kStart);
  const auto second = round.claim(50);
  CHECK(second.at(one) == 1);
  CHECK(second.at(many) == 49);
  CHECK(round.claim(50) == std::map<Uuid, int>{{many, 50}});
}

TEST_CASE("turns: long queues share a claim") {
  Round round;
  const std::vector<Uuid> organizations = {round.ids.next(), round.ids.next(), round.ids.next()};
  Time due_at = 0;
  for (const Uuid& organization : organizations) round.add(organization, 500, ++due_at);
  round.claim(60);
  for (int i = 0; i < 3; ++i) {
    const auto counts = round.claim(60);
    for (const Uuid& organization : organizations) CHECK(counts.at(organization) == 20);
  }
}

TEST_CASE("turns: what is not due, or is held, is nobody's turn") {
  Round round;
  const Uuid many = round.ids.next();
  const Uuid later = round.ids.next();
  round.add(many, 200);
  round.add(later, 3, test::kStart + 1);
  for (int i = 0; i < 4; ++i) CHECK(round.claim(50) == std::map<Uuid, int>{{many, 50}});
  CHECK(round.claim(50).empty());
  round.clock.advance(1);
  CHECK(round.claim(50) == std::map<Uuid, int>{{later, 3}});
}

TEST_CASE("turns: with very many organisations each has its turn within a few claims") {
  constexpr int kOrganizations = kOrganizationsLooked + 44;
  constexpr int kClaims = kOrganizations / kOrganizationsServed + 2;
  Round round;
  const Uuid many = round.ids.next();
  round.add(many, 4'000);
  round.claim(20);
  std::set<Uuid> waiting;
  for (int i = 0; i < kOrganizations; ++i) {
    const Uuid organization = round.ids.next();
    round.add(organization, 1, test::kStart);
    waiting.insert(organization);
  }
  for (int i = 0; i < kClaims; ++i) {
    for (const auto& [organization, count] : round.claim(20)) waiting.erase(organization);
  }
  CHECK(waiting.empty());
}

TEST_CASE("turns: beside those that have all places others are claimed alone") {
  Round round;
  const Uuid busy = round.ids.next();
  const Uuid other = round.ids.next();
  round.add(busy, 100);
  round.add(other, 5);
  CHECK(round.claim_others(3, {busy}) == std::map<Uuid, int>{{other, 3}});
  CHECK(round.claim_others(3, {busy, other}).empty());
}
