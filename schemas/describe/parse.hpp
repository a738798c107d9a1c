// Reading, writing and schema of described types; plain code over the table of describe.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/describe/describe.hpp"

namespace describe {

// One thing that is wrong with an input.
struct Problem {
  std::string path;        // JSON Pointer into the input, e.g. "/items/3/to/email"
  std::string message;     // a sentence: what is wrong and what to do
  bool too_large = false;  // it is the size that is wrong (413 rather than 400 over HTTP)
};

// Reads `input` into `target`, a default-made object of the described type, checking every rule.
// Unknown members are refused with the nearest known name. Gives all problems found (at most
// `problems_max`, at least 1), none when the object is valid; `target` is to be used only then.
// `base_path` is put before every path. An integer may be spelt 3.0. Values are not repeated in
// messages, because they may be secret; names are, cut short.
// Throws std::logic_error for a type that holds a variant: those are for responses.
std::vector<Problem> read_object(const Type& type, const Json& input, void* target,
                                 std::string_view base_path = "", std::size_t problems_max = 20);

// The JSON of a described object.
Json write_object(const Type& type, const void* object);

// JSON Schema 2020-12 of a type: closed objects, every field with its documentation; nested
// described structs are inlined. Input: optional members are not required; the null that is read as
// their absence is not advertised, that of a Patch is. Output: all members that are always written
// are required and nullable ones admit null.
enum class Direction { Input, Output };
Json schema_of(const Type& type, Direction direction);

// The nearest of `known` to `name` when it is near enough to be a slip of the pen, else "".
std::string nearest_name(std::string_view name, std::span<const std::string_view> known);

template <class T>
std::vector<Problem> read(const Json& input, T& target, std::string_view base_path = "") {
  return read_object(type_of<T>(), input, &target, base_path);
}

template <class T>
Json write(const T& object) {
  return write_object(type_of<T>(), &object);
}

// Checks of the common formats, shared with code that reads outside described types.
bool is_uuid(std::string_view text);   // RFC 9562: versions 1 to 8, nil, max; v1 contract's pattern
bool is_email(std::string_view text);  // the pattern of the v1 contract, at most 320 bytes
bool is_uri(std::string_view text);    // RFC 3986 §3: a scheme and something after it
bool is_date_time(std::string_view text);  // RFC 3339 §5.6, without leap seconds
bool is_one_line(std::string_view text);   // no control characters (C0 and DEL), so no CR, LF, NUL

}  // namespace describe
