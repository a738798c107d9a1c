// Types described once. A wire type is a plain struct and one constexpr list of its fields:
//
//   struct EmailTo { std::optional<std::string> email; std::optional<std::string> external_id; };
//
//   template <>
//   struct describe::Description<EmailTo> {
//     static constexpr std::string_view name = "EmailTo";
//     static constexpr std::string_view doc = "The primary recipient.";
//     static constexpr auto fields = std::tuple{
//         describe::field("email", &EmailTo::email,
//                         {.doc = "Address of the recipient.", .format = Format::Email,
//                          .example = "\"alex@example.com\""}),
//         describe::field("externalId", &EmailTo::external_id, {.doc = "...", .length_max = 255}),
//     };
//   };
//
// The list is lowered to a type-erased table (`Type`), made once per type; parser, validator,
// serialiser and JSON Schema 2020-12 are plain code over that table (parse.hpp), so that
// eighty types do not cost eighty template expansions. A described type cannot contain itself.
// Structs that share fields share a base struct and its field list (std::tuple_cat). A Description
// may also have `unknown_says`: a sentence added where an unknown member is refused.
//
// Member types and what they mean on the wire:
//   std::string, bool, std::int64_t, double      a required value
//   an enum with a describe::EnumNames            a required string of that set
//   a described struct                            a required object
//   std::vector<T>                                a required array
//   Json                                          any JSON value (restrict with
//   FieldRules::json_kind) OneOrMany<T>                                  T or an array of T; read
//   into a vector, written as array std::optional<T>                              may be absent;
//   null counts as absent when reading
//                                                 (RFC 7396 has no say here: absent = null).
//                                                 Written as null, or left out with `omit_empty`
//   Patch<T>                                      absent, null and value are three different things
//   std::variant<A, B> of described structs       an object; written as what it holds (response
//   only)
//
// A value carried in path, query or header may be given as text: integers, numbers and booleans are
// read from their JSON spelling, an array from one string split at commas.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "schemas/describe/json.hpp"

namespace describe {

template <class T>
struct OneOrMany {
  std::vector<T> values;
};

// For updates: absent keeps, null clears, a value sets.
template <class T>
struct Patch {
  enum class State { Absent, Null, Value } state = State::Absent;
  T value{};
};

template <class T>
struct Description;  // name, doc, fields; specialised beside each wire type

// Wire names of an enum, in the order of its values:
//   template <> struct describe::EnumNames<Status> {
//     static constexpr std::array<std::string_view, 2> names = {"Queued", "Sent"}; };
template <class E>
struct EnumNames;

enum class Format { None, Uuid, Email, Uri, DateTime };
enum class JsonKind { Any, Object, Array };

// Where REST carries a field. MCP carries all of them as members of the arguments.
enum class Carried { Body, Path, Query, Header };

struct Type;

// What must hold for a field. The rules of a sequence member's values (format, lengths, check, ...)
// hold for each of its elements.
struct FieldRules {
  std::string_view doc{};
  Format format = Format::None;
  std::size_t length_min = 0;                 // of a string, in UTF-8 code points
  std::size_t length_max = SIZE_MAX;          // of a string, in UTF-8 code points
  std::size_t items_min = 0;                  // of an array
  std::size_t items_max = SIZE_MAX;           // of an array
  std::int64_t value_min = INT64_MIN;         // of an integer
  std::int64_t value_max = INT64_MAX;         // of an integer
  std::string_view pattern{};                 // published in the schema; checked by `check`
  bool (*check)(std::string_view) = nullptr;  // a further rule on a string
  std::string_view check_says{};              // the sentence when `check` refuses
  std::string_view example{};                 // JSON text
  std::string_view default_text{};            // JSON text, published in the schema
  JsonKind json_kind = JsonKind::Any;         // of a Json member
  std::size_t json_bytes_max = SIZE_MAX;      // of a Json member, serialised
  std::size_t json_depth_max = 32;            // of a Json member; {} and [] count as 1
  const Type& (*published_type)() = nullptr;  // of a Json member: published as this type in the
                                              // schema but read as it is, to be parsed later
  Carried carried = Carried::Body;
  std::string_view header{};  // the header's name when carried in one
  bool omit_empty = false;    // an absent optional is left out instead of null
  bool untrusted = false;     // third parties wrote the value (marked in MCP results)
};

enum class Kind {
  String,
  Integer,
  Number,
  Boolean,
  Enum,
  Object,
  Array,
  OneOrMany,
  AnyJson,
  Variant
};

enum class Presence { Required, Optional, Patch };

// Type-erased access to a sequence member.
struct SequenceAccess {
  std::size_t (*size)(const void*);
  const void* (*at)(const void*, std::size_t);
  void* (*append)(void*);
};

// Type-erased access to the value inside std::optional or Patch.
struct PresenceAccess {
  const void* (*get)(const void*);  // nullptr when there is no value
  void* (*set)(void*);              // makes an empty value and gives its address
  void (*set_null)(void*);          // for Patch: records the null; for optional: clears
  bool (*is_null)(const void*);     // for Patch: null was given
};

// A type as plain data. Lives for the whole process.
struct Type {
  Kind kind;
  std::string_view name{};  // of an object, else empty
  std::string_view doc{};
  std::string_view unknown_says{};                 // Object
  std::span<const struct Field> fields{};          // Object
  const Type* element = nullptr;                   // Array, OneOrMany
  SequenceAccess sequence{};                       // Array, OneOrMany
  std::span<const std::string_view> enum_names{};  // Enum
  std::int64_t (*enum_get)(const void*) = nullptr;
  void (*enum_set)(void*, std::int64_t) = nullptr;
  std::span<const Type* const> alternatives{};  // Variant
  const void* (*variant_get)(const void*, std::size_t& index) = nullptr;
};

struct Field {
  std::string_view name;
  const Type* type;  // of the value, inside any optional
  Presence presence;
  PresenceAccess access{};  // when not Required
  std::size_t offset;       // of the member inside its struct
  FieldRules rules;
};

// The table of a described struct, enum, or other wire type. Made at first use, thread-safe.
template <class T>
const Type& type_of();

// Makes one row of a Description.
template <class Class, class Member>
struct FieldSpec {
  std::string_view name;
  Member Class::* member;
  FieldRules rules;
};
template <class Class, class Member>
constexpr FieldSpec<Class, Member> field(std::string_view name, Member Class::* member,
                                         FieldRules rules) {
  return {name, member, rules};
}

// The wire name of an enum's value.
template <class E>
constexpr std::string_view enum_name(E value) {
  return EnumNames<E>::names[static_cast<std::size_t>(value)];
}

// The value with this wire name; nullopt when there is none.
template <class E>
constexpr std::optional<E> enum_of(std::string_view name) {
  const auto& names = EnumNames<E>::names;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

}  // namespace describe

#include "schemas/describe/lower.hpp"  // the definition of type_of
