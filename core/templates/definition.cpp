#include "core/templates/definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/templates/render/expression.hpp"
#include "core/templates/render/render.hpp"
#include "schemas/describe/parse.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using render::Severity;

constexpr std::array<std::string_view, 7> kMembers = {"from",
                                                      "subject",
                                                      "body",
                                                      "replyTo",
                                                      "preheader",
                                                      "renderVariables",
                                                      "sensitiveTransactionalVariablePaths"};
constexpr const char* kSensitive = "sensitiveTransactionalVariablePaths";
constexpr std::array<std::string_view, 3> kSensitiveRoots = {"data", "profile", "event"};

}  // namespace

const Json* DefinitionReader::member(const std::string& name) const {
  const auto found = definition_.find(name);
  return found == definition_.end() || found->is_null() ? nullptr : &*found;
}

void DefinitionReader::add_error(std::string code, std::string path, std::string message) {
  findings_.push_back({std::move(code), Severity::Error, std::move(path), std::move(message)});
}

std::string DefinitionReader::text(const std::string& name) {
  const Json* found = member(name);
  if (found == nullptr) return "";
  if (!found->is_string()) {
    add_error("invalid_member", "/" + name,
              fmt::format("{} is a string; ${{/path}} in it stands for a value.", name));
    return "";
  }
  return found->get<std::string>();
}

std::string DefinitionReader::line(const std::string& name) {
  const std::size_t values_max = render::Budget{}.line_values_max;
  std::string given = text(name);
  std::size_t values = 0;
  for (const auto& piece : render::parse_template(given, values_max + 1).pieces) {
    if (++values > values_max && piece.pointer) {
      add_error("too_many_values", "/" + name,
                fmt::format("More than {} values stand in {}; use fewer.", values_max, name));
      break;
    }
    if (std::string problem = render::placeholder_problem(piece.literal); !problem.empty()) {
      findings_.push_back(
          {"unfilled_placeholder", Severity::Warning, "/" + name, std::move(problem)});
    }
    if (piece.pointer) check_root(*piece.pointer, name);
  }
  return given;
}

void DefinitionReader::check_root(const render::Pointer& pointer, const std::string& name) {
  if (pointer.steps.empty() || render::is_state_root(pointer.steps.front().name)) return;
  const std::string near = describe::nearest_name(pointer.steps.front().name, render::kStateRoots);
  findings_.push_back(
      {"unknown_root", Severity::Warning, "/" + name,
       fmt::format("Nothing fills {}: paths begin with /data, /profile, /event or /brand.{}",
                   pointer.text, near.empty() ? "" : fmt::format(" Did you mean /{}?", near))});
}

std::optional<Address> DefinitionReader::address(const std::string& name) {
  const std::string given = line(name);
  if (given.empty()) return std::nullopt;
  auto address = parse_address(given);
  if (address) return std::move(*address);
  add_error("invalid_address", "/" + name, address.error());
  return std::nullopt;
}

Json DefinitionReader::object(const std::string& name) {
  const Json* found = member(name);
  if (found == nullptr) return Json::object();
  if (found->is_object()) return *found;
  add_error("invalid_member", "/" + name, fmt::format("{} is an object.", name));
  return Json::object();
}

std::vector<render::Pointer> DefinitionReader::sensitive_paths() {
  std::vector<render::Pointer> paths;
  const Json* found = member(kSensitive);
  if (found == nullptr) return paths;
  const std::string base = fmt::format("/{}", kSensitive);
  if (!found->is_array()) {
    add_error("invalid_member", base, "This is an array of paths such as \"/data/resetUrl\".");
    return paths;
  }
  if (found->size() > kSensitivePathsMax) {
    add_error("invalid_sensitive_path", base,
              fmt::format("There are {} paths; at most {} are allowed. Name what they have in "
                          "common: /data/account stands for all that is in it.",
                          found->size(), kSensitivePathsMax));
  }
  for (std::size_t at = 0; at < found->size(); ++at) {
    const Json& item = (*found)[at];
    auto pointer = item.is_string() ? render::parse_pointer(item.get_ref<const std::string&>())
                                    : render::Pointer{};
    const bool has_root =
        !pointer.steps.empty() &&
        std::ranges::find(kSensitiveRoots, pointer.steps.front().name) != kSensitiveRoots.end();
    if (has_root) {
      paths.push_back(std::move(pointer));
      continue;
    }
    add_error("invalid_sensitive_path", fmt::format("{}/{}", base, at),
              "A sensitive path begins with /data, /profile or /event, for example "
              "\"/data/resetUrl\".");
  }
  return paths;
}

void DefinitionReader::check_names() {
  for (const auto& [name, value] : definition_.items()) {
    if (std::ranges::find(kMembers, name) != kMembers.end()) continue;
    const std::string near = describe::nearest_name(name, kMembers);
    findings_.push_back({"unknown_member", Severity::Warning, "/" + name,
                         fmt::format("A definition has no member {}.{}", name,
                                     near.empty() ? "" : fmt::format(" Did you mean {}?", near))});
  }
}

}  // namespace segmentflow
