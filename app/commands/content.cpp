#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands/administration.hpp"
#include "app/commands/commands.hpp"
#include "app/template_file.hpp"
#include "core/profiles/erasure.hpp"
#include "core/profiles/profiles.hpp"
#include "core/senders/senders.hpp"
#include "core/templates/template_changes.hpp"

namespace segmentflow::app {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (file) return text.str();
  return fail(ErrorCode::NotFound, fmt::format("Cannot read {}.", path));
}

Result<Address> read_address(const std::string& text) {
  auto address = parse_address(text);
  if (address) return std::move(*address);
  return fail(ErrorCode::ValidationFailed, address.error());
}

void print_findings(const Template& saved) {
  for (const auto& finding : describe::Json::parse(saved.problems)) {
    fmt::print(stderr, "  {} {}: {}\n", finding.at("severity").get<std::string>(),
               finding.at("path").get<std::string>(), finding.at("message").get<std::string>());
  }
}

}  // namespace

int run_domains_add(const Settings& settings, const std::string& organization,
                    const std::string& domain) {
  SendingDomain added;
  const auto done = administer(
      settings, organization,
      [&](Runtime& runtime, Transaction& tx, const Organization& chosen) -> Result<void> {
        return add_sending_domain(tx, runtime.ids(), chosen.id, domain)
            .map([&](SendingDomain found) { added = std::move(found); });
      });
  if (!done) return report(done.error());
  fmt::print("{}  {}  {}\n", added.id.to_string(), added.domain, added.status);
  return 0;
}

int run_senders_add(const Settings& settings, const std::string& organization,
                    const std::string& address_text) {
  const auto address = read_address(address_text);
  if (!address) return report(address.error());
  SenderProfile added;
  const auto done = administer(
      settings, organization,
      [&](Runtime& runtime, Transaction& tx, const Organization& chosen) -> Result<void> {
        return add_sender_profile(tx, runtime.ids(), chosen.id, *address)
            .map([&](SenderProfile found) { added = std::move(found); });
      });
  if (!done) return report(done.error());
  fmt::print("{}  {} <{}>\n", added.id.to_string(), added.name, added.email);
  return 0;
}

int run_templates_import(const Settings& settings, const std::string& organization,
                         const std::string& file, const std::string& sender) {
  const auto text = read_file(file);
  if (!text) return report(text.error());
  auto wanted = read_template_file(*text);
  if (!wanted) return report(wanted.error());
  std::optional<Address> address;
  if (!sender.empty()) {
    auto parsed = read_address(sender);
    if (!parsed) return report(parsed.error());
    address = std::move(*parsed);
  }
  Template saved;
  const auto done = administer(
      settings, organization,
      [&](Runtime& runtime, Transaction& tx, const Organization& chosen) -> Result<void> {
        if (address) {
          const auto profile = find_sender_profile(tx, chosen.id, *address);
          if (!profile) return tl::unexpected(profile.error());
          wanted->sender_profile_id = profile->id;
        }
        return import_template(tx, runtime.ids(), chosen.id, *wanted)
            .map([&](TemplateDetail found) { saved = std::move(found.template_); });
      });
  if (!done) return report(done.error());
  print_findings(saved);
  fmt::print("{}  {}  {}{}\n", saved.id.to_string(), saved.key.value_or("-"), saved.name,
             saved.is_complete ? "" : "  (incomplete: it cannot be sent yet)");
  return 0;
}

int run_groups_add(const Settings& settings, const std::string& organization,
                   const std::string& name, const std::string& policy_text) {
  const auto policy = parse_subscription_policy(policy_text);
  if (!policy) {
    return report({ErrorCode::ValidationFailed,
                   fmt::format("\"{}\" is no policy; use OptIn or OptOut.", policy_text)});
  }
  SubscriptionGroup added;
  const auto done = administer(
      settings, organization,
      [&](Runtime& runtime, Transaction& tx, const Organization& chosen) -> Result<void> {
        return add_subscription_group(tx, runtime.ids(), chosen.id, name, *policy)
            .map([&](SubscriptionGroup found) { added = std::move(found); });
      });
  if (!done) return report(done.error());
  fmt::print("{}  {}  {}\n", added.id.to_string(), added.name, to_string(added.policy));
  return 0;
}

int run_groups_subscribe(const Settings& settings, const std::string& organization,
                         const std::string& group, const std::string& email, bool unsubscribe) {
  const auto address = read_address(email);
  if (!address) return report(address.error());
  const auto done = administer(
      settings, organization,
      [&](Runtime& runtime, Transaction& tx, const Organization& chosen) -> Result<void> {
        const auto found = find_subscription_group(tx, chosen.id, group);
        if (!found) {
          return fail(ErrorCode::NotFound,
                      fmt::format("There is no subscription group \"{}\".", group));
        }
        if (is_erased(tx, runtime.secret(), chosen.id, *address)) {
          return fail(ErrorCode::Conflict, "The Profile with this address was erased.");
        }
        const Uuid profile_id = ensure_profile(tx, runtime.ids(), chosen.id, *address);
        set_subscription(tx, chosen.id, found->id, profile_id, !unsubscribe);
        return {};
      });
  if (!done) return report(done.error());
  fmt::print("{} is {} {}.\n", address->email, unsubscribe ? "unsubscribed from" : "subscribed to",
             group);
  return 0;
}

int run_profiles_erase(const Settings& settings, const std::string& organization,
                       const std::string& email) {
  const auto address = read_address(email);
  if (!address) return report(address.error());
  auto runtime = Runtime::open(settings);
  if (!runtime) return report(runtime.error());
  Result<Organization> chosen;
  const auto read = (*runtime)->database().read(
      [&](Transaction& tx) { chosen = choose_organization(tx, organization); });
  if (!read) return report(read.error());
  if (!chosen) return report(chosen.error());
  const Erasure erased =
      erase_address((*runtime)->database(), (*runtime)->secret(), chosen->id, *address);
  if (!erased.was_profile && erased.emails == 0) {
    return report({ErrorCode::NotFound,
                   fmt::format("Nothing in {} names {}.", chosen->name, address->email)});
  }
  fmt::print("Erased {}: {}{} emails no longer name it.\n", address->email,
             erased.was_profile ? "its Profile is empty, and " : "", erased.emails);
  return 0;
}

}  // namespace segmentflow::app
