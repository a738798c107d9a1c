#include "core/emails/accept_lookup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/brand/brand_kits.hpp"
#include "core/emails/accept_guards.hpp"
#include "core/emails/draft.hpp"
#include "core/senders/senders.hpp"

namespace segmentflow {
namespace {

using Items = std::vector<const AcceptItem*>;

// Collects the distinct rows of a table-valued parameter whose first column is the organisation.
class Keys {
 public:
  Keys(std::string_view name, SqlType type)
      : input_({{"organization_id", SqlType::Bytes}, {name, type}}) {}

  void add(const Uuid& organization_id, const std::string& text) {
    if (texts_.emplace(organization_id, text).second) input_.add({organization_id, text});
  }
  void add(const Uuid& organization_id, const Uuid& id) {
    if (ids_.emplace(organization_id, id).second) input_.add({organization_id, id});
  }
  const SqlInput& input() const { return input_; }

 private:
  SqlInput input_;
  std::set<OrgText> texts_;
  std::set<OrgId> ids_;
};

void look_up_sends(Transaction& tx, std::span<const AcceptItem* const> items, AcceptLookup& found) {
  static const std::string sql = fmt::format(
      "SELECT {}, s.request_mac, s.fingerprint FROM {{input}} AS i JOIN email_sends s "
      "ON s.organization_id = i.organization_id AND s.idempotency_key = i.idempotency_key",
      email_send_columns());
  Keys keys("idempotency_key", SqlType::Text);
  for (const auto* item : items) keys.add(item->organization_id, item->request.idempotency_key);
  for (const auto& row : tx.query(sql, keys.input())) {
    KnownSend known{read_email_send(row, 0), row[row.size() - 2].bytes(),
                    row[row.size() - 1].bytes()};
    OrgText key{known.send.organization_id, known.send.idempotency_key};
    found.sends.emplace(std::move(key), std::move(known));
  }
}

Items unresolved(std::span<const AcceptItem* const> items, const AcceptLookup& found) {
  Items open;
  for (const auto* item : items) {
    const auto known = found.sends.find({item->organization_id, item->request.idempotency_key});
    if (known == found.sends.end() || known->second.request_mac != item->request_mac) {
      open.push_back(item);
    }
  }
  return open;
}

void keep_templates(const SqlRows& rows, AcceptLookup& found) {
  for (const auto& row : rows) {
    const Uuid organization_id = row[0].uuid();
    KnownTemplate known{row[1].uuid(),          row[2].optional_text(), row[3].text(),
                        row[4].text(),          row[5].boolean(),       row[6].text(),
                        row[7].optional_uuid(), row[8].uuid(),          nullptr};
    if (known.key) found.template_keys[{organization_id, *known.key}] = known.id;
    found.templates.emplace(OrgId{organization_id, known.id}, std::move(known));
  }
}

// Compiling takes long, so what is not compiled yet is left to those who make drafts.
void find_compiled(const Items& items, AcceptLookup& found, TemplateCache& cache) {
  for (auto& [key, known] : found.templates) {
    known.compiled = cache.find(known.snapshot_id);
    if (known.compiled) continue;
    for (const auto* item : items) {
      const auto& draft = item->draft;
      if (draft && draft->made_from.snapshot_id == known.snapshot_id) {
        known.compiled = draft->made_from.compiled;
      }
    }
  }
}

void look_up_templates(Transaction& tx, const Items& items, AcceptLookup& found,
                       TemplateCache& cache) {
  static constexpr std::string_view kById =
      "SELECT t.organization_id, t.id, t.key, t.status, t.purpose, t.is_complete, t.problems, "
      "t.sender_profile_id, t.snapshot_id FROM {input} AS i JOIN templates t "
      "ON t.organization_id = i.organization_id AND t.id = i.id";
  static constexpr std::string_view kByKey =
      "SELECT t.organization_id, t.id, t.key, t.status, t.purpose, t.is_complete, t.problems, "
      "t.sender_profile_id, t.snapshot_id FROM {input} AS i JOIN templates t "
      "ON t.organization_id = i.organization_id AND t.key = i.key";
  Keys by_id("id", SqlType::Bytes);
  Keys by_key("key", SqlType::Text);
  for (const auto* item : items) {
    if (const auto* key = std::get_if<TemplateKey>(&item->request.template_ref)) {
      by_key.add(item->organization_id, key->value);
    } else {
      by_id.add(item->organization_id, std::get<Uuid>(item->request.template_ref));
    }
  }
  keep_templates(tx.query(kById, by_id.input()), found);
  keep_templates(tx.query(kByKey, by_key.input()), found);
  find_compiled(items, found, cache);
}

void look_up_brands(Transaction& tx, AcceptLookup& found) {
  std::set<Uuid> organization_ids;
  for (const auto& [key, known] : found.templates) {
    if (known.compiled && known.compiled->reads_brand) organization_ids.insert(key.first);
  }
  if (!organization_ids.empty()) found.brands = default_brands(tx, organization_ids);
}

KnownProfile keep_profile(const SqlRow& row, AcceptLookup& found) {
  const Uuid organization_id = row[0].uuid();
  KnownProfile known{row[1].uuid(), row[2].text(), row[3].text(), row[4].text(), !row[5].is_null()};
  found.profiles_by_email[{organization_id, known.email_key}] = known.id;
  found.profiles.emplace(OrgId{organization_id, known.id}, known);
  return known;
}

void look_up_profiles(Transaction& tx, const Items& items, AcceptLookup& found) {
  static constexpr std::string_view kById =
      "SELECT p.organization_id, p.id, p.email, p.email_key, p.properties, p.erased_at "
      "FROM {input} AS i JOIN profiles p ON p.organization_id = i.organization_id AND p.id = i.id";
  static constexpr std::string_view kByEmail =
      "SELECT p.organization_id, p.id, p.email, p.email_key, p.properties, p.erased_at "
      "FROM {input} AS i JOIN profiles p "
      "ON p.organization_id = i.organization_id AND p.email_key = i.email_key";
  static constexpr std::string_view kByExternalId =
      "SELECT p.organization_id, p.id, p.email, p.email_key, p.properties, p.erased_at, "
      "x.external_id "
      "FROM {input} AS i JOIN profile_external_ids x "
      "ON x.organization_id = i.organization_id AND x.external_id = i.external_id "
      "JOIN profiles p ON p.organization_id = x.organization_id AND p.id = x.profile_id";
  Keys by_id("id", SqlType::Bytes);
  Keys by_email("email_key", SqlType::Text);
  Keys by_external_id("external_id", SqlType::Text);
  for (const auto* item : items) {
    const SendRequest& request = item->request;
    if (request.profile_id) by_id.add(item->organization_id, *request.profile_id);
    if (request.external_id) by_external_id.add(item->organization_id, *request.external_id);
    if (request.to) {
      by_email.add(item->organization_id, request.to->key());
      by_email.add(item->organization_id, item->erased_key);
    }
  }
  for (const auto& row : tx.query(kById, by_id.input())) keep_profile(row, found);
  for (const auto& row : tx.query(kByEmail, by_email.input())) keep_profile(row, found);
  for (const auto& row : tx.query(kByExternalId, by_external_id.input())) {
    const KnownProfile known = keep_profile(row, found);
    found.profiles_by_external_id[{row[0].uuid(), row[6].text()}] = known.id;
  }
}

void keep_senders(const SqlRows& rows, AcceptLookup& found) {
  for (const auto& row : rows) {
    const Uuid organization_id = row[0].uuid();
    KnownSender known{row[1].uuid(), row[2].text(), row[3].text(), !row[5].is_null(),
                      row[6].text() == kDomainVerified};
    found.senders_by_email[{organization_id, row[4].text()}] = known.id;
    found.senders.emplace(OrgId{organization_id, known.id}, std::move(known));
  }
}

void look_up_senders(Transaction& tx, const Items& items, AcceptLookup& found) {
  static constexpr std::string_view kById =
      "SELECT p.organization_id, p.id, p.name, p.email, p.email_key, p.removed_at, d.status "
      "FROM {input} AS i JOIN sender_profiles p "
      "ON p.organization_id = i.organization_id AND p.id = i.id "
      "JOIN sending_domains d ON d.organization_id = p.organization_id AND d.id = p.domain_id";
  static constexpr std::string_view kByEmail =
      "SELECT p.organization_id, p.id, p.name, p.email, p.email_key, p.removed_at, d.status "
      "FROM {input} AS i JOIN sender_profiles p "
      "ON p.organization_id = i.organization_id AND p.email_key = i.email_key "
      "JOIN sending_domains d ON d.organization_id = p.organization_id AND d.id = p.domain_id";
  Keys by_id("id", SqlType::Bytes);
  Keys by_email("email_key", SqlType::Text);
  for (const auto* item : items) {
    const SendRequest& request = item->request;
    if (request.sender_profile_id) by_id.add(item->organization_id, *request.sender_profile_id);
    if (request.from) by_email.add(item->organization_id, request.from->key());
  }
  for (const auto& [key, known] : found.templates) {
    if (known.sender_profile_id) by_id.add(key.first, *known.sender_profile_id);
    if (known.compiled && known.compiled->from)
      by_email.add(key.first, known.compiled->from->key());
  }
  keep_senders(tx.query(kById, by_id.input()), found);
  keep_senders(tx.query(kByEmail, by_email.input()), found);
}

void look_up_domains(Transaction& tx, const Items& items, AcceptLookup& found) {
  Keys domains("domain", SqlType::Text);
  for (const auto* item : items) {
    if (item->request.reply_to) {
      domains.add(item->organization_id, item->request.reply_to->domain());
    }
  }
  for (const auto& [key, known] : found.templates) {
    if (!known.compiled || !known.compiled->reply_to) continue;
    domains.add(key.first, known.compiled->reply_to->domain());
  }
  for (const auto& row :
       tx.query("SELECT d.organization_id, d.domain FROM {input} AS i JOIN sending_domains d "
                "ON d.organization_id = i.organization_id AND d.domain = i.domain "
                "WHERE d.status = $1",
                domains.input(), {kDomainVerified})) {
    found.verified_domains.emplace(row[0].uuid(), row[1].text());
  }
}

// The profiles that the item's identities lead to, in no order; more than one is a conflict.
std::vector<Uuid> candidate_profiles(const AcceptItem& item, const AcceptLookup& found) {
  const Uuid& organization_id = item.organization_id;
  const SendRequest& request = item.request;
  std::vector<Uuid> ids;
  const auto add = [&](const auto& map, const std::string& text) {
    const auto known = map.find({organization_id, text});
    if (known != map.end()) ids.push_back(known->second);
  };
  if (request.profile_id) ids.push_back(*request.profile_id);
  if (request.to) add(found.profiles_by_email, request.to->key());
  if (request.external_id) add(found.profiles_by_external_id, *request.external_id);
  return ids;
}

// The profiles that an item names are known by now, so gates are asked for exactly those.
void look_up_gates(Transaction& tx, const Items& items, AcceptLookup& found) {
  Keys groups("id", SqlType::Bytes);
  SqlInput choices({{"organization_id", SqlType::Bytes},
                    {"group_id", SqlType::Bytes},
                    {"profile_id", SqlType::Bytes}});
  Keys addresses("email_key", SqlType::Text);
  for (const auto& [key, profile] : found.profiles) addresses.add(key.first, profile.email_key);
  for (const auto* item : items) {
    const auto& organization_id = item->organization_id;
    if (item->request.to) addresses.add(organization_id, item->request.to->key());
    const auto& group_id = item->request.subscription_group_id;
    if (!group_id) continue;
    groups.add(organization_id, *group_id);
    for (const Uuid& id : candidate_profiles(*item, found))
      choices.add({organization_id, *group_id, id});
  }
  for (const auto& row : tx.query("SELECT g.organization_id, g.id, g.policy FROM {input} AS i "
                                  "JOIN subscription_groups g "
                                  "ON g.organization_id = i.organization_id AND g.id = i.id",
                                  groups.input())) {
    found.groups[{row[0].uuid(), row[1].uuid()}] = parse_subscription_policy(row[2].text()).value();
  }
  for (const auto& row : tx.query("SELECT s.group_id, s.profile_id, s.subscribed FROM {input} AS i "
                                  "JOIN subscriptions s ON s.organization_id = i.organization_id "
                                  "AND s.group_id = i.group_id AND s.profile_id = i.profile_id",
                                  choices)) {
    found.choices[{row[0].uuid(), row[1].uuid()}] = row[2].boolean();
  }
  for (const auto& row :
       tx.query("SELECT s.organization_id, s.email_key FROM {input} AS i JOIN suppressions s "
                "ON s.organization_id = i.organization_id AND s.email_key = i.email_key",
                addresses.input())) {
    found.suppressed.emplace(row[0].uuid(), row[1].text());
  }
}

}  // namespace

AcceptLookup look_up(Transaction& tx, std::span<const AcceptItem* const> items,
                     TemplateCache& templates) {
  AcceptLookup found;
  found.now = tx.now();
  look_up_sends(tx, items, found);
  const Items open = unresolved(items, found);
  if (open.empty()) return found;
  look_up_templates(tx, open, found, templates);
  look_up_brands(tx, found);
  look_up_profiles(tx, open, found);
  look_up_senders(tx, open, found);
  look_up_domains(tx, open, found);
  look_up_gates(tx, open, found);
  look_up_days(tx, open, found);
  return found;
}

}  // namespace segmentflow
