// The values of the template language, which are JavaScript's: undefined and null differ, arrays
// and objects compare by identity; numbers are those of number.hpp.
#pragma once

#include <forward_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/templates/render/meter.hpp"
#include "core/templates/render/number.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow::render {

using describe::Json;

struct Container;
struct Member;

// A view, shared and never copied: what it shows belongs to the state, the spec or the Arena of
// the rendering.
struct Value {
  enum class Kind : std::uint8_t { Undefined, Null, Boolean, Number, String, Array, Object };

  Kind kind = Kind::Undefined;
  bool boolean = false;
  bool from_data = false;  // read from the state, so not trusted as the template itself is
  render::Number number{};
  std::string_view text{};
  // Of arrays and objects, one of these.
  const Json* json = nullptr;
  const Container* made = nullptr;

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_nullish() const { return kind == Kind::Undefined || kind == Kind::Null; }

  // Of an array or object: how many items or members it has, and each of them.
  std::size_t size() const;
  Value item(std::size_t at) const;
  Member member(std::size_t at) const;

  static Value of_number(double number);
  static Value of_number(const render::Number& number);
  static Value of_text(std::string_view text);
};

struct Member {
  std::string_view name;
  Value value;
};

// An array or object that an expression makes; `names` are those of an object's members.
struct Container {
  std::vector<std::string_view> names{};
  std::vector<Value> values{};
};

// Keeps what expressions make while one rendering runs; addresses are stable.
class Arena {
 public:
  explicit Arena(Meter& meter) : meter_(meter) {}

  std::string_view keep(Output& text);
  // With room for so many values, and names when it is an object; null when there is no memory.
  Container* make_container(std::size_t size, bool is_object);

 private:
  Meter& meter_;
  std::forward_list<std::string> texts_;
  std::forward_list<Container> containers_;
};

Value value_of(const Json& json, bool from_data);
Value value_of(const Container& made, Value::Kind kind);

bool is_truthy(const Value& value);
// JavaScript's ===.
bool is_same(const Value& left, const Value& right);

// Appends String(value): null and undefined as words, arrays joined by commas with null and
// undefined as nothing. False when the value is or holds an object, which is no text. The second
// form pays for nothing: who calls it has paid (Evaluator::pay_for_style).
[[nodiscard]] bool append_string(Output& out, const Value& value);
[[nodiscard]] bool append_string(std::string& out, const Value& value);
// The same without words for null and undefined, which are nothing.
[[nodiscard]] bool append_shown(Output& out, const Value& value);

// The JavaScript white space at the start of `text`, in bytes; 0 when there is none.
std::size_t space_length_bytes(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace segmentflow::render
