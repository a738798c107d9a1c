#include "core/senders/senders.hpp"

#include <fmt/format.h>

namespace segmentflow {

Result<SendingDomain> add_sending_domain(Transaction& tx, IdSource& ids,
                                         const Uuid& organization_id, std::string_view domain) {
  // By way of an address, which is what senders on it will have.
  const auto address = parse_address(fmt::format("postmaster@{}", domain));
  if (!address || domain.ends_with(' ')) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("\"{}\" is not a domain name such as mail.example.com.{}", domain,
                            address ? "" : " " + address.error()));
  }
  tx.query(
      "INSERT INTO sending_domains (id, organization_id, domain, status, created_at, updated_at) "
      "VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (organization_id, domain) DO NOTHING",
      {ids.next(), organization_id, address->domain(), kDomainVerified, tx.now()});
  const auto rows = tx.query(
      "SELECT id, domain, status FROM sending_domains WHERE organization_id = $1 AND domain = $2",
      {organization_id, address->domain()});
  return SendingDomain{rows.at(0)[0].uuid(), rows.at(0)[1].text(), rows.at(0)[2].text()};
}

Result<SenderProfile> add_sender_profile(Transaction& tx, IdSource& ids,
                                         const Uuid& organization_id, const Address& address) {
  const auto domains = tx.query(
      "SELECT id FROM sending_domains WHERE organization_id = $1 AND domain = $2 AND status = $3",
      {organization_id, address.domain(), kDomainVerified});
  if (domains.empty()) {
    return fail(
        ErrorCode::InvalidSenderProfile,
        fmt::format("{} is not a verified sending domain. Add it first: segmentflow domains "
                    "add {}.",
                    address.domain(), address.domain()));
  }
  const std::string name = address.name.value_or("");
  tx.query(
      "INSERT INTO sender_profiles (id, organization_id, domain_id, name, email, email_key, "
      "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) "
      "ON CONFLICT (organization_id, email_key) DO UPDATE SET name = excluded.name, "
      "email = excluded.email, domain_id = excluded.domain_id, removed_at = NULL",
      {ids.next(), organization_id, domains.at(0)[0].uuid(), name, address.email, address.key(),
       tx.now()});
  return find_sender_profile(tx, organization_id, address);
}

std::vector<SenderProfile> usable_sender_profiles(Transaction& tx, const Uuid& organization_id) {
  const auto rows = tx.query(
      "SELECT p.id, p.name, p.email FROM sender_profiles p JOIN sending_domains d "
      "ON d.id = p.domain_id AND d.organization_id = p.organization_id "
      "WHERE p.organization_id = $1 AND p.removed_at IS NULL AND d.status = $2 ORDER BY p.id",
      {organization_id, kDomainVerified});
  std::vector<SenderProfile> usable;
  for (const auto& row : rows) usable.push_back({row[0].uuid(), row[1].text(), row[2].text()});
  return usable;
}

Result<SenderProfile> find_sender_profile(Transaction& tx, const Uuid& organization_id,
                                          const Address& address) {
  const auto rows = tx.query(
      "SELECT id, name, email FROM sender_profiles WHERE organization_id = $1 "
      "AND email_key = $2 AND removed_at IS NULL",
      {organization_id, address.key()});
  if (rows.empty()) {
    return fail(ErrorCode::InvalidSenderProfile,
                fmt::format("{} is not a sender profile. Add it first: segmentflow senders add "
                            "\"Name <{}>\".",
                            address.email, address.email));
  }
  return SenderProfile{rows.at(0)[0].uuid(), rows.at(0)[1].text(), rows.at(0)[2].text()};
}

}  // namespace segmentflow
