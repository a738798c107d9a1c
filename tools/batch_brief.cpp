#include "tools/batch_brief.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "schemas/describe/utf8.hpp"
#include "schemas/email_batch_brief.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::size_t kProblemsMax = 2;
constexpr std::size_t kPathsMax = 2;
constexpr std::size_t kPathBytesMax = 40;
constexpr std::size_t kSentenceBytesMax = 80;

std::string cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  return std::string(describe::utf8_beginning(text, bytes_max)) + "…";
}

// A sentence with its place, which many sentences begin with. Both may be long: the name of an
// unknown member is the caller's.
std::string sentence_of(const Json& problem) {
  const auto path = problem.value("path", std::string());
  std::string_view rest = problem.at("message").get_ref<const std::string&>();
  const bool begins_with_path = rest.starts_with(path);
  if (begins_with_path) rest.remove_prefix(path.size());
  return cut(path, kPathBytesMax) + (begins_with_path || path.empty() ? "" : ": ") +
         cut(rest, kSentenceBytesMax);
}

std::string message_of(const Json& error) {
  const auto details = error.find("details");
  if (details == error.end() || details->empty()) {
    return cut(error.value("message", std::string()), kPathBytesMax + kSentenceBytesMax);
  }
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

void copy_first_paths(const Json& from, const char* name, Json& to) {
  const auto member = from.find(name);
  if (member == from.end() || member->is_null()) return;
  Json& paths = to[name] = Json::array();
  for (std::size_t i = 0; i < member->size() && i < kPathsMax; ++i) {
    paths.push_back(cut((*member)[i].get_ref<const std::string&>(), kPathBytesMax));
  }
}

Json brief_send(const Json& send) {
  Json brief = Json::object();
  copy_members(send, {"id", "status", "to", "approvalId", "skippedReason"}, brief);
  copy_first_paths(send, "missingPaths", brief);
  copy_first_paths(send, "unusedData", brief);
  return brief;
}

Json brief_item(const Json& item) {
  Json brief = {{"index", item.at("index")},
                {"idempotencyKey", item.at("idempotencyKey")},
                {"status", item.at("status")}};
  if (const auto send = item.find("send"); send != item.end()) brief["send"] = brief_send(*send);
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
