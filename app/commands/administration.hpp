// What the operator's commands share: one write in an opened installation, for one organisation.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/runtime.hpp"
#include "core/access/api_keys.hpp"

namespace segmentflow::app {

// The organisation of that name; with "" the only one there is. NotFound, Conflict when it is
// unclear.
Result<Organization> choose_organization(Transaction& tx, const std::string& name);

// Opens the installation and runs `work` as one durable write.
Result<void> administer(const Settings& settings,
                        const std::function<Result<void>(Runtime&, Transaction&)>& work);

// The same for the chosen organisation.
Result<void> administer(
    const Settings& settings, const std::string& organization,
    const std::function<Result<void>(Runtime&, Transaction&, const Organization&)>& work);

}  // namespace segmentflow::app
