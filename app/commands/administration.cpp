#include "app/commands/administration.hpp"

#include <fmt/format.h>

namespace segmentflow::app {

Result<Organization> choose_organization(Transaction& tx, const std::string& name) {
  const auto organizations = list_organizations(tx);
  for (const auto& organization : organizations) {
    if (organization.name == name) return organization;
  }
  if (!name.empty()) {
    return fail(ErrorCode::NotFound, fmt::format("There is no organization \"{}\".", name));
  }
  if (organizations.size() == 1) return organizations.front();
  if (organizations.empty()) {
    return fail(ErrorCode::NotFound, "There is no organization yet. Run segmentflow init.");
  }
  return fail(ErrorCode::Conflict, "Name the organization with --organization: there are several.");
}

Result<void> administer(const Settings& settings,
                        const std::function<Result<void>(Runtime&, Transaction&)>& work) {
  auto runtime = Runtime::open(settings);
  if (!runtime) return tl::unexpected(runtime.error());
  return (*runtime)->committer().run(
      [&](Transaction& tx) -> Result<void> { return work(**runtime, tx); });
}

Result<void> administer(
    const Settings& settings, const std::string& organization,
    const std::function<Result<void>(Runtime&, Transaction&, const Organization&)>& work) {
  return administer(settings, [&](Runtime& runtime, Transaction& tx) -> Result<void> {
    const auto chosen = choose_organization(tx, organization);
    if (!chosen) return tl::unexpected(chosen.error());
    return work(runtime, tx, *chosen);
  });
}

}  // namespace segmentflow::app
