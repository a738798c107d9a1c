// Erasing a person: no row of the database names the address any more.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/address.hpp"
#include "core/base/secret.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

struct Erasure {
  bool was_profile = false;  // now or before; false: only copies went there, or nothing
  std::int64_t emails = 0;   // that held the address
};

// Erases the Profile with the address (profiles.hpp, erase_profile), takes the address out of the
// copies of other emails, and out of idempotency keys that hold it: such a key becomes a keyed hash
// and is not recognised again. What servers said about these emails goes too.
//
// First a short transaction erases the Profile, from which on nothing new holds the address; then
// emails are cleared in transactions of a few hundred, beside which others write. Looking for
// copies reads through all emails, in stretches. Interrupted, it is complete when it is run again.
// Throws StoreUnavailable.
Erasure erase_address(Database& database, const InstallationSecret& secret,
                      const Uuid& organization_id, const Address& address);

// Parts of it, for one transaction. The Profile's row, its suppression and external ids; nothing
// when it is erased already, or not there.
void mark_erased(Transaction& tx, const InstallationSecret& secret, const Uuid& organization_id,
                 const Uuid& profile_id);

// What mail servers said about these emails, which may name their recipients.
void forget_answers(Transaction& tx, std::span<const Uuid> send_ids);

}  // namespace segmentflow
