// Claims due sends as delivery does, in batches through one committer, and tells the rate.
// Arguments: database URL, sends to claim. Prints {"claimed", "per_s", "claim_ms", "look_ms"}.
//
// What was claimed goes back to the end of the queue, so that the queue keeps its length however
// long this runs. Only claims count: the rate is what the threads would reach without going back.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <vector>

#include "core/delivery/delivery_records.hpp"
#include "core/jobs/instances.hpp"
#include "core/jobs/provenance.hpp"

namespace segmentflow {
namespace {

constexpr int kThreads = 2;
constexpr int kBatch = 50;
constexpr int kWarmUp = 4;  // batches of a thread that do not count: they make sessions and plans

using Seconds = std::chrono::duration<double>;

struct Spent {
  std::int64_t claimed = 0;
  int batches = 0;
  Seconds claims{0};
  Seconds looks{0};
};

template <class Answer>
Answer require(Result<Answer> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<Answer>) return std::move(*result);
}

template <class Action>
Seconds timed(Action action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::steady_clock::now() - start;
}

// Back to the end of the queue as if they had never been claimed, so that the next claim of a send
// writes what the first one did.
void put_back(Transaction& tx, const std::vector<Delivery>& deliveries) {
  SqlInput input({{"job", SqlType::Integer}, {"send", SqlType::Bytes}});
  for (const Delivery& each : deliveries) input.add({each.job.row_id, each.send.id});
  tx.query(
      "UPDATE jobs SET lease_instance = NULL, due_at = $1 FROM {input} AS i "
      "WHERE jobs.row_id = i.job",
      input, {tx.now()});
  tx.query(
      "UPDATE email_sends SET status = 'Queued', message_id = NULL FROM {input} AS i "
      "WHERE email_sends.id = i.send",
      input);
}

class Claimer {
 public:
  explicit Claimer(Database& database) : database_(database) {
    self_.id = ids_.next();
    self_.epoch = 1;
    self_.version = "bench";
    require(committer_.run([&](Transaction& tx) -> Result<void> {
      register_instance(tx, self_, LeaseTimes{});
      // The database is a copy of a prepared one, and its queue is ours.
      record_identity(tx, recorded_identity(tx), tx.identity());
      return {};
    }));
  }

  ~Claimer() {
    const auto left = committer_.run([&](Transaction& tx) -> Result<void> {
      release_jobs(tx, self_.id);
      unregister_instance(tx, self_.id);
      return {};
    });
    if (!left) std::fprintf(stderr, "%s\n", left.error().message.c_str());
  }

  // For each thread.
  Spent claim(std::int64_t count) {
    Spent warm_up;
    for (int i = 0; i < kWarmUp; ++i) claim_batch(warm_up);
    Spent spent;
    while (spent.claimed < count) claim_batch(spent);
    return spent;
  }

 private:
  void claim_batch(Spent& spent) {
    ClaimAnswer answer;
    spent.looks += timed(
        [&] { require(database_.read([](Transaction& tx) { next_due(tx, JobKind::Deliver); })); });
    spent.claims += timed([&] {
      answer = require(committer_.run(claim_, ClaimCommand{Lease{self_.id, self_.epoch}, kBatch}));
    });
    if (answer.deliveries.empty() || answer.ended > 0) {
      throw std::runtime_error("the queue has too few sends that can be delivered");
    }
    spent.claimed += static_cast<std::int64_t>(answer.deliveries.size());
    ++spent.batches;
    require(committer_.run([&](Transaction& tx) -> Result<void> {
      put_back(tx, answer.deliveries);
      return {};
    }));
  }

  Database& database_;
  SystemClock clock_;
  SystemEntropy entropy_;
  IdSource ids_{clock_, entropy_};
  ClaimDeliveries claim_{ids_};
  Committer committer_{database_, CommitterLimits{}};
  Instance self_;
};

void run(const char* url, std::int64_t count) {
  DatabaseOptions options;
  options.writers = kThreads;
  const auto database = require(open_database(url, options));
  Claimer claimer(*database);
  std::vector<std::future<Spent>> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.push_back(
        std::async(std::launch::async, [&] { return claimer.claim(count / kThreads); }));
  }
  Spent all;
  for (auto& thread : threads) {
    const Spent one = thread.get();
    all.claimed += one.claimed;
    all.batches += one.batches;
    all.claims += one.claims;
    all.looks += one.looks;
  }
  fmt::print("{{\"claimed\":{},\"per_s\":{:.3f},\"claim_ms\":{:.3f},\"look_ms\":{:.3f}}}\n",
             all.claimed, static_cast<double>(all.claimed) * kThreads / all.claims.count(),
             1000 * all.claims.count() / all.batches, 1000 * all.looks.count() / all.batches);
}

}  // namespace
}  // namespace segmentflow

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw std::runtime_error("usage: claims_bench DATABASE-URL SENDS");
    segmentflow::run(argv[1], std::strtoll(argv[2], nullptr, 10));
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "claims_bench: %s\n", failure.what());
    return 1;
  }
}
