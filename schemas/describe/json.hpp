// JSON for every surface: one value type, one strict reader, one writer.
//
// The reader refuses what would otherwise be silently changed or be dear to handle: duplicate keys,
// invalid UTF-8, numbers a double cannot keep exactly, too much depth, too many members, too many
// bytes (RFC 8259 leaves all of these to the implementation). Thread-safe: no shared state.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace describe {

// Objects keep the order in which members were written.
using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 64;        // nesting of arrays and objects
  std::size_t values_max = 200'000;  // scalars, arrays and objects together
};

enum class JsonFault { Syntax, TooLarge, TooDeep, DuplicateKey, InvalidUtf8, InexactNumber };

struct JsonError {
  JsonFault fault;
  std::string message;  // a sentence: what was wrong, where, what to do
  std::string path;     // JSON Pointer (RFC 6901) to the value at fault, "" for the document
};

// Parses one JSON document; trailing blanks are allowed, trailing text is not.
tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits = {});

// Compact JSON text. Strings are valid UTF-8 by construction (parse_json refuses others); bytes
// that are not are replaced by U+FFFD, never thrown.
std::string dump_json(const Json& value);

// The one form in which equal JSON values are equal bytes: members sorted by key, numbers as exact
// decimals (1, 1.0 and 1e0 are the same), strings as compact JSON strings. Used for fingerprints.
// The form never changes; a new one would get a new name.
std::string canonical_json(const Json& value);

}  // namespace describe
