// What a caller asks for when it sends one email, after parsing and after merging batch defaults.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/access/api_keys.hpp"
#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/base/secret.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {

struct Draft;  // draft.hpp

struct TemplateKey {
  std::string value;
};

struct SendRequest {
  std::string idempotency_key;
  std::variant<Uuid, TemplateKey> template_ref;
  std::optional<Uuid> profile_id;
  std::optional<Address> to;  // without a name
  std::optional<std::string> external_id;
  std::optional<Address> from;
  std::optional<Uuid> sender_profile_id;
  std::optional<Address> reply_to;
  std::optional<std::string> subject;
  std::vector<Address> cc;   // one entry per mailbox
  std::vector<Address> bcc;  // one entry per mailbox
  describe::Json data;       // an object
  std::optional<Uuid> subscription_group_id;
  bool click_tracking = true;
};

// To, cc and bcc of one send together (the limit of the large providers).
inline constexpr std::size_t kEnvelopeRecipientsMax = 50;

// One send on its way to the committer. What costs time without the database is done here already.
struct AcceptItem {
  Uuid organization_id;
  Uuid api_key_id;
  bool at_most_once = false;
  std::shared_ptr<const Guards> guards;  // of the key; null for none
  std::optional<Uuid> approval_id;       // the send waits for this approval
  // Only a replay is answered, anything else refused with this sentence: the caller has named two
  // keys, and the first may have been used when that was not refused yet.
  std::string only_replay;
  SendRequest request;
  std::string data_json;   // compact JSON text of request.data
  std::string plain_mac;   // over the canonical form of all that needs no resolving
  std::string erased_key;  // what `to` would be found by if its Profile was erased; "" without `to`
  std::string request_mac;             // over the canonical form of the request as asked
  std::shared_ptr<const Draft> draft;  // made before; null: none was needed so far
};

// Computes the keyed hashes: keyed, because data holds secrets that a plain hash would let be
// guessed.
std::shared_ptr<AcceptItem> prepare_accept(const ApiKey& key, SendRequest request,
                                           const InstallationSecret& secret);

// What identifies the caller's decision once identities are resolved. "Left to the template" is a
// value of its own, so that a retry after a template edit is still a replay.
struct EffectiveIdentities {
  Uuid template_id;
  Uuid profile_id;
  std::optional<Uuid> sender_profile_id;  // nullopt: left to the template
};
std::string effective_fingerprint(const AcceptItem& item, const EffectiveIdentities& identities,
                                  const InstallationSecret& secret);

}  // namespace segmentflow
