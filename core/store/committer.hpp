// The group committer: one thread through which every write of the process goes. While one commit is
// on its way to the disk the next writes gather; they share the next transaction and its one fsync.
// A single caller never waits for company: there is no linger.
#pragma once

#include <any>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// One kind of write: applies a list of commands in one transaction, one answer per command, in order.
// An Error as an answer is a refusal that left nothing behind for that command. A thrown
// StoreConstraint poisons the list: it is rolled back and tried again command by command.
// Called on the committer's thread only.
template <class Command, class Answer>
class ListWrite {
 public:
  using CommandType = Command;
  using AnswerType = Answer;
  virtual ~ListWrite() = default;
  virtual std::vector<Result<Answer>> apply(Transaction& tx, std::span<Command> commands) = 0;
};

struct CommitterLimits {
  std::size_t batch_max = 256;    // commands that share one commit
  std::size_t queue_max = 10'000;  // commands waiting; beyond: RateLimited
};

struct CommitterCounters {
  std::uint64_t commits = 0;   // transactions made durable
  std::uint64_t commands = 0;  // commands in them
  std::uint64_t retries = 0;   // lists tried again command by command
  std::size_t waiting = 0;
};

class Committer {
 public:
  Committer(Database& database, CommitterLimits limits);
  // Finishes what waits, then stops.
  ~Committer();

  // Queues a command; `done` is called exactly once on the committer's thread, after the commit is
  // durable. Errors beside the write's own: RateLimited when the queue is full, NotReady when the
  // database cannot serve or the committer is stopping. `write` must outlive the call.
  template <class Command, class Answer>
  void submit(ListWrite<Command, Answer>& write, Command command,
              std::function<void(Result<Answer>)> done);

  // The same, waiting for the answer. Never call it on the committer's thread.
  template <class Command, class Answer>
  Result<Answer> run(ListWrite<Command, Answer>& write, Command command);

  // One transaction of its own form, for writers that take one at a time (the lift of design §2).
  // `work` runs on the committer's thread, shares the commit with others, and must not throw for
  // expected failures.
  Result<void> run(std::function<Result<void>(Transaction&)> work);

  // Called on the committer's thread after each commit; set before the first submit. Keep it short.
  void on_commit(std::function<void()> hook);

  CommitterCounters counters() const;
};

}  // namespace segmentflow
