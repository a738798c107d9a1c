#include "core/templates/render_workers.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <latch>
#include <map>
#include <new>

#include "tests/unit/engine/await.hpp"

using namespace segmentflow;
using test::await;

namespace {

Uuid organization(std::uint8_t n) {
  Uuid id;
  id.bytes.at(15) = n;
  return id;
}

}  // namespace

TEST_CASE("render workers: organisations take turns by the time that their work took") {
  Time spent = 0;  // one thread: what its work says it took
  std::vector<int> order;
  std::latch begun(1);
  std::latch go(1);
  {
    RenderWorkers workers({.threads = 1, .spent = [&] { return spent; }});
    const auto work = [&](std::uint8_t who, Time cost) {
      REQUIRE(workers.post(organization(who), [&order, &spent, who, cost] {
        order.push_back(who);
        spent += cost;
      }));
    };
    REQUIRE(workers.post(organization(9), [&] {
      begun.count_down();
      go.wait();
    }));
    begun.wait();
    for (int i = 0; i < 4; ++i) work(1, 100);
    for (int i = 0; i < 8; ++i) work(2, 10);
    go.count_down();
  }
  REQUIRE(order.size() == 12);
  // The heavy one once, then the light one until it has spent as much, or has nothing left.
  CHECK(order == std::vector<int>{1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1});
}

TEST_CASE("render workers: who comes later waits for one piece of work, not for a queue") {
  Time spent = 0;
  std::vector<int> order;
  std::latch begun(1);
  std::latch go(1);
  const auto note = [&](int who) {
    return [&order, &spent, who] {
      order.push_back(who);
      spent += 100;
    };
  };
  {
    RenderWorkers workers({.threads = 1, .spent = [&] { return spent; }});
    REQUIRE(workers.post(organization(1), note(1)));
    REQUIRE(workers.post(organization(1), [&] {
      begun.count_down();
      go.wait();
      note(1)();
    }));
    for (int i = 0; i < 50; ++i) REQUIRE(workers.post(organization(1), note(1)));
    begun.wait();
    REQUIRE(workers.post(organization(2), note(2)));
    go.count_down();
  }
  REQUIRE(order.size() == 53);
  CHECK(order.at(2) == 2);
}

TEST_CASE("render workers: what waits of one organisation is bounded, and what throws is borne") {
  std::latch begun(1);
  std::latch go(1);
  std::atomic<int> done = 0;
  RenderWorkers workers({.threads = 1, .nice = 5, .waiting_max = 2});
  REQUIRE(workers.post(organization(1), [&] {
    begun.count_down();
    go.wait();
    throw std::bad_alloc();
  }));
  begun.wait();
  CHECK(workers.post(organization(1), [&] { ++done; }));
  CHECK(workers.post(organization(1), [&] { ++done; }));
  CHECK_FALSE(workers.post(organization(1), [&] { ++done; }));
  CHECK(workers.post(organization(2), [&] { ++done; }));
  go.count_down();
  workers.stop();
  CHECK(done == 3);
  CHECK_FALSE(workers.post(organization(1), [&] { ++done; }));
}

TEST_CASE("render workers: an organisation whose work takes long keeps no quick one waiting") {
  std::atomic<Time> spent = 0;
  std::atomic<int> quick = 0;
  std::atomic<int> slow = 0;
  std::latch go(1);
  RenderWorkers workers({.threads = 1, .patient_nice = 1, .spent = [&] { return spent.load(); }});
  // The first shows how long it takes; those after it are for the patient thread.
  REQUIRE(workers.post(organization(1), [&] {
    spent += 100 * kLongWork;
    ++slow;
  }));
  await([&] { return slow == 1; });
  // Until its time is noted, one more may still be taken by the quick thread.
  REQUIRE(workers.post(organization(2), [&] { ++quick; }));
  await([&] { return quick == 1; });
  for (int i = 0; i < 3; ++i) {
    REQUIRE(workers.post(organization(1), [&] {
      ++slow;
      go.wait();
    }));
  }
  await([&] { return slow == 2; });
  for (int i = 0; i < 3; ++i) REQUIRE(workers.post(organization(2), [&] { ++quick; }));
  await([&] { return quick == 4; });
  CHECK(slow == 2);
  go.count_down();
  workers.stop();  // runs what waits, whoever's thread it is for
  CHECK(slow == 4);
}

TEST_CASE("render gate: who renders alone waits for the others, and they for it") {
  RenderGate gate;
  std::atomic<int> inside = 0;
  std::atomic<bool> is_alone = false;
  std::atomic<bool> was_mixed = false;
  std::atomic<int> alone_rounds = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const auto guard = gate.enter();
        ++inside;
        if (is_alone) was_mixed = true;
        --inside;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 200; ++i) {
      const auto guard = gate.enter_alone();
      is_alone = true;
      if (inside != 0) was_mixed = true;
      ++alone_rounds;
      is_alone = false;
    }
  });
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(was_mixed);
  CHECK(alone_rounds == 200);
}
