#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "schemas/describe/decimal.hpp"
#include "schemas/describe/json.hpp"
#include "schemas/describe/pointer.hpp"

namespace describe {
namespace {

// No double needs more digits for its shortest decimal.
constexpr std::size_t kDoubleDigitsMax = 17;
// Up to this many members a quadratic search for duplicates is the quickest.
constexpr std::size_t kFewMembers = 16;
constexpr std::size_t kNumberShownBytes = 40;

std::string place(const std::string& pointer) {
  return pointer.empty() ? std::string("The document") : "The value at " + pointer;
}

// The first key that stands in the list twice. Sorting, unlike hashing, has no bad inputs.
std::optional<std::string_view> find_duplicate(const std::string* keys, std::size_t count) {
  if (count <= kFewMembers) {
    for (std::size_t i = 1; i < count; ++i) {
      if (std::find(keys, keys + i, keys[i]) != keys + i) return keys[i];
    }
    return std::nullopt;
  }
  std::vector<std::string_view> sorted(keys, keys + count);
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return std::nullopt;
  return *twice;
}

// Receives nlohmann's parse events. Finished values lie on one stack; when a container closes, its
// values leave the stack in one move. nlohmann's own builder searches all members at each insertion
// and copies members when the object grows: quadratic, both, for hostile objects.
class Builder {
 public:
  Builder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  // The events of nlohmann's SAX interface; false stops the parser.
  bool null() { return add(Json(nullptr)); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(std::int64_t value) { return add(Json(value)); }
  bool number_unsigned(std::uint64_t value) { return add(Json(value)); }
  bool number_float(double value, const std::string& text);
  bool string(std::string& value) { return add(Json(std::move(value))); }
  bool binary(Json::binary_t&) { return refuse(JsonFault::Syntax, "JSON has no binary values."); }
  bool start_object(std::size_t) { return open(true); }
  bool start_array(std::size_t) { return open(false); }
  bool key(std::string& name) {
    keys_.push_back(std::move(name));
    return true;
  }
  bool end_object();
  bool end_array();
  bool parse_error(std::size_t position, const std::string&, const Json::exception& fault);

  Json take_value() { return std::move(values_.back()); }
  JsonError take_error() { return std::move(error_); }

 private:
  struct Frame {
    bool object;
    std::size_t values_begin;
    std::size_t keys_begin;
  };

  bool count();
  bool add(Json&& value);
  bool open(bool object);
  void close(Json&& container);
  bool refuse(JsonFault fault, std::string message) {
    return refuse(fault, std::move(message), pointer());
  }
  bool refuse(JsonFault fault, std::string message, std::string path) {
    error_ = JsonError{fault, std::move(message), std::move(path)};
    return false;
  }
  bool refuse_number(std::string_view text);
  std::string container_pointer() const;
  std::string pointer() const;

  std::string_view text_;
  const JsonLimits& limits_;
  std::vector<Json> values_;
  std::vector<std::string> keys_;
  std::vector<Frame> frames_;
  std::size_t values_count_ = 0;
  JsonError error_{};
};

bool Builder::count() {
  if (++values_count_ <= limits_.values_max) return true;
  return refuse(
      JsonFault::TooLarge,
      fmt::format("The JSON holds more than {} values. Send less at a time.", limits_.values_max));
}

bool Builder::add(Json&& value) {
  if (!count()) return false;
  values_.push_back(std::move(value));
  return true;
}

bool Builder::open(bool object) {
  if (!count()) return false;
  if (frames_.size() >= limits_.depth_max) {
    return refuse(JsonFault::TooDeep,
                  fmt::format("{} nests deeper than {} levels. Send a flatter structure.",
                              place(pointer()), limits_.depth_max));
  }
  frames_.push_back({object, values_.size(), keys_.size()});
  return true;
}

void Builder::close(Json&& container) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  values_.resize(frame.values_begin);
  keys_.resize(frame.keys_begin);
  values_.push_back(std::move(container));
}

bool Builder::end_object() {
  const Frame& frame = frames_.back();
  const std::size_t count = keys_.size() - frame.keys_begin;
  const std::string* keys = keys_.data() + frame.keys_begin;
  if (const auto twice = find_duplicate(keys, count)) {
    std::string path = container_pointer();
    append_step(path, *twice);
    return refuse(
        JsonFault::DuplicateKey,
        fmt::format("The member at {} is given more than once in its object. Keep one.", path),
        path);
  }
  Json::object_t members;
  members.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    members.emplace_back(std::move(keys_[frame.keys_begin + i]),
                         std::move(values_[frame.values_begin + i]));
  }
  close(Json(std::move(members)));
  return true;
}

bool Builder::end_array() {
  const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(frames_.back().values_begin);
  close(
      Json(Json::array_t(std::make_move_iterator(begin), std::make_move_iterator(values_.end()))));
  return true;
}

bool Builder::number_float(double value, const std::string& text) {
  const Decimal given = decimal_of(text);
  if (given.digits.size() > kDoubleDigitsMax || given != shortest_decimal(value)) {
    return refuse_number(text);
  }
  return add(Json(value));
}

bool Builder::refuse_number(std::string_view text) {
  const std::string shown(text.substr(0, kNumberShownBytes));
  return refuse(
      JsonFault::InexactNumber,
      fmt::format("{} is the number {}{}, which cannot be kept exactly; send it as a string.",
                  place(pointer()), shown, shown.size() < text.size() ? "…" : ""));
}

bool Builder::parse_error(std::size_t position, const std::string& token,
                          const Json::exception& fault) {
  constexpr int kNumberOverflow = 406;
  if (fault.id == kNumberOverflow) return refuse_number(token);
  const std::string_view before = text_.substr(0, position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto column = before.size() - (before.rfind('\n') + 1);
  // The reason stands between " - " and the echo of the input, which is not repeated.
  std::string_view reason = fault.what();
  if (const auto start = reason.find(" - "); start != reason.npos) reason.remove_prefix(start + 3);
  reason = reason.substr(0, reason.find("; last read"));
  const bool text_fault =
      reason.find("UTF-8") != reason.npos || reason.find("surrogate") != reason.npos;
  if (text_fault) {
    return refuse(JsonFault::InvalidUtf8,
                  fmt::format("{} is not valid UTF-8 or has half a surrogate pair (line {}, column "
                              "{}). Send text as UTF-8.",
                              place(pointer()), line, column));
  }
  return refuse(
      JsonFault::Syntax,
      fmt::format("The text is not valid JSON at line {}, column {}: {}.", line, column, reason));
}

// The pointer to the innermost open container.
std::string Builder::container_pointer() const {
  std::string result;
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
    const Frame& inner = frames_[i + 1];
    if (frames_[i].object) {
      append_step(result, keys_[inner.keys_begin - 1]);
    } else {
      append_step(result, inner.values_begin - frames_[i].values_begin);
    }
  }
  return result;
}

// The pointer to the value that is being read.
std::string Builder::pointer() const {
  std::string result = container_pointer();
  if (frames_.empty()) return result;
  const Frame& frame = frames_.back();
  if (!frame.object) {
    append_step(result, values_.size() - frame.values_begin);
  } else if (keys_.size() > frame.keys_begin) {
    append_step(result, keys_.back());
  }
  return result;
}

}  // namespace

tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return tl::unexpected(JsonError{
        JsonFault::TooLarge,
        fmt::format("The JSON has {} bytes; at most {} are accepted. Send less at a time.",
                    text.size(), limits.bytes_max),
        ""});
  }
  // nlohmann takes a NUL for the end of the text and would not look at what follows.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    return tl::unexpected(JsonError{
        JsonFault::Syntax, fmt::format("The text is not valid JSON: byte {} is NUL.", nul), ""});
  }
  Builder builder(text, limits);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return tl::unexpected(builder.take_error());
  }
  return builder.take_value();
}

}  // namespace describe
