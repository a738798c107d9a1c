#include "core/access/guards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/templates/template_changes.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::array<std::string_view, 4> kAskTexts = {"never", "human", "self-confirm",
                                                       "operator"};
constexpr std::size_t kEntriesMax = 200;
constexpr std::size_t kMembersAlways = 4;  // of the JSON text, beside those that may be absent

std::optional<AskFirst> ask_of(std::string_view text) {
  for (std::size_t i = 0; i < kAskTexts.size(); ++i) {
    if (kAskTexts[i] == text) return static_cast<AskFirst>(i);
  }
  return std::nullopt;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> entries;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view entry = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty()) entries.emplace_back(entry);
  }
  return entries;
}

// An address or a domain as addresses are compared; nullopt for neither.
std::optional<std::string> recipient_entry(const std::string& text) {
  const bool is_domain = text.find('@') == std::string::npos;
  const auto address = parse_address(is_domain ? "postmaster@" + text : text);
  if (!address || address->name) return std::nullopt;
  return is_domain ? address->domain() : address->key();
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::ValidationFailed, std::move(message));
}

Result<std::string> parse_recipient(const std::string& text) {
  if (auto entry = recipient_entry(text)) return std::move(*entry);
  return refuse(
      fmt::format("\"{}\" is neither a domain such as example.com nor a bare address.", text));
}

Result<std::string> parse_template(const std::string& text) {
  if (const auto id = Uuid::parse(text)) return id->to_string();
  if (is_template_key(text)) return text;
  return refuse(fmt::format("\"{}\" is neither a template's key nor its id.", text));
}

// `what` names the list in the refusal.
Result<std::vector<std::string>> parse_list(const std::optional<std::string>& list,
                                            std::string_view what,
                                            Result<std::string> (*parse)(const std::string&)) {
  std::vector<std::string> entries;
  if (!list) return entries;
  for (const std::string& text : split(*list)) {
    auto entry = parse(text);
    if (!entry) return tl::unexpected(std::move(entry.error()));
    entries.push_back(std::move(*entry));
  }
  if (entries.empty()) {
    return refuse(fmt::format("The list of {} is empty. Leave it out to allow all.", what));
  }
  if (entries.size() > kEntriesMax) {
    return refuse(fmt::format("The list of {} has more than {} entries.", what, kEntriesMax));
  }
  return entries;
}

}  // namespace

std::string_view to_string(AskFirst ask) {
  return kAskTexts.at(static_cast<std::size_t>(ask));
}

bool Guards::any() const {
  return *this != Guards{};
}

bool Guards::allow_recipient(const Address& address) const {
  return recipients.empty() || contains(recipients, address.key()) ||
         contains(recipients, address.domain());
}

bool Guards::allow_template(const Uuid& id, const std::optional<std::string>& key) const {
  return templates.empty() || contains(templates, id.to_string()) ||
         (key && contains(templates, *key));
}

bool Guards::ask_about(std::size_t emails) const {
  return ask_first != AskFirst::Never && static_cast<std::int64_t>(emails) > ask_above;
}

Result<Guards> parse_guards(const GuardTexts& texts) {
  Guards guards;
  auto recipients = parse_list(texts.recipients, "recipients", parse_recipient);
  if (!recipients) return tl::unexpected(std::move(recipients.error()));
  guards.recipients = std::move(*recipients);
  auto templates = parse_list(texts.templates, "templates", parse_template);
  if (!templates) return tl::unexpected(std::move(templates.error()));
  guards.templates = std::move(*templates);
  guards.sends_per_day = texts.sends_per_day;
  if (guards.sends_per_day && *guards.sends_per_day < 0) {
    return refuse("The emails a day must not be negative.");
  }
  const std::string ask_first = texts.ask_first.value_or("never");
  const auto ask = ask_of(ask_first);
  if (!ask) {
    return refuse(
        fmt::format("\"{}\" is no way to ask first: human, operator or self-confirm.", ask_first));
  }
  guards.ask_first = *ask;
  guards.ask_above = texts.ask_above.value_or(0);
  if (guards.ask_above < 0 || (texts.ask_above && *ask == AskFirst::Never)) {
    return refuse(
        "The number above which is asked goes with a way to ask first, and is not "
        "negative.");
  }
  return guards;
}

std::string guards_to_json(const Guards& guards) {
  Json json{{"recipients", guards.recipients},
            {"templates", guards.templates},
            {"askFirst", std::string(to_string(guards.ask_first))},
            {"askAbove", guards.ask_above}};
  if (guards.sends_per_day) json["sendsPerDay"] = *guards.sends_per_day;
  return describe::dump_json(json);
}

Result<Guards> guards_from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Guards guards;
    guards.recipients = json.at("recipients").get<std::vector<std::string>>();
    guards.templates = json.at("templates").get<std::vector<std::string>>();
    guards.ask_first = ask_of(json.at("askFirst").get<std::string>()).value();
    guards.ask_above = json.at("askAbove").get<std::int64_t>();
    const bool has_limit = json.contains("sendsPerDay");
    if (has_limit) guards.sends_per_day = json["sendsPerDay"].get<std::int64_t>();
    if (json.size() == kMembersAlways + (has_limit ? 1U : 0U)) return guards;
  } catch (const std::exception&) {
    // Named below like a member that is not known: what it holds is nothing for a message.
  }
  return fail(ErrorCode::NotReady,
              "This API key has a guard-rail that this version of Segmentflow does not know, so it "
              "does not serve the key. Use the version that made it, or make a new key.");
}

std::string describe_guards(const Guards& guards) {
  std::vector<std::string> parts;
  if (!guards.recipients.empty()) {
    parts.push_back(fmt::format("recipients {}", fmt::join(guards.recipients, ",")));
  }
  if (!guards.templates.empty()) {
    parts.push_back(fmt::format("templates {}", fmt::join(guards.templates, ",")));
  }
  if (guards.sends_per_day) parts.push_back(fmt::format("{} emails a day", *guards.sends_per_day));
  if (guards.ask_first != AskFirst::Never) {
    const std::string above =
        guards.ask_above > 0 ? fmt::format(" above {} emails", guards.ask_above) : "";
    parts.push_back(fmt::format("asks first ({}{})", to_string(guards.ask_first), above));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace segmentflow
