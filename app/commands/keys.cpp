#include <fmt/format.h>

#include <set>

#include "app/commands/administration.hpp"
#include "app/commands/commands.hpp"
#include "core/access/scopes.hpp"
#include "core/templates/templates.hpp"
#include "schemas/describe/parse.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow::app {
namespace {

constexpr std::size_t kKeyNameBytesMax = 100;

// The entries of the list that are no template of this organisation: a slip of the pen, or
// templates that are yet to come.
std::vector<std::string> unknown_templates(Transaction& tx, const Organization& organization,
                                           const std::vector<std::string>& wanted) {
  std::set<std::string> known;
  for (const auto& each : list_templates(tx, organization.id, {})) {
    known.insert(each.id.to_string());
    if (each.key) known.insert(*each.key);
  }
  std::vector<std::string> warnings;
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const auto& entry : wanted) {
    if (known.contains(entry)) continue;
    const std::string near = describe::nearest_name(entry, names);
    warnings.push_back(fmt::format("--templates: {} has no template \"{}\" yet.{}",
                                   organization.name, entry,
                                   near.empty() ? "" : fmt::format(" Did you mean \"{}\"?", near)));
  }
  return warnings;
}

}  // namespace

int run_keys_create(const Settings& settings, const KeyOptions& options) {
  if (options.name.size() > kKeyNameBytesMax || !describe::is_valid_utf8(options.name) ||
      describe::has_control_character(options.name)) {
    return report(
        {ErrorCode::ValidationFailed,
         fmt::format("--name must be a line of text of at most {} bytes.", kKeyNameBytesMax)});
  }
  const auto scopes = parse_scopes(options.scopes);
  if (!scopes) return report(scopes.error());
  const auto guards = parse_guards(options.guards);
  if (!guards) return report(guards.error());
  NewApiKey made;
  std::vector<std::string> warnings;
  const auto done = administer(
      settings, options.organization,
      [&](Runtime& runtime, Transaction& tx, const Organization& organization) -> Result<void> {
        made = create_api_key(tx, runtime.ids(), runtime.entropy(), organization, options.name,
                              *scopes, options.at_most_once, *guards);
        warnings = unknown_templates(tx, organization, guards->templates);
        return {};
      });
  if (!done) return report(done.error());
  if (!guards->templates.empty() && made.key.allows("templates:write")) {
    warnings.emplace_back(
        "with templates:write the holder of this key can change the templates that it may send.");
  }
  for (const auto& warning : warnings) fmt::print(stderr, "Warning: {}\n", warning);
  // Only the key on stdout, so that KEY=$(segmentflow keys create …) works.
  fmt::print("{}\n", made.secret);
  fmt::print(stderr, "Keep this key now; it is not shown again. Id: {}\n", made.key.id.to_string());
  return 0;
}

int run_keys_list(const Settings& settings) {
  std::vector<ApiKey> keys;
  const auto done = administer(settings, [&](Runtime&, Transaction& tx) -> Result<void> {
    keys = list_api_keys(tx);
    return {};
  });
  if (!done) return report(done.error());
  fmt::print("{:<36}  {:<6}  {:<8}  {:<24}  {:<20}  {}\n", "ID", "LAST4", "STATE", "CREATED",
             "NAME", "SCOPES");
  for (const auto& key : keys) {
    fmt::print("{:<36}  {:<6}  {:<8}  {:<24}  {:<20}  {}{}{}{}\n", key.id.to_string(), key.last4,
               key.revoked_at ? "revoked" : "live", to_iso8601(key.created_at), key.name,
               join_scopes(key.scopes), key.at_most_once ? " (at most once)" : "",
               key.guards ? fmt::format(" [{}]", describe_guards(*key.guards)) : "",
               key.unusable ? " [guard-rails that this version does not know]" : "");
  }
  return 0;
}

int run_keys_revoke(const Settings& settings, const std::string& id_or_last4) {
  std::string name;
  const auto done = administer(settings, [&](Runtime&, Transaction& tx) -> Result<void> {
    return revoke_api_key(tx, id_or_last4).map([&](const ApiKey& key) { name = key.name; });
  });
  if (!done) return report(done.error());
  fmt::print("Revoked {}. Running processes refuse it within a second.\n", name);
  return 0;
}

}  // namespace segmentflow::app
