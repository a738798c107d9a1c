#include "core/templates/compiled.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/templates/definition.hpp"
#include "core/templates/render/expression.hpp"
#include "core/templates/sensitive.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using render::Severity;

constexpr std::size_t kSubjectCharactersMax = 998;  // RFC 5322 §2.1.1

// "/profile/plan/name" → "plan"; "" for the whole profile.
std::optional<std::string> profile_name(std::string_view path) {
  const render::Pointer pointer = render::parse_pointer(path);
  if (pointer.steps.empty()) return "";
  if (pointer.steps.front().name != "profile") return std::nullopt;
  return pointer.steps.size() == 1 ? "" : pointer.steps[1].name;
}

void note_paths(CompiledTemplate& compiled) {
  auto& names = compiled.profile_names;
  for (const auto& path : compiled.paths_read) {
    const auto pointer = render::parse_pointer(path);
    if (pointer.steps.empty() || pointer.steps.front().name == "brand") compiled.reads_brand = true;
    const auto name = profile_name(path);
    if (!name) continue;
    if (name->empty()) compiled.reads_whole_profile = true;
    if (!name->empty() && std::find(names.begin(), names.end(), *name) == names.end()) {
      names.push_back(*name);
    }
  }
}

std::size_t count_values(std::string_view text) {
  const auto pieces = render::parse_template(text, render::Budget{}.line_values_max).pieces;
  return static_cast<std::size_t>(
      std::ranges::count_if(pieces, [](const auto& piece) { return piece.pointer.has_value(); }));
}

// One line of at most so many characters: a subject is a header. Control characters and what ends
// lines become blanks.
std::string as_subject(std::string text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::max<std::size_t>(describe::utf8_character_bytes(text, at), 1);
    const std::string_view character = std::string_view(text).substr(at, bytes);
    const bool ends_line = character == "\u2028" || character == "\u2029";
    line += ends_line || describe::has_control_character(character) ? " " : character;
    at += bytes;
  }
  line.resize(
      describe::beginning_of(line, kSubjectCharactersMax, describe::TextUnit::CodePoints).size());
  return line;
}

// Whoever writes a definition gets as many findings back as a person can read; the last one counts
// the others, and is an error if one of those is.
void limit_findings(std::vector<render::Finding>& findings) {
  std::size_t bytes = 0;
  const auto rest = std::ranges::find_if(findings, [&](const render::Finding& each) {
    bytes += each.path.size() + each.message.size();
    return bytes > kFindingsBytesMax;
  });
  const auto listed = std::min(static_cast<std::size_t>(rest - findings.begin()), kFindingsMax);
  if (listed == findings.size()) return;
  const auto more = findings.begin() + static_cast<std::ptrdiff_t>(listed);
  const bool any_error = std::any_of(more, findings.end(), [](const render::Finding& each) {
    return each.severity == Severity::Error;
  });
  const std::size_t count = findings.size() - listed;
  findings.resize(listed);
  findings.push_back({"more_problems", any_error ? Severity::Error : Severity::Warning, "",
                      fmt::format("{} more problems are not listed. Mend these first.", count)});
}

Result<void> compile_body(const Json& body, CompiledTemplate& compiled) {
  auto parsed = render::parse_spec(body);
  if (!parsed) {
    for (auto& problem : parsed.error().problems) problem.path = "/body" + problem.path;
    return tl::unexpected(std::move(parsed.error()));
  }
  compiled.spec = std::move(parsed->spec);
  for (auto& finding : parsed->findings) {
    finding.path = "/body" + finding.path;
    compiled.findings.push_back(std::move(finding));
  }
  compiled.paths_read = render::state_paths_read(*compiled.spec);
  return {};
}

}  // namespace

bool CompiledTemplate::is_complete() const {
  return spec && std::none_of(findings.begin(), findings.end(), [](const auto& finding) {
           return finding.severity == Severity::Error;
         });
}

Json CompiledTemplate::frozen_profile(const Uuid& id, std::string_view email,
                                      const std::string& properties) const {
  Json frozen = Json::object();
  const bool reads_properties = reads_whole_profile || !profile_names.empty();
  if (!reads_properties) return frozen;
  const auto reads = [&](const std::string& name) {
    return reads_whole_profile ||
           std::find(profile_names.begin(), profile_names.end(), name) != profile_names.end();
  };
  const Json stored = Json::parse(properties);  // named: a temporary would be gone inside the loop
  for (const auto& [name, property] : stored.items()) {
    if (reads(name)) frozen[name] = property.at("value");
  }
  if (reads("email")) frozen["email"] = std::string(email);
  if (reads("id")) frozen["id"] = id.to_string();
  return frozen;
}

Result<std::string> CompiledTemplate::fill_subject(const render::State& state) const {
  return render::render_template_string(subject, state).map(as_subject);
}

Result<std::string> CompiledTemplate::render_subject(const render::State& state) const {
  return fill_subject(state).and_then(check_subject);
}

Result<std::string> check_subject(std::string subject) {
  if (!describe::shows_nothing(subject)) return subject;
  const std::string message =
      "The subject shows nothing once it is filled in; give the values that it reads, or a "
      "subject.";
  return fail(ErrorCode::ValidationFailed, message, {{"/subject", message}});
}

Result<render::Rendered> CompiledTemplate::render_body(const render::State& state) const {
  if (!spec) return fail(ErrorCode::ValidationFailed, "The template has no body.");
  auto shown_first = render::render_template_string(preheader, state);
  if (!shown_first) {
    return fail(ErrorCode::ValidationFailed, shown_first.error().message,
                {{"/preheader", shown_first.error().message}});
  }
  auto rendered = render::render(*spec, state, *shown_first);
  if (rendered) return rendered;
  for (auto& problem : rendered.error().problems) problem.path = "/body" + problem.path;
  return rendered;
}

std::optional<Json> CompiledTemplate::without_sensitive(std::string_view root,
                                                        const Json& value) const {
  return segmentflow::without_sensitive(sensitive, root, value);
}

Result<CompiledTemplate> compile_template(const Json& definition) {
  if (!definition.is_object()) {
    return fail(ErrorCode::ValidationFailed, "A template definition is an object.",
                {{"", "Give an object with subject and body."}});
  }
  CompiledTemplate compiled;
  DefinitionReader reader(definition, compiled.findings);
  compiled.subject = reader.line("subject");
  compiled.subject_values = count_values(compiled.subject);
  compiled.preheader = reader.line("preheader");
  compiled.from = reader.address("from");
  compiled.reply_to = reader.address("replyTo");
  compiled.render_variables = reader.object("renderVariables");
  compiled.sensitive = reader.sensitive_paths();
  reader.check_names();
  if (describe::shows_nothing(compiled.subject)) {
    compiled.findings.push_back(
        {"missing_subject", Severity::Error, "/subject", "The template needs a subject."});
  }
  const auto body = definition.find("body");
  if (body == definition.end()) {
    compiled.findings.push_back({"missing_body", Severity::Error, "/body",
                                 "The template needs a body with root and elements."});
  } else if (auto done = compile_body(*body, compiled); !done) {
    return tl::unexpected(done.error());
  }
  for (const auto* text : {&compiled.subject, &compiled.preheader}) {
    for (auto& path : render::state_paths_in(*text)) compiled.paths_read.push_back(std::move(path));
  }
  auto& paths = compiled.paths_read;
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  note_paths(compiled);
  limit_findings(compiled.findings);
  return compiled;
}

std::shared_ptr<const CompiledTemplate> TemplateCache::find(const Uuid& snapshot_id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(snapshot_id);
  if (found == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second.place);
  return found->second.compiled;
}

Result<std::shared_ptr<const CompiledTemplate>> TemplateCache::compile(
    const Uuid& snapshot_id, const std::string& definition) {
  auto compiled = compile_template(Json::parse(definition));
  if (!compiled) return tl::unexpected(std::move(compiled.error()));
  auto shared = std::make_shared<const CompiledTemplate>(std::move(*compiled));
  const std::lock_guard lock(mutex_);
  if (const auto known = entries_.find(snapshot_id); known != entries_.end()) {
    return known->second.compiled;
  }
  if (entries_.size() >= entries_max_) {
    entries_.erase(order_.back());
    order_.pop_back();
  }
  order_.push_front(snapshot_id);
  entries_.emplace(snapshot_id, Entry{shared, order_.begin()});
  return shared;
}

}  // namespace segmentflow
