#include "core/emails/draft.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>

#include "core/templates/sensitive.hpp"
#include "schemas/describe/pointer.hpp"

namespace segmentflow {
namespace {

using describe::Json;

// The state that a send is rendered with, read once.
struct Values {
  Values(const AcceptItem& item, const DraftSources& sources)
      : data(item.request.data),
        profile(Json::parse(sources.profile_json)),
        brand(sources.brand_json ? Json::parse(*sources.brand_json) : Json()),
        has_brand(sources.brand_json.has_value()) {}

  render::State state() const { return {&data, &profile, nullptr, has_brand ? &brand : nullptr}; }

  const Json& data;
  const Json profile;
  const Json brand;
  const bool has_brand;
};

std::size_t value_bytes(const AcceptItem& item, const DraftSources& sources) {
  return item.data_json.size() + sources.profile_json.size() +
         sources.brand_json.value_or("").size();
}

// The members of data that the paths begin with; nullopt when one reads all of it.
std::optional<std::set<std::string>> members_read(const std::vector<std::string>& paths) {
  std::set<std::string> names;
  for (const auto& path : paths) {
    const auto steps = render::parse_pointer(path).steps;
    if (steps.empty() || (steps.size() == 1 && steps[0].name == "data")) return std::nullopt;
    if (steps[0].name == "data") names.insert(steps[1].name);
  }
  return names;
}

}  // namespace

// Each value may be looked for by going over all members before it, and each sensitive one is
// copied with all that surrounds it.
bool is_quick(const AcceptItem& item, const DraftSources& sources) {
  const CompiledTemplate& used = *sources.compiled;
  const std::size_t values = item.request.subject ? 0 : used.subject_values;
  const std::size_t looks = values + used.sensitive.size();
  if (looks == 0) return true;
  const std::size_t bytes = value_bytes(item, sources) + used.subject.size();
  return bytes <= kQuickDraftBytes / looks;
}

Draft make_draft(const AcceptItem& item, DraftSources sources) {
  Draft draft;
  const CompiledTemplate& used = *sources.compiled;
  const Values values(item, sources);
  const auto kept_data = used.without_sensitive("data", values.data);
  const auto kept_profile = used.without_sensitive("profile", values.profile);
  if (kept_data) draft.kept_data = describe::dump_json(*kept_data);
  if (kept_profile) draft.kept_profile = describe::dump_json(*kept_profile);
  if (item.request.subject) {
    draft.subject = check_subject(*item.request.subject);
  } else {
    render::State state = values.state();
    draft.subject = used.render_subject(state);
    if (kept_data) state.data = &*kept_data;
    if (kept_profile) state.profile = &*kept_profile;
    if (draft.subject && (kept_data || kept_profile)) {
      // What is kept may show nothing; a subject that cannot be made anew is not kept at all.
      const std::string kept = used.fill_subject(state).value_or(std::string(kRedacted));
      if (kept != *draft.subject) draft.kept_subject = kept;
    }
  }
  draft.made_from = std::move(sources);
  return draft;
}

DataFit data_fit(const AcceptItem& item, const DraftSources& sources) {
  DataFit fit;
  const CompiledTemplate& used = *sources.compiled;
  const Values values(item, sources);
  const std::size_t looks = kDataFitBytes / (value_bytes(item, sources) + 1);
  const std::span paths(used.paths_read.begin(), std::min(looks, used.paths_read.size()));
  const auto missing = render::missing_among(used.spec.get(), values.state(), paths);
  for (std::size_t i = 0; missing && i < paths.size(); ++i) {
    if (fit.missing_paths.size() == kDataFitNamesMax) break;
    // The brand is the organisation's, not the caller's to give.
    if ((*missing)[i] && !paths[i].starts_with("/brand/")) fit.missing_paths.push_back(paths[i]);
  }
  const auto read = members_read(used.paths_read);
  if (!read) return fit;
  for (const auto& [name, value] : values.data.items()) {
    if (fit.unused_data.size() == kDataFitNamesMax) break;
    if (read->contains(name)) continue;
    std::string path = "/data";
    describe::append_step(path, name);
    fit.unused_data.push_back(std::move(path));
  }
  return fit;
}

}  // namespace segmentflow
