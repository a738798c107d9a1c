#include "core/delivery/outcome.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace segmentflow {
namespace {

constexpr std::array<std::string_view, 4> kResults = {"Accepted", "Deferred", "Rejected",
                                                      "Unknown"};
constexpr std::array<std::string_view, 4> kPhases = {"NotStarted", "EnvelopeSent", "DotWritten",
                                                     "Replied"};
constexpr std::array<std::string_view, 11> kStages = {"Connect",  "Tls",     "Greeting", "Hello",
                                                      "StartTls", "Auth",    "Mail",     "Rcpt",
                                                      "Data",     "Content", "Dot"};

template <class Enum, std::size_t N>
Enum parse(const std::array<std::string_view, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  throw std::logic_error("the database holds an unknown name: " + name);
}

std::string code_of(const MailReply& reply) {
  return reply.enhanced.empty() ? std::to_string(reply.code)
                                : fmt::format("{} {}", reply.code, reply.enhanced);
}

std::string_view without_end(std::string_view sentence) {
  return sentence.ends_with('.') ? sentence.substr(0, sentence.size() - 1) : sentence;
}

}  // namespace

std::string_view to_string(MailResult result) {
  return kResults.at(static_cast<std::size_t>(result));
}
std::string_view to_string(MailPhase phase) {
  return kPhases.at(static_cast<std::size_t>(phase));
}
std::string_view to_string(MailStage stage) {
  return kStages.at(static_cast<std::size_t>(stage));
}

MailResult parse_result(const std::string& name) {
  return parse<MailResult>(kResults, name);
}
MailPhase parse_phase(const std::string& name) {
  return parse<MailPhase>(kPhases, name);
}
MailStage parse_stage(const std::string& name) {
  return name.empty() ? MailStage::Connect : parse<MailStage>(kStages, name);
}

bool never_started(const MailOutcome& outcome) {
  return outcome.result == MailResult::Deferred &&
         (outcome.phase == MailPhase::NotStarted || outcome.refuses_us);
}

std::string describe_outcome(const MailOutcome& outcome) {
  const MailReply& reply = outcome.reply;
  const std::string_view detail = without_end(outcome.detail);
  if (reply.code == 0) return std::string(detail);
  // Where the session or our settings were refused, the transport says it best.
  const bool says_all =
      never_started(outcome) && detail.find(std::to_string(reply.code)) != std::string::npos;
  if (!says_all) return describe_refusal(outcome.peer, reply);
  return reply.text.empty() ? std::string(detail) : fmt::format("{} ({})", detail, reply.text);
}

std::string describe_refusal(const std::string& peer, const MailReply& reply) {
  return fmt::format("{} answered {}{}{}", peer, code_of(reply), reply.text.empty() ? "" : " ",
                     reply.text);
}

}  // namespace segmentflow
