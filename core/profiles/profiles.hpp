// Profiles, subscription groups, suppressions, erasure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/base/secret.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

enum class SubscriptionPolicy { OptIn, OptOut };

struct SubscriptionGroup {
  Uuid id;
  std::string name;
  SubscriptionPolicy policy;
};

std::string_view to_string(SubscriptionPolicy policy);
std::optional<SubscriptionPolicy> parse_subscription_policy(std::string_view text);

// Whether a profile receives what is gated by the group: OptIn needs a recorded choice, OptOut only
// the absence of a refusal.
bool is_subscribed(SubscriptionPolicy policy, std::optional<bool> choice);

// Adds the group, or gives the existing one. Conflict when it exists with another policy.
Result<SubscriptionGroup> add_subscription_group(Transaction& tx, IdSource& ids,
                                                 const Uuid& organization_id, std::string_view name,
                                                 SubscriptionPolicy policy);
std::optional<SubscriptionGroup> find_subscription_group(Transaction& tx,
                                                         const Uuid& organization_id,
                                                         std::string_view id_or_name);

// The profile with this address, made when there is none.
Uuid ensure_profile(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                    const Address& address);

void set_subscription(Transaction& tx, const Uuid& organization_id, const Uuid& group_id,
                      const Uuid& profile_id, bool subscribed);

// No transactional mail goes to the address any more. `reason` as in segmentflow-api.md §9 #20.
void suppress_address(Transaction& tx, const Uuid& organization_id, const Address& address,
                      std::string_view reason);

// What stands for the address of a Profile that was erased (RFC 2606: never deliverable).
inline constexpr std::string_view kErasedAddress = "erased@erased.invalid";
inline bool stands_for_erased(const Address& address) {
  return address.email == kErasedAddress;
}

// What stays of an erased address: a keyed hash by which later sends still find the erased profile.
std::string erased_email_key(const InstallationSecret& secret, std::string_view email_key);

// Whether a Profile with this address was erased. Its address must not come back unasked.
bool is_erased(Transaction& tx, const InstallationSecret& secret, const Uuid& organization_id,
               const Address& address);

// The sends stay as records of ids, times and outcomes; whom they reached and what they said does
// not.
void forget_recipients(Transaction& tx, std::span<const Uuid> send_ids);

// Erases the profile: its address becomes a keyed hash, its properties go, and its sends keep
// neither recipients nor subject nor data. NotFound.
Result<void> erase_profile(Transaction& tx, const InstallationSecret& secret,
                           const Uuid& organization_id, const Uuid& profile_id);

}  // namespace segmentflow
