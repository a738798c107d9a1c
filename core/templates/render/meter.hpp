// What one rendering may use of work and memory: counted, not timed, so that the same input ends
// the same way on every machine.
//
// Whoever does something long pays first, and does it only when the rendering goes on. A unit of
// work is about a byte that is read and written; the prices of other steps stand beside them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/templates/render/spec.hpp"

namespace segmentflow::render {

// Prices, in units of work.
inline constexpr std::size_t kElementWork = 100;      // an element, or one item of its repeat
inline constexpr std::size_t kExpressionWork = 25;    // an expression or condition
inline constexpr std::size_t kMemberWork = 8;         // a member or item looked at
inline constexpr std::size_t kDeclarationWork = 100;  // a style declaration

class Meter {
 public:
  explicit Meter(const Budget& budget)
      : work_max_(budget.work_max), memory_bytes_max_(budget.memory_bytes_max) {}

  // Pays for work that is about to be done. False when it must not be: the rendering has failed.
  bool spend(std::size_t work) {
    work_ += work;
    if (work_ > work_max_) [[unlikely]]
      refuse_work();
    return !failure_;
  }

  // Pays for memory that is about to be taken. False when it must not be.
  bool hold(std::size_t bytes);
  void release(std::size_t bytes) { held_bytes_ -= bytes; }
  // ... that is given back at once: whether so much may be taken now.
  bool has_room(std::size_t bytes);
  std::size_t room_bytes() const { return memory_bytes_max_ - held_bytes_; }

  // The first failure stays.
  void fail_with(std::string message);
  bool has_failed() const { return failure_.has_value(); }
  const std::string& failure() const { return *failure_; }

  std::size_t work() const { return work_; }

 private:
  void refuse_work();

  const std::size_t work_max_;
  const std::size_t memory_bytes_max_;
  std::size_t work_ = 0;
  std::size_t held_bytes_ = 0;
  std::optional<std::string> failure_;
};

// Memory that is given back at the end of a scope.
class Held {
 public:
  Held(Meter& meter, std::size_t bytes) : meter_(meter), bytes_(meter.hold(bytes) ? bytes : 0) {}
  ~Held() { meter_.release(bytes_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  Meter& meter_;
  const std::size_t bytes_;
};

// Text that a rendering makes: it pays for each byte before it is there, and takes none any more
// once the rendering has failed.
class Output {
 public:
  // More than `bytes_max` fail the rendering.
  Output(Meter& meter, std::size_t bytes_max) : meter_(meter), bytes_max_(bytes_max) {}
  ~Output() { meter_.release(held_bytes_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  Output& append(std::string_view text) {
    if (make_room(text.size())) text_.append(text);
    return *this;
  }
  Output& append(std::size_t count, char c) {
    if (make_room(count)) text_.append(count, c);
    return *this;
  }
  void push_back(char c) {
    if (make_room(1)) text_.push_back(c);
  }

  // As Meter::spend.
  bool spend(std::size_t work) { return meter_.spend(work); }

  std::string_view view() const { return text_; }
  std::size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  // Cuts off what is beyond `size`.
  void cut(std::size_t size) { text_.resize(std::min(size, text_.size())); }
  void clear() { text_.clear(); }
  // Gives the text away; what it holds stays paid for.
  std::string take();
  void reserve(std::size_t bytes);

 private:
  bool make_room(std::size_t bytes) {
    if (!meter_.spend(bytes)) return false;
    return bytes <= text_.capacity() - text_.size() && text_.size() + bytes <= bytes_max_
               ? true
               : grow(bytes);
  }
  bool grow(std::size_t bytes);

  Meter& meter_;
  const std::size_t bytes_max_;
  std::string text_;
  std::size_t held_bytes_ = 0;
};

}  // namespace segmentflow::render
