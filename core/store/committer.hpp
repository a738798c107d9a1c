// The group committer, through which every write of the process goes. While one commit is on its
// way to the disk the next writes gather; they share the next transaction and its one fsync. A
// single caller never waits for company: there is no linger. It has one thread for each write that
// the database can run side by side: one on SQLite, a few on PostgreSQL.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/error.hpp"
#include "core/store/commit_group.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// One kind of write: applies a list of commands in one transaction, one answer per command, in
// order. The commands are const because a list may be tried again: do not keep effects outside
// `tx`. An Error as an answer is a refusal that left nothing behind for that command. A thrown
// StoreConstraint (or any exception but StoreUnavailable) poisons the list: it is rolled back and
// tried again in halves, down to the single command, whose second failure is answered by Internal.
// Called on the committer's threads, on several at once where the database has several writers.
// Several objects of one class are several kinds.
template <class Command, class Answer>
class ListWrite {
 public:
  using CommandType = Command;
  using AnswerType = Answer;
  virtual ~ListWrite() = default;
  virtual std::vector<Result<Answer>> apply(Transaction& tx, std::span<const Command> commands) = 0;
  // How much of a commit's batch_max the command takes: what it writes, in items, ≥ 1.
  virtual std::size_t weight(const Command&) const { return 1; }
};

struct CommitterLimits {
  std::size_t batch_max = 256;     // weight of the commands that share one commit, ≥ 1
  std::size_t queue_max = 10'000;  // commands waiting; beyond: RateLimited
};

struct CommitterCounters {
  std::uint64_t commits = 0;   // transactions made durable
  std::uint64_t commands = 0;  // commands answered after them
  std::uint64_t retries = 0;   // transactions rolled back and tried again in parts
  std::size_t waiting = 0;     // commands in the queue now
};

class Committer {
 public:
  // A piece of work for run(); returns an Error to leave nothing behind.
  using Work = std::function<Result<void>(Transaction&)>;

  // `database` must outlive the committer.
  Committer(Database& database, CommitterLimits limits);
  // Finishes what waits, then stops.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Queues a command (movable; it need not be copyable). Commands of one `write` that share a
  // commit are applied in the order of submission. `done` is called exactly once: after the commit
  // is durable, on a thread of the committer, with no lock held; or, when the command was not
  // queued, at once on the calling thread. Errors beside the write's own: RateLimited when the
  // queue is full, NotReady when the database cannot serve or the committer is stopping, Internal
  // for a poisoned command. `write` must outlive the answer.
  template <class Command, class Answer>
  void submit(ListWrite<Command, Answer>& write, std::type_identity_t<Command> command,
              std::type_identity_t<std::function<void(Result<Answer>)>> done) {
    submit_within(limits_.queue_max, write, std::move(command), std::move(done));
  }

  // The same, waiting for the answer. Not on a thread of the committer (StoreDefect).
  template <class Command, class Answer>
  Result<Answer> run(ListWrite<Command, Answer>& write, std::type_identity_t<Command> command) {
    return run_within(limits_.queue_max, write, std::move(command));
  }

  // For writers that take one at a time: runs `work` on a thread of the committer in a transaction
  // that it may share with others. Work that returns an Error before it has changed a row costs
  // nothing; work that returns one after that is run again in a transaction of its own, which is
  // rolled back. So it may run more than once, and must not throw for expected failures. Errors and
  // waiting as above.
  Result<void> run(Work work);
  // The same, also where the queue is full: for what must not wait for calls to become fewer, such
  // as signs of life. There may only ever be a handful of it.
  Result<void> run_always(Work work);
  // The same without waiting; `done` as that of the other submit().
  void submit(Work work, std::function<void(Result<void>)> done);

  // The same in a transaction of its own: for work that ends with an Error after it has written, as
  // a dry run does, so that no neighbour is rolled back with it.
  void submit_alone(Work work, std::function<void(Result<void>)> done);

  // Called on a thread of the committer after each commit, after its answers; set before the first
  // submit. Keep it short.
  void on_commit(std::function<void()> hook);

  // Thread-safe.
  CommitterCounters counters() const;

 private:
  template <class Command, class Answer>
  void submit_within(std::size_t queue_max, ListWrite<Command, Answer>& write, Command command,
                     std::function<void(Result<Answer>)> done) {
    enqueue(queue_max, std::make_unique<detail::TypedPending<Command, Answer>>(
                           write, std::move(command), std::move(done)));
  }

  template <class Command, class Answer>
  Result<Answer> run_within(std::size_t queue_max, ListWrite<Command, Answer>& write,
                            Command command) {
    require_other_thread();
    // Shared, because the committer may still be inside set_value() when the waiter goes on.
    auto promise = std::make_shared<std::promise<Result<Answer>>>();
    auto answer = promise->get_future();
    submit_within<Command, Answer>(
        queue_max, write, std::move(command),
        [promise](Result<Answer> result) { promise->set_value(std::move(result)); });
    return answer.get();
  }

  void enqueue(std::size_t queue_max, std::unique_ptr<detail::Pending> pending);
  void submit_to(ListWrite<Work, std::monostate>& write, Work work,
                 std::function<void(Result<void>)> done);
  std::optional<Error> try_enqueue(std::size_t queue_max,
                                   std::unique_ptr<detail::Pending>& pending);
  void require_other_thread() const;
  void work();
  void commit(const std::vector<std::unique_ptr<detail::CommitGroup>>& groups);
  void commit(std::span<const detail::Slice> slices);
  void commit_in_parts(std::span<const detail::Slice> slices);
  void finish(std::span<const detail::Slice> slices, bool committed);

  Database& database_;
  const CommitterLimits limits_;
  const std::unique_ptr<ListWrite<Work, std::monostate>> work_write_;
  const std::unique_ptr<ListWrite<Work, std::monostate>> alone_write_;
  std::function<void()> on_commit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<detail::Pending>> waiting_;
  CommitterCounters counters_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last: they use the rest
};

}  // namespace segmentflow
