#include "tools/mcp_approval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/untrusted.hpp"

namespace segmentflow {
namespace {

using describe::Json;

// The question, and what tells that it was put.
constexpr const char* kApproval = "approval";
constexpr const char* kAsked = "asked";

// On one line, without what hides or steers text.
std::string shown(const std::string& text) {
  std::string line = without_hidden(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::string address_of(const Json& mailbox) {
  if (mailbox.is_string()) return shown(mailbox.get<std::string>());
  if (!mailbox.is_object()) return {};
  const std::string email = shown(mailbox.value("email", std::string()));
  const auto name = mailbox.find("name");
  if (name == mailbox.end() || !name->is_string()) return email;
  return fmt::format("{} <{}>", shown(name->get<std::string>()), email);
}

// "; cc a@example.com, b@example.com" of the member of that name: one mailbox, or a list.
std::string copies_in(const Json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || found->empty()) return {};
  std::vector<std::string> addresses;
  if (found->is_array()) {
    for (const Json& mailbox : *found) addresses.push_back(address_of(mailbox));
  } else {
    addresses.push_back(address_of(*found));
  }
  return fmt::format("; {} {}", name, fmt::join(addresses, ", "));
}

// Its key, where the caller has named it so, else its id.
std::string template_of(const Json& send, const Json& arguments) {
  const auto key = arguments.find("templateKey");
  if (key != arguments.end() && key->is_string()) return shown(key->get<std::string>());
  return send.at("templateId").get<std::string>();
}

// Hidden copies are in the arguments only.
std::string line_about(const Json& send, const Json& arguments) {
  return fmt::format("To {}{}{}: \"{}\", from {}, template {}.", address_of(send.at("to")),
                     copies_in(send, "cc"), copies_in(arguments, "bcc"),
                     shown(send.at("subject").get<std::string>()), address_of(send.at("from")),
                     template_of(send, arguments));
}

// A line for each email that would go out.
std::vector<std::string> lines_about(const Json& arguments, const Answer& preview) {
  const Json body = preview.body();
  const auto items = arguments.find("items");
  if (items == arguments.end()) {
    const bool is_replay = std::ranges::any_of(
        preview.headers(), [](const auto& header) { return header.first == kReplayedHeader; });
    if (is_replay) return {};
    return {line_about(body, arguments)};
  }
  std::vector<std::string> lines;
  for (const Json& item : body.at("items")) {
    const auto send = item.find("send");
    if (send == item.end()) continue;
    lines.push_back(line_about(*send, items->at(item.at("index").get<std::size_t>())));
  }
  return lines;
}

}  // namespace

std::size_t emails_in(const Json& arguments) {
  const auto items = arguments.find("items");
  return items != arguments.end() && items->is_array() ? items->size() : 1;
}

std::optional<mcp::InputRequired> approval_question(const Json& arguments, const Answer& preview) {
  const auto lines = lines_about(arguments, preview);
  if (lines.empty()) return std::nullopt;
  const std::string what = lines.size() == 1 ? "an email" : fmt::format("{} emails", lines.size());
  const std::string message =
      fmt::format("The assistant wants to send {}. Shall it?\n\n{}", what, fmt::join(lines, "\n"));
  return mcp::InputRequired{{mcp::elicitation(kApproval, message, Json::parse(R"({
              "type": "object",
              "properties": {"send": {"type": "boolean", "title": "Send it",
                                      "description": "Whether it shall go out."}},
              "required": ["send"]})"))},
                            kAsked};
}

const Json* approval_answer(const mcp::Exchange& exchange) {
  return exchange.state() == kAsked ? exchange.input(kApproval) : nullptr;
}

Consent consent_in(const Json& answer) {
  const auto content = answer.find("content");
  const bool is_given = answer.value("action", std::string()) == "accept" &&
                        content != answer.end() && content->is_object() &&
                        content->contains("send") && content->at("send") == true;
  return is_given ? Consent::Given : Consent::Refused;
}

}  // namespace segmentflow
