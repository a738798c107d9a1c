#include "tools/mcp_approval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/base/secret.hpp"
#include "tools/untrusted.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr const char* kApproval = "approval";
constexpr std::size_t kQuestionBytesMax = 20'000;

// In quotation marks, so that a text cannot pass for what stands beside it.
std::string quoted(const Json& text) {
  return describe::dump_json(Json(on_one_line(text.get<std::string>())));
}

std::string address_of(const Json& mailbox) {
  if (mailbox.is_string()) return on_one_line(mailbox.get<std::string>());
  if (!mailbox.is_object()) return {};
  const std::string email = on_one_line(mailbox.value("email", std::string()));
  const auto name = mailbox.find("name");
  if (name == mailbox.end() || !name->is_string()) return email;
  return fmt::format("{} <{}>", quoted(*name), email);
}

// "; cc a@example.com, b@example.com" of the member of that name: one mailbox, or a list.
std::string mailboxes_in(const Json& from, const char* name, std::string_view shown_as) {
  const auto found = from.find(name);
  if (found == from.end() || found->empty()) return {};
  std::vector<std::string> addresses;
  if (found->is_array()) {
    for (const Json& mailbox : *found) addresses.push_back(address_of(mailbox));
  } else {
    addresses.push_back(address_of(*found));
  }
  return fmt::format("; {} {}", shown_as, fmt::join(addresses, ", "));
}

// Its key, where the caller has named it so, else its id.
std::string template_of(const Json& send, const Json& arguments, const Json& defaults) {
  for (const Json* from : {&arguments, &defaults}) {
    if (from->contains("templateId")) break;
    const auto key = from->find("templateKey");
    if (key != from->end() && key->is_string()) return quoted(*key);
  }
  return send.at("templateId").get<std::string>();
}

// Hidden copies are in the arguments only.
std::string line_about(const Json& send, const Json& arguments, const Json& defaults) {
  const auto data = arguments.find("data");
  const std::string shown_data =
      data == arguments.end() ? "" : "\n  data " + on_one_line(describe::dump_json(*data));
  return fmt::format("To {}{}{}: {}, from {}{}, template {}.{}", address_of(send.at("to")),
                     mailboxes_in(send, "cc", "cc"), mailboxes_in(arguments, "bcc", "bcc"),
                     quoted(send.at("subject")), address_of(send.at("from")),
                     mailboxes_in(send, "replyTo", "replies to"),
                     template_of(send, arguments, defaults), shown_data);
}

// What the question is about: a line for each email, and what their contents are rendered from.
struct Emails {
  std::vector<std::string> lines;
  std::string contents;

  void add(const Json& send, const Json& arguments, const Json& defaults) {
    if (send.at("status") != "Queued") return;  // skipped, or sent before
    lines.push_back(line_about(send, arguments, defaults));
    contents += send.at("templateSnapshotId").get<std::string>();
  }
};

Emails emails_of(const Json& arguments, const Answer& preview) {
  Emails emails;
  const bool is_replay = std::ranges::any_of(
      preview.headers(), [](const auto& header) { return header.first == kReplayedHeader; });
  if (is_replay) return emails;
  const Json body = preview.body();
  const auto items = arguments.find("items");
  if (items == arguments.end()) {
    emails.add(body, arguments, Json::object());
    return emails;
  }
  const Json defaults = arguments.value("defaults", Json::object());
  for (const Json& item : body.at("items")) {
    const auto send = item.find("send");
    if (send == item.end()) continue;
    emails.add(*send, items->at(item.at("index").get<std::size_t>()), defaults);
  }
  return emails;
}

}  // namespace

std::size_t emails_in(const Json& arguments) {
  const auto items = arguments.find("items");
  return items != arguments.end() && items->is_array() ? items->size() : 1;
}

std::optional<ApprovalQuestion> approval_question(const Json& arguments, const Answer& preview) {
  const Emails emails = emails_of(arguments, preview);
  const std::size_t count = emails.lines.size();
  if (count == 0) return std::nullopt;
  ApprovalQuestion question;
  question.text = fmt::format("The assistant wants to send {}. Shall it?\n\n{}",
                              count == 1 ? "an email" : fmt::format("{} emails", count),
                              fmt::join(emails.lines, "\n"));
  if (question.text.size() > kQuestionBytesMax) return std::nullopt;
  question.state = to_hex(sha256(question.text + emails.contents));
  return question;
}

mcp::InputRequired asking(const ApprovalQuestion& question) {
  auto form = mcp::elicitation(kApproval, question.text, Json::parse(R"({
      "type": "object",
      "properties": {"send": {"type": "boolean", "title": "Send it",
                              "description": "Whether it shall go out."}},
      "required": ["send"]})"));
  form.is_optional = true;  // without an answer the email waits
  return {{std::move(form)}, question.state};
}

std::optional<Consent> consent_to(const ApprovalQuestion& question, const mcp::Exchange& exchange) {
  if (exchange.is_unanswered(kApproval)) return Consent::NotAsked;
  const Json* answer = exchange.state() ? exchange.input(kApproval) : nullptr;
  if (answer == nullptr) return std::nullopt;
  const auto action = answer->find("action");
  const bool is_accepted = action != answer->end() && *action == "accept";
  // A host where nobody sits answers `cancel` by itself: that is nobody's word.
  if (!is_accepted) {
    const bool is_declined = action != answer->end() && *action == "decline";
    return is_declined ? Consent::Refused : Consent::NotAsked;
  }
  const auto content = answer->find("content");
  const bool is_given = content != answer->end() && content->is_object() &&
                        content->contains("send") && content->at("send") == true;
  if (!is_given) return Consent::Refused;
  // What has changed since is another question.
  return exchange.state() == question.state ? std::optional(Consent::Given) : std::nullopt;
}

}  // namespace segmentflow
