#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "schemas/describe/parse.hpp"
#include "schemas/describe/pointer.hpp"
#include "schemas/describe/utf8.hpp"

namespace describe {
namespace {

// 2^63 as a double: the first one that an int64 cannot hold.
constexpr double kIntegerEnd = 9223372036854775808.0;

std::string_view kind_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    default:
      return "a number";
  }
}

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

bool deeper_than(const Json& value, std::size_t depth_max) {
  if (!value.is_structured()) return false;
  if (depth_max == 0) return true;
  for (const auto& child : value) {
    if (deeper_than(child, depth_max - 1)) return true;
  }
  return false;
}

std::string listed(std::span<const std::string_view> names) {
  std::string text;
  for (const auto name : names) {
    if (!text.empty()) text += ", ";
    text += quote_name(name);
  }
  return text;
}

std::string_view first_sentence(std::string_view doc) {
  const auto end = doc.find(". ");
  return end == doc.npos ? doc : doc.substr(0, end + 1);
}

// "1 to 998 characters", "at most 5 items", "at least 1 item".
std::string range_text(std::size_t min, std::size_t max, std::string_view unit) {
  const auto units = [&](std::size_t n) {
    return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s");
  };
  if (max == SIZE_MAX) return "at least " + units(min);
  if (min == 0) return "at most " + units(max);
  if (min == max) return "exactly " + units(min);
  return fmt::format("{} to {}", min, units(max));
}

// What text in a path, query or header spells, read as JSON spells it.
template <class T>
std::optional<T> number_in(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> integer_in(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (!(number >= -kIntegerEnd && number < kIntegerEnd) || std::trunc(number) != number) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

class Reader {
 public:
  Reader(std::string_view base_path, std::size_t problems_max)
      : path_(base_path), problems_max_(problems_max) {}

  void read(const Type& type, const FieldRules& rules, const Json& input, void* target);
  std::vector<Problem> take_problems() { return std::move(problems_); }

 private:
  // One step of the path, for as long as it lives.
  class Step {
   public:
    template <class Name>
    Step(std::string& path, Name name) : path_(path), size_(path.size()) {
      append_step(path_, name);
    }
    ~Step() { path_.resize(size_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    std::string& path_;
    std::size_t size_;
  };

  bool full() const { return problems_.size() >= problems_max_; }
  void say(std::string message);
  void must(std::string_view what) { say(fmt::format("{} must {}.", subject(), what)); }
  void must_be(std::string_view what, const Json& input) {
    must(fmt::format("be {}, but is {}", what, kind_of(input)));
  }
  std::string subject() const { return path_.empty() ? std::string("The input") : path_; }

  void read_object(const Type& type, const Json& input, void* target);
  void read_field(const Field& field, const Json* input, void* object);
  void refuse_unknown(const Type& type, std::string_view name);
  void say_missing(const Field& field);
  void read_string(const FieldRules& rules, const Json& input, void* target);
  void read_integer(const FieldRules& rules, const Json& input, void* target);
  void read_number(const FieldRules& rules, const Json& input, void* target);
  void read_boolean(const FieldRules& rules, const Json& input, void* target);
  void read_enum(const Type& type, const Json& input, void* target);
  void read_array(const Type& type, const FieldRules& rules, const Json& input, void* target);
  void read_any(const FieldRules& rules, const Json& input, void* target);

  std::string path_;
  std::size_t problems_max_;
  std::vector<Problem> problems_;
};

// Text stands for other kinds of value where REST has nothing but text.
bool is_text_for_value(const FieldRules& rules, const Json& input) {
  return rules.carried != Carried::Body && input.is_string();
}

Json split_at_commas(std::string_view text) {
  Json parts = Json::array();
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.push_back(std::string(text.substr(0, comma)));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return parts;
}

void Reader::say(std::string message) {
  if (!full()) problems_.push_back({path_, std::move(message)});
}

void Reader::read(const Type& type, const FieldRules& rules, const Json& input, void* target) {
  switch (type.kind) {
    case Kind::String:
      return read_string(rules, input, target);
    case Kind::Integer:
      return read_integer(rules, input, target);
    case Kind::Number:
      return read_number(rules, input, target);
    case Kind::Boolean:
      return read_boolean(rules, input, target);
    case Kind::Enum:
      return read_enum(type, input, target);
    case Kind::Object:
      return read_object(type, input, target);
    case Kind::Array:
    case Kind::OneOrMany:
      return read_array(type, rules, input, target);
    case Kind::AnyJson:
      return read_any(rules, input, target);
    case Kind::Variant:
      break;
  }
  throw std::logic_error("describe: a variant is written, never read");
}

void Reader::read_object(const Type& type, const Json& input, void* target) {
  if (!input.is_object()) return must_be("an object", input);
  std::vector<const Json*> given(type.fields.size(), nullptr);
  for (const auto& [name, value] : input.get_ref<const Json::object_t&>()) {
    std::size_t i = 0;
    while (i < type.fields.size() && type.fields[i].name != name) ++i;
    if (i < type.fields.size()) {
      given[i] = &value;
    } else {
      refuse_unknown(type, name);
    }
    if (full()) return;
  }
  for (std::size_t i = 0; i < given.size() && !full(); ++i) {
    read_field(type.fields[i], given[i], target);
  }
}

void Reader::read_field(const Field& field, const Json* input, void* object) {
  const Step step(path_, field.name);
  void* member = static_cast<char*>(object) + field.offset;
  const bool null = input != nullptr && input->is_null();
  if (field.presence == Presence::Required) {
    if (input == nullptr) return say_missing(field);
    return read(*field.type, field.rules, *input, member);
  }
  if (null && field.presence == Presence::Patch) return field.access.set_null(member);
  if (input == nullptr || null) return;
  read(*field.type, field.rules, *input, field.access.set(member));
}

void Reader::say_missing(const Field& field) {
  const auto doc = first_sentence(field.rules.doc);
  say(fmt::format("{} is required{}{}", path_, doc.empty() ? "." : ": ", doc));
}

void Reader::refuse_unknown(const Type& type, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Field& field : type.fields) known.push_back(field.name);
  const Step step(path_, name);
  std::string message = fmt::format("{} is not a known field.", path_);
  if (const auto nearest = nearest_name(name, known); !nearest.empty()) {
    message += fmt::format(" Did you mean {}?", quote_name(nearest));
  } else if (known.empty()) {
    message += " Nothing is accepted here.";
  } else {
    message += fmt::format(" Known fields here: {}.", listed(known));
  }
  if (!type.unknown_says.empty()) message += fmt::format(" {}", type.unknown_says);
  say(std::move(message));
}

// What a string of the format is called in a sentence, when the text is not one.
std::string_view format_missed(Format format, std::string_view text) {
  switch (format) {
    case Format::None:
      return {};
    case Format::Uuid:
      return is_uuid(text) ? "" : "a UUID such as \"2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70\"";
    case Format::Email:
      return is_email(text) ? "" : "a bare email address such as \"alex@example.com\"";
    case Format::Uri:
      return is_uri(text) ? "" : "an absolute URI such as \"https://example.com/\"";
    case Format::DateTime:
      return is_date_time(text) ? "" : "a date and time such as \"2026-05-29T00:00:00.000Z\"";
  }
  return {};
}

void Reader::read_string(const FieldRules& rules, const Json& input, void* target) {
  if (!input.is_string()) return must_be("a string", input);
  const auto& text = input.get_ref<const std::string&>();
  // No text column of a database takes either; JSON has been read as UTF-8, headers and URLs not.
  if (!is_valid_utf8(text) || text.find('\0') != std::string::npos) {
    return must("be valid UTF-8 text without the character U+0000");
  }
  if (const auto length = code_points(text);
      length < rules.length_min || length > rules.length_max) {
    return must(fmt::format("have {}, but has {}",
                            range_text(rules.length_min, rules.length_max, "character"), length));
  }
  if (const auto missed = format_missed(rules.format, text); !missed.empty()) {
    return must(fmt::format("be {}", missed));
  }
  if (rules.check != nullptr && !rules.check(text)) {
    if (!rules.check_says.empty()) return say(std::string(rules.check_says));
    return must(fmt::format("match {}", rules.pattern));
  }
  *static_cast<std::string*>(target) = text;
}

void Reader::read_integer(const FieldRules& rules, const Json& input, void* target) {
  const auto value = is_text_for_value(rules, input)
                         ? number_in<std::int64_t>(input.get_ref<const std::string&>())
                         : integer_in(input);
  if (!value && input.is_number()) return must("be a whole number of at most 64 bits");
  if (!value) return must_be("a whole number", input);
  if (*value < rules.value_min) return must(fmt::format("be at least {}", rules.value_min));
  if (*value > rules.value_max) return must(fmt::format("be at most {}", rules.value_max));
  *static_cast<std::int64_t*>(target) = *value;
}

void Reader::read_number(const FieldRules& rules, const Json& input, void* target) {
  std::optional<double> value;
  if (input.is_number()) value = input.get<double>();
  if (is_text_for_value(rules, input)) {
    value = number_in<double>(input.get_ref<const std::string&>());
  }
  if (!value || !std::isfinite(*value)) return must_be("a number", input);
  *static_cast<double*>(target) = *value;
}

void Reader::read_boolean(const FieldRules& rules, const Json& input, void* target) {
  bool& value = *static_cast<bool*>(target);
  if (input.is_boolean()) {
    value = input.get<bool>();
  } else if (is_text_for_value(rules, input) && (input == "true" || input == "false")) {
    value = input == "true";
  } else {
    must_be("true or false", input);
  }
}

void Reader::read_enum(const Type& type, const Json& input, void* target) {
  const std::string options = fmt::format("one of {}", listed(type.enum_names));
  if (!input.is_string()) return must_be(options, input);
  const auto& text = input.get_ref<const std::string&>();
  for (std::size_t i = 0; i < type.enum_names.size(); ++i) {
    if (type.enum_names[i] == text) return type.enum_set(target, static_cast<std::int64_t>(i));
  }
  std::string message = fmt::format("{} must be {}.", subject(), options);
  if (const auto nearest = nearest_name(text, type.enum_names); !nearest.empty()) {
    message += fmt::format(" Did you mean {}?", quote_name(nearest));
  }
  say(std::move(message));
}

void Reader::read_array(const Type& type, const FieldRules& rules, const Json& input,
                        void* target) {
  if (!input.is_array() && type.kind == Kind::OneOrMany) {
    return read(*type.element, rules, input, type.sequence.append(target));
  }
  if (is_text_for_value(rules, input)) {
    return read_array(type, rules, split_at_commas(input.get_ref<const std::string&>()), target);
  }
  if (!input.is_array()) return must_be("an array", input);
  if (input.size() < rules.items_min || input.size() > rules.items_max) {
    return must(fmt::format("have {}, but has {}",
                            range_text(rules.items_min, rules.items_max, "item"), input.size()));
  }
  for (std::size_t i = 0; i < input.size() && !full(); ++i) {
    const Step step(path_, i);
    read(*type.element, rules, input[i], type.sequence.append(target));
  }
}

void Reader::read_any(const FieldRules& rules, const Json& input, void* target) {
  if (rules.json_kind == JsonKind::Object && !input.is_object()) return must_be("an object", input);
  if (rules.json_kind == JsonKind::Array && !input.is_array()) return must_be("an array", input);
  if (rules.json_depth_max != SIZE_MAX && deeper_than(input, rules.json_depth_max)) {
    return must(fmt::format("not nest deeper than {} levels", rules.json_depth_max));
  }
  if (rules.json_bytes_max != SIZE_MAX) {
    const std::size_t bytes = dump_json(input).size();
    if (bytes > rules.json_bytes_max) {
      must(fmt::format("take at most {} bytes as JSON, but takes {}", rules.json_bytes_max, bytes));
      if (!problems_.empty()) problems_.back().too_large = true;
      return;
    }
  }
  *static_cast<Json*>(target) = input;
}

}  // namespace

std::vector<Problem> read_object(const Type& type, const Json& input, void* target,
                                 std::string_view base_path, std::size_t problems_max) {
  Reader reader(base_path, problems_max);
  reader.read(type, FieldRules{}, input, target);
  return reader.take_problems();
}

}  // namespace describe
