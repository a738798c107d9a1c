#include "core/profiles/profiles.hpp"

#include <fmt/format.h>

#include "core/profiles/erasure.hpp"

namespace segmentflow {

std::string_view to_string(SubscriptionPolicy policy) {
  return policy == SubscriptionPolicy::OptIn ? "OptIn" : "OptOut";
}

std::optional<SubscriptionPolicy> parse_subscription_policy(std::string_view text) {
  if (text == "OptIn") return SubscriptionPolicy::OptIn;
  if (text == "OptOut") return SubscriptionPolicy::OptOut;
  return std::nullopt;
}

bool is_subscribed(SubscriptionPolicy policy, std::optional<bool> choice) {
  return choice.value_or(policy == SubscriptionPolicy::OptOut);
}

Result<SubscriptionGroup> add_subscription_group(Transaction& tx, IdSource& ids,
                                                 const Uuid& organization_id, std::string_view name,
                                                 SubscriptionPolicy policy) {
  if (name.empty() || name.size() > 200) {
    return fail(ErrorCode::ValidationFailed, "A subscription group's name has 1 to 200 bytes.");
  }
  tx.query(
      "INSERT INTO subscription_groups (id, organization_id, name, policy, created_at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, name) DO NOTHING",
      {ids.next(), organization_id, name, to_string(policy), tx.now()});
  const auto found = find_subscription_group(tx, organization_id, name);
  if (found && found->policy == policy) return *found;
  return fail(
      ErrorCode::Conflict,
      fmt::format("The subscription group \"{}\" exists with the other policy. A policy cannot "
                  "change; choose another name.",
                  name));
}

std::optional<SubscriptionGroup> find_subscription_group(Transaction& tx,
                                                         const Uuid& organization_id,
                                                         std::string_view id_or_name) {
  const auto id = Uuid::parse(id_or_name);
  const auto rows = id ? tx.query(
                             "SELECT id, name, policy FROM subscription_groups "
                             "WHERE organization_id = $1 AND id = $2",
                             {organization_id, *id})
                       : tx.query(
                             "SELECT id, name, policy FROM subscription_groups "
                             "WHERE organization_id = $1 AND name = $2",
                             {organization_id, id_or_name});
  if (rows.empty()) return std::nullopt;
  return SubscriptionGroup{rows[0][0].uuid(), rows[0][1].text(),
                           parse_subscription_policy(rows[0][2].text()).value()};
}

Uuid ensure_profile(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                    const Address& address) {
  tx.query(
      "INSERT INTO profiles (id, organization_id, email, email_key, properties, created_at, "
      "updated_at) VALUES ($1, $2, $3, $4, '{}', $5, $5) "
      "ON CONFLICT (organization_id, email_key) DO NOTHING",
      {ids.next(), organization_id, address.email, address.key(), tx.now()});
  return tx
      .query("SELECT id FROM profiles WHERE organization_id = $1 AND email_key = $2",
             {organization_id, address.key()})
      .at(0)[0]
      .uuid();
}

void set_subscription(Transaction& tx, const Uuid& organization_id, const Uuid& group_id,
                      const Uuid& profile_id, bool subscribed) {
  tx.query(
      "INSERT INTO subscriptions (organization_id, group_id, profile_id, subscribed, updated_at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (group_id, profile_id) "
      "DO UPDATE SET subscribed = excluded.subscribed, updated_at = excluded.updated_at",
      {organization_id, group_id, profile_id, subscribed, tx.now()});
}

void suppress_address(Transaction& tx, const Uuid& organization_id, const Address& address,
                      std::string_view reason) {
  tx.query(
      "INSERT INTO suppressions (organization_id, email_key, reason, created_at) "
      "VALUES ($1, $2, $3, $4) ON CONFLICT (organization_id, email_key) DO NOTHING",
      {organization_id, address.key(), reason, tx.now()});
}

std::string erased_email_key(const InstallationSecret& secret, std::string_view email_key) {
  return "erased:" + to_base64url(secret.mac("erased-address", email_key));
}

bool is_erased(Transaction& tx, const InstallationSecret& secret, const Uuid& organization_id,
               const Address& address) {
  return !tx.query("SELECT 1 FROM profiles WHERE organization_id = $1 AND email_key = $2",
                   {organization_id, erased_email_key(secret, address.key())})
              .empty();
}

void forget_recipients(Transaction& tx, std::span<const Uuid> send_ids) {
  SqlInput sends({{"id", SqlType::Bytes}});
  for (const Uuid& id : send_ids) sends.add({id});
  tx.query("DELETE FROM email_contents WHERE send_id IN (SELECT i.id FROM {input} AS i)", sends);
  tx.query(
      "UPDATE email_sends SET to_email = $1, subject = '', cc = '[]', bcc = '[]', "
      "failure_message = NULL, updated_at = $2 FROM {input} AS i WHERE email_sends.id = i.id",
      sends, {kErasedAddress, tx.now()});
  forget_answers(tx, send_ids);
}

Result<void> erase_profile(Transaction& tx, const InstallationSecret& secret,
                           const Uuid& organization_id, const Uuid& profile_id) {
  if (tx.query("SELECT 1 FROM profiles WHERE organization_id = $1 AND id = $2",
               {organization_id, profile_id})
          .empty()) {
    return fail(ErrorCode::NotFound, "There is no such Profile.");
  }
  mark_erased(tx, secret, organization_id, profile_id);
  std::vector<Uuid> sends;
  for (const auto& row :
       tx.query("SELECT id FROM email_sends WHERE organization_id = $1 AND profile_id = $2",
                {organization_id, profile_id})) {
    sends.push_back(row[0].uuid());
  }
  forget_recipients(tx, sends);
  return {};
}

}  // namespace segmentflow
