#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "schemas/describe/decimal.hpp"
#include "schemas/describe/json.hpp"
#include "schemas/describe/pointer.hpp"
#include "schemas/describe/utf8.hpp"

namespace describe {
namespace {

using namespace std::string_view_literals;

// No double needs more digits for its shortest decimal.
constexpr std::size_t kDoubleDigitsMax = 17;
// Up to this many members a quadratic search for duplicates is the quickest.
constexpr std::size_t kFewMembers = 16;
constexpr std::size_t kNumberShownBytes = 40;
constexpr std::size_t kEscapeBytes = 6;  // \u and four hexadecimal digits
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Room for the values of most documents before anything grows.
constexpr std::size_t kUsualValues = 16;

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

// True when a sequence that is not well-formed UTF-8 ends, or breaks off, at the position.
bool is_ill_formed_at(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const bool is_ascii = position >= text.size() || byte(position) < 0x80;
  std::size_t start = is_ascii ? position : position + 1;
  do {
    if (start == 0) return false;
    --start;
  } while ((byte(start) & 0xC0U) == 0x80U && position - start < 3);
  const std::size_t size = utf8_character_bytes(text, start);
  return size == 0 || (!is_ascii && start + size <= position);
}

// True when the escape before the position is the first half of a surrogate pair.
bool is_half_pair_before(std::string_view text, std::size_t position) {
  std::string_view before = text.substr(0, position);
  if (before.ends_with('\\')) before.remove_suffix(1);
  if (before.size() < kEscapeBytes) return false;
  before.remove_prefix(before.size() - kEscapeBytes);
  const bool is_high =
      "dD"sv.find(before[2]) != "dD"sv.npos && "89abAB"sv.find(before[3]) != "89abAB"sv.npos;
  return before.starts_with("\\u") && is_high;
}

// Why the text cannot go on like this there; without repeating more of it than a character.
std::string reason_at(std::string_view text, std::size_t position) {
  if (position >= text.size()) return "it ends before the value does";
  const auto byte = static_cast<unsigned char>(text[position]);
  if (byte < 0x20) return "a control character is unexpected; strings have it as an escape";
  if (byte >= 0x7F) return "the character is unexpected";
  return fmt::format("'{}' is unexpected", text[position]);
}

// Builds a value from the events of a parser. Finished values lie on one stack; when a container
// closes, its values leave the stack in one move. nlohmann's own builder searches all members at
// each insertion and copies members when the object grows: quadratic, both, for hostile objects.
class Builder {
 public:
  Builder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {
    values_.reserve(kUsualValues);
    keys_.reserve(kUsualValues);
  }

  // False stops the parser.
  bool add(Json&& value);
  bool add_number(std::string_view text);  // one that is no integer of 64 bits
  bool open(bool object);
  void add_key(std::string&& name) { keys_.push_back(std::move(name)); }
  bool end_object();
  bool end_array();
  // Called when the parser has found the text at fault, at `position`.
  void refuse_text(std::size_t position, const boost::json::error_code& fault);

  Json take_value() { return std::move(values_.back()); }
  JsonError take_error() { return std::move(error_); }

 private:
  struct Frame {
    bool object;
    std::size_t values_begin;
    std::size_t keys_begin;
  };

  bool count();
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

bool Builder::add_number(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const Decimal given = decimal_of(text);
  if (read.ec != std::errc() || given.digits.size() > kDoubleDigitsMax ||
      given != shortest_decimal(value)) {
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

void Builder::refuse_text(std::size_t position, const boost::json::error_code& fault) {
  using boost::json::error;
  if (fault == error::exponent_overflow) {
    const auto begin = text_.find_last_not_of("0123456789.eE+-", position) + 1;
    refuse_number(text_.substr(begin, text_.find_first_not_of("0123456789", position) - begin));
    return;
  }
  const std::string_view before = text_.substr(0, position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto column = 1 + before.size() - (before.rfind('\n') + 1);
  if (fault == error::illegal_leading_surrogate || fault == error::illegal_trailing_surrogate ||
      is_half_pair_before(text_, position) || is_ill_formed_at(text_, position)) {
    refuse(JsonFault::InvalidUtf8,
           fmt::format("{} is not valid UTF-8 or has half a surrogate pair (line {}, column {}). "
                       "Send text as UTF-8.",
                       place(pointer()), line, column));
    return;
  }
  refuse(JsonFault::Syntax, fmt::format("The text is not valid JSON at line {}, column {}: {}.",
                                        line, column, reason_at(text_, position)));
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

// The events of Boost.JSON's parser. Text comes in parts where it holds escapes.
class Events {
 public:
  static constexpr auto max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr auto max_array_size = max_object_size;
  static constexpr auto max_key_size = max_object_size;
  static constexpr auto max_string_size = max_object_size;

  explicit Events(Builder& builder) : builder_(builder) {}

  bool has_refused() const { return has_refused_; }

  using Code = boost::json::error_code;
  using Text = boost::json::string_view;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code& code) { return go_on(builder_.open(true), code); }
  bool on_object_end(std::size_t, Code& code) { return go_on(builder_.end_object(), code); }
  bool on_array_begin(Code& code) { return go_on(builder_.open(false), code); }
  bool on_array_end(std::size_t, Code& code) { return go_on(builder_.end_array(), code); }
  bool on_key_part(Text part, std::size_t, Code&) { return take(part); }
  bool on_key(Text last, std::size_t, Code&) {
    builder_.add_key(whole(last));
    return true;
  }
  bool on_string_part(Text part, std::size_t, Code&) { return take(part); }
  bool on_string(Text last, std::size_t, Code& code) {
    return go_on(builder_.add(Json(whole(last))), code);
  }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t value, Text, Code& code) {
    return go_on(builder_.add(Json(value)), code);
  }
  bool on_uint64(std::uint64_t value, Text, Code& code) {
    return go_on(builder_.add(Json(value)), code);
  }
  // Its double is rounded for speed, so the text is read again.
  bool on_double(double, Text text, Code& code) {
    return go_on(builder_.add_number({text.data(), text.size()}), code);
  }
  bool on_bool(bool value, Code& code) { return go_on(builder_.add(Json(value)), code); }
  bool on_null(Code& code) { return go_on(builder_.add(Json(nullptr)), code); }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

 private:
  bool take(Text part) {
    parts_.append(part.data(), part.size());
    return true;
  }
  std::string whole(Text last) {
    if (parts_.empty()) return {last.data(), last.size()};
    take(last);
    return std::exchange(parts_, {});
  }
  bool go_on(bool accepted, Code& code) {
    if (accepted) return true;
    has_refused_ = true;
    code = boost::json::error::exception;  // the parser stops for an error only
    return false;
  }

  Builder& builder_;
  std::string parts_;
  bool has_refused_ = false;
};

}  // namespace

tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return tl::unexpected(JsonError{
        JsonFault::TooLarge,
        fmt::format("The JSON has {} bytes; at most {} are accepted. Send less at a time.",
                    text.size(), limits.bytes_max),
        ""});
  }
  // RFC 8259 §8.1: a reader may pass over a byte order mark.
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  boost::json::parse_options options;
  options.max_depth = limits.depth_max + 1;  // the builder's own limit comes first
  Builder builder(text, limits);
  boost::json::basic_parser<Events> parser(options, builder);
  boost::json::error_code fault;
  auto position = parser.write_some(false, text.data(), text.size(), fault);
  if (!fault && position < text.size()) fault = boost::json::error::extra_data;
  if (!fault) return builder.take_value();
  if (!parser.handler().has_refused()) builder.refuse_text(position, fault);
  return tl::unexpected(builder.take_error());
}

}  // namespace describe
