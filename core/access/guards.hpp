// What an API key may do less than its scopes allow: guard-rails for assistants and for programs
// that nobody watches. Kept with the key, enforced where emails are accepted, whatever the surface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"

namespace segmentflow {

// Whether a send waits before it goes out.
enum class AskFirst {
  Never,
  Human,        // until a person has approved it, asked by the MCP client or by the command line
  SelfConfirm,  // weaker: the caller itself repeats the call with a token
  Operator,     // stronger: by the command line only, which the holder of the key need not reach
};
std::string_view to_string(AskFirst ask);  // "never", "human", "self-confirm", "operator"

struct Guards {
  // Domains ("example.com", without those below it) and addresses, in lower case; empty: all.
  std::vector<std::string> recipients;
  std::vector<std::string> templates;  // keys and ids; empty: all
  std::optional<std::int64_t> sends_per_day;
  AskFirst ask_first = AskFirst::Never;
  std::int64_t ask_above = 0;  // only calls with more emails than this are asked about

  bool any() const;
  bool allow_recipient(const Address& address) const;
  bool allow_template(const Uuid& id, const std::optional<std::string>& key) const;
  // Whether a call with so many emails has to wait.
  bool ask_about(std::size_t emails) const;

  bool operator==(const Guards&) const = default;
};

// As an operator writes them: recipients and templates are lists with commas. What is left out does
// not limit; what is there and empty, as from a variable that is not set, is ValidationFailed.
struct GuardTexts {
  std::optional<std::string> recipients;
  std::optional<std::string> templates;
  std::optional<std::int64_t> sends_per_day;
  std::optional<std::string> ask_first;
  std::optional<std::int64_t> ask_above;
};
Result<Guards> parse_guards(const GuardTexts& texts);

// The JSON text that is kept.
std::string guards_to_json(const Guards& guards);
// NotReady when this version does not know all that the text says, as while nodes are upgraded one
// after the other: what is not understood would not be enforced.
Result<Guards> guards_from_json(const std::string& text);

// For people: "recipients example.com; 100 emails a day"; "" for none.
std::string describe_guards(const Guards& guards);

}  // namespace segmentflow
