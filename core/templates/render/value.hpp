// The values of the template language, which are JavaScript's: undefined and null differ, numbers
// are doubles, arrays and objects compare by identity.
#pragma once

#include <forward_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schemas/describe/json.hpp"

namespace segmentflow::render {

using describe::Json;

// A view: text and json belong to the state, the spec or the Arena of the rendering.
struct Value {
  enum class Kind : std::uint8_t { Undefined, Null, Boolean, Number, String, Array, Object };

  Kind kind = Kind::Undefined;
  bool boolean = false;
  bool from_data = false;  // read from the state, so not trusted as the template itself is
  double number = 0;
  std::string_view text{};
  const Json* json = nullptr;  // of arrays and objects

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_nullish() const { return kind == Kind::Undefined || kind == Kind::Null; }

  static Value of_number(double number);
  static Value of_text(std::string_view text);
};

// Keeps what expressions make while one rendering runs; addresses are stable.
class Arena {
 public:
  std::string_view keep(std::string text);
  const Json& keep(Json value);

 private:
  std::forward_list<std::string> texts_;
  std::forward_list<Json> values_;
};

Value value_of(const Json& json, bool from_data);
// The JSON of a value; undefined becomes null.
Json json_of(const Value& value);

bool is_truthy(const Value& value);
// JavaScript's ===.
bool is_same(const Value& left, const Value& right);

// Appends a number as JavaScript prints it: shortest digits that read back as the same double,
// exponents from 1e21 and below 1e-6 (ECMA-262 Number::toString).
void append_number(std::string& out, double number);

// Appends String(value): null and undefined as words, arrays joined by commas with null and
// undefined as nothing, objects as "[object Object]".
void append_string(std::string& out, const Value& value);

// The JavaScript white space at the start of `text`, in bytes; 0 when there is none.
std::size_t space_length_bytes(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace segmentflow::render
