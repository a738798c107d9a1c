// The committer's commands without their types: a Pending is one command in the queue, a
// CommitGroup the commands of one ListWrite that share a transaction, a Slice a part of a group.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/base/error.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

template <class Command, class Answer>
class ListWrite;

namespace detail {

class CommitGroup {
 public:
  virtual ~CommitGroup() = default;
  virtual const void* kind() const = 0;
  virtual std::size_t size() const = 0;
  // Applies the commands [first, first + count) and keeps their answers. Throws what the write
  // does.
  virtual void apply(Transaction& tx, std::size_t first, std::size_t count) = 0;
  virtual void refuse(std::size_t index, const Error& error) = 0;
  // Hands the kept answer to the command's caller.
  virtual void answer(std::size_t index) = 0;
};

struct Slice {
  CommitGroup* group;
  std::size_t first;
  std::size_t count;
};

class Pending {
 public:
  virtual ~Pending() = default;
  // The ListWrite's address.
  virtual const void* kind() const = 0;
  virtual std::unique_ptr<CommitGroup> make_group() = 0;
  virtual std::size_t weight() const = 0;
  // Moves the command to the end of a group of its kind.
  virtual void join(CommitGroup& group) = 0;
  virtual void refuse(const Error& error) = 0;
};

template <class Command, class Answer>
class TypedGroup final : public CommitGroup {
 public:
  using Done = std::function<void(Result<Answer>)>;

  explicit TypedGroup(ListWrite<Command, Answer>& write) : write_(write) {}

  void add(Command command, Done done) {
    commands_.push_back(std::move(command));
    done_.push_back(std::move(done));
    answers_.emplace_back(tl::unexpected(Error{ErrorCode::Internal, {}}));
  }

  const void* kind() const override { return &write_; }
  std::size_t size() const override { return commands_.size(); }

  void apply(Transaction& tx, std::size_t first, std::size_t count) override {
    auto answers = write_.apply(tx, std::span<const Command>(commands_).subspan(first, count));
    if (answers.size() != count) throw StoreDefect("a list write gave too few or too many answers");
    for (std::size_t i = 0; i < count; ++i) answers_[first + i] = std::move(answers[i]);
  }

  void refuse(std::size_t index, const Error& error) override {
    answers_[index] = tl::unexpected(error);
  }

  void answer(std::size_t index) override { done_[index](std::move(answers_[index])); }

 private:
  ListWrite<Command, Answer>& write_;
  std::vector<Command> commands_;
  std::vector<Done> done_;
  std::vector<Result<Answer>> answers_;
};

template <class Command, class Answer>
class TypedPending final : public Pending {
 public:
  using Group = TypedGroup<Command, Answer>;

  TypedPending(ListWrite<Command, Answer>& write, Command command, typename Group::Done done)
      : write_(write), command_(std::move(command)), done_(std::move(done)) {}

  const void* kind() const override { return &write_; }
  std::unique_ptr<CommitGroup> make_group() override { return std::make_unique<Group>(write_); }

  std::size_t weight() const override { return write_.weight(command_); }

  void join(CommitGroup& group) override {
    static_cast<Group&>(group).add(std::move(command_), std::move(done_));
  }

  void refuse(const Error& error) override { done_(tl::unexpected(error)); }

 private:
  ListWrite<Command, Answer>& write_;
  Command command_;
  typename Group::Done done_;
};

}  // namespace detail
}  // namespace segmentflow
