// Step one of accept: everything the decision needs, read with a few set-based statements over the
// whole list. Plain data; the decision (accept_decide.hpp) never touches the database.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "core/emails/email_send.hpp"
#include "core/emails/request.hpp"
#include "core/profiles/profiles.hpp"
#include "core/templates/compiled.hpp"

namespace segmentflow {

// A name inside one organisation. Every lookup is keyed by it: foreign things are never found.
using OrgId = std::pair<Uuid, Uuid>;
using OrgText = std::pair<Uuid, std::string>;

struct KnownSend {
  EmailSend send;
  std::string request_mac;
  std::string fingerprint;
};

struct KnownTemplate {
  Uuid id;
  std::optional<std::string> key;
  std::string status;
  std::string purpose;
  bool is_complete = false;
  std::string problems;  // JSON text of the findings
  std::optional<Uuid> sender_profile_id;
  Uuid snapshot_id;
  std::shared_ptr<const CompiledTemplate> compiled;  // null: to be compiled, which takes long
};

struct KnownProfile {
  Uuid id;
  std::string email;
  std::string email_key;
  std::string properties;  // JSON text
  bool erased = false;
};

struct KnownSender {
  Uuid id;
  std::string name;
  std::string email;
  bool removed = false;
  bool domain_verified = false;
};

struct AcceptLookup {
  Time now = 0;
  std::map<OrgText, KnownSend> sends;  // by idempotency key
  std::map<OrgId, KnownTemplate> templates;
  std::map<OrgText, Uuid> template_keys;
  std::map<Uuid, std::string> brands;  // JSON text by organisation, where a template reads it
  std::map<OrgId, KnownProfile> profiles;
  std::map<OrgText, Uuid> profiles_by_email;  // by email key, or the keyed hash of an erased one
  std::map<OrgText, Uuid> profiles_by_external_id;
  std::map<OrgId, KnownSender> senders;
  std::map<OrgText, Uuid> senders_by_email;
  std::set<OrgText> verified_domains;
  std::map<OrgId, SubscriptionPolicy> groups;
  std::map<std::pair<Uuid, Uuid>, bool> choices;  // (group, profile) → subscribed
  std::set<OrgText> suppressed;                   // by email key
  std::map<Uuid, std::int64_t> sends_today;       // by API key, of those with a daily limit
};

// Reads what the decision about `items` needs. Items whose idempotency key exists with the very
// same request need nothing further and cost one look-up.
AcceptLookup look_up(Transaction& tx, std::span<const AcceptItem* const> items,
                     TemplateCache& templates);

}  // namespace segmentflow
