#include "tools/batch_brief.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schemas/describe/utf8.hpp"
#include "schemas/email_batch_brief.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::size_t kProblemsMax = 2;
constexpr std::size_t kProblemBytesMax = 120;

std::string cut(const std::string& text) {
  if (text.size() <= kProblemBytesMax) return text;
  return std::string(describe::utf8_beginning(text, kProblemBytesMax)) + "…";
}

// A sentence with its place, which many sentences begin with.
std::string sentence_of(const Json& problem) {
  const auto path = problem.value("path", std::string());
  const auto message = problem.value("message", std::string());
  if (path.empty() || message.find(path) != std::string::npos) return cut(message);
  return cut(fmt::format("{}: {}", path, message));
}

std::string message_of(const Json& error) {
  const auto details = error.find("details");
  if (details == error.end() || details->empty()) return cut(error.value("message", std::string()));
  std::string text;
  for (std::size_t i = 0; i < details->size() && i < kProblemsMax; ++i) {
    if (i > 0) text += ' ';
    text += sentence_of((*details)[i]);
  }
  if (details->size() > kProblemsMax) {
    text += fmt::format(" And {} more.", details->size() - kProblemsMax);
  }
  return text;
}

void copy_members(const Json& from, std::initializer_list<const char*> names, Json& to) {
  for (const char* name : names) {
    const auto member = from.find(name);
    if (member != from.end() && !member->is_null()) to[name] = *member;
  }
}

Json brief_item(const Json& item) {
  Json brief = {{"index", item.at("index")},
                {"idempotencyKey", item.at("idempotencyKey")},
                {"status", item.at("status")}};
  if (const auto send = item.find("send"); send != item.end()) {
    brief["send"] = Json::object();
    copy_members(*send, {"id", "status", "to", "approvalId", "skippedReason"}, brief["send"]);
  }
  if (const auto error = item.find("error"); error != item.end()) {
    brief["error"] = {{"errorCode", error->at("errorCode")}, {"message", message_of(*error)}};
  }
  return brief;
}

Json brief_answer(const Json& answer) {
  Json brief = Json::object();
  copy_members(answer, {"total", "accepted", "rejected"}, brief);
  brief["items"] = Json::array();
  for (const Json& item : answer.at("items")) brief["items"].push_back(brief_item(item));
  copy_members(answer, {"dryRun"}, brief);
  return brief;
}

}  // namespace

Brief batch_brief() {
  return {describe::type_of<wire::EmailBatchBrief>, brief_answer};
}

}  // namespace segmentflow
