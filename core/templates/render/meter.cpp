#include "core/templates/render/meter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace segmentflow::render {
namespace {

constexpr std::size_t kOutputBytesMin = 64;  // so that small texts do not grow often

}  // namespace

void Meter::refuse_work() {
  if (failure_) return;
  fail_with(
      fmt::format("Rendering takes more work than {} units; make the template or its data "
                  "smaller.",
                  work_max_));
}

bool Meter::hold(std::size_t bytes) {
  if (!has_room(bytes)) return false;
  held_bytes_ += bytes;
  return true;
}

bool Meter::has_room(std::size_t bytes) {
  if (bytes > memory_bytes_max_ - held_bytes_) {
    fail_with(
        fmt::format("Rendering takes more than {} bytes of memory; make the template or its "
                    "data smaller.",
                    memory_bytes_max_));
  }
  return !failure_;
}

void Meter::fail_with(std::string message) {
  if (!failure_) failure_ = std::move(message);
}

std::string Output::take() {
  held_bytes_ = 0;
  return std::exchange(text_, {});
}

bool Output::grow(std::size_t bytes) {
  const std::size_t needed = text_.size() + bytes;
  if (needed > bytes_max_) {
    meter_.fail_with(
        fmt::format("The output is larger than {} bytes; make the template or its "
                    "data smaller.",
                    bytes_max_));
    return false;
  }
  if (needed <= text_.capacity()) return true;
  const std::size_t wanted =
      std::min(std::max({needed, text_.capacity() * 2, kOutputBytesMin}), bytes_max_);
  reserve(wanted);
  return !meter_.has_failed();
}

void Output::reserve(std::size_t bytes) {
  if (bytes <= text_.capacity() || !meter_.hold(bytes)) return;
  text_.reserve(bytes);
  meter_.release(std::exchange(held_bytes_, bytes));
}

}  // namespace segmentflow::render
