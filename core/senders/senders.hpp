// Sending domains and the sender profiles on them. Here the operator vouches for a domain; checking
// its DNS records comes with the delivery work.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

inline constexpr std::string_view kDomainVerified = "Verified";

struct SendingDomain {
  Uuid id;
  std::string domain;  // lower case
  std::string status;
};

struct SenderProfile {
  Uuid id;
  std::string name;
  std::string email;
};

// Adds the domain as verified, or gives the existing one. ValidationFailed for what is no domain
// name.
Result<SendingDomain> add_sending_domain(Transaction& tx, IdSource& ids,
                                         const Uuid& organization_id, std::string_view domain);

// Adds (or renames) the sender profile of an address on a verified domain of the organisation.
// InvalidSenderProfile when the domain is not one.
Result<SenderProfile> add_sender_profile(Transaction& tx, IdSource& ids,
                                         const Uuid& organization_id, const Address& address);

// The sender profiles that emails can be sent with now, the oldest first: not removed, and on a
// verified domain.
std::vector<SenderProfile> usable_sender_profiles(Transaction& tx, const Uuid& organization_id);

// InvalidSenderProfile when no sender profile has this address.
Result<SenderProfile> find_sender_profile(Transaction& tx, const Uuid& organization_id,
                                          const Address& address);

}  // namespace segmentflow
