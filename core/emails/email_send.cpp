#include "core/emails/email_send.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/store/row_versions.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

constexpr std::int64_t kRecentRowsMax = 1'000;

using describe::Json;

constexpr std::array<std::string_view, 5> kStatuses = {"Queued", "Processing", "Sent", "Failed",
                                                       "Skipped"};
constexpr std::array<std::string_view, 8> kSkippedReasons = {
    "ProfileUnsubscribed", "ProfileSuppressed", "ProfileErased", "InvalidSenderProfile",
    "DomainNotVerified",   "AdmissionDenied",   "RateLimited",   "PolicyBlocked"};
constexpr std::array<std::string_view, 6> kFailureReasons = {
    "RenderFailed", "ProviderRejected", "ProviderUnavailable",
    "WorkerFailed", "OutcomeUnknown",   "RenderCrashed"};

template <class Enum, std::size_t N>
Enum parse_name(const std::array<std::string_view, N>& names, const std::string& text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  throw std::logic_error("the database holds an unknown name: " + text);
}

template <class Enum, std::size_t N>
std::optional<Enum> parse_optional_name(const std::array<std::string_view, N>& names,
                                        const SqlValue& value) {
  if (value.is_null()) return std::nullopt;
  return parse_name<Enum>(names, value.text());
}

std::vector<Address> addresses_from_json(const std::string& text) {
  std::vector<Address> addresses;
  if (text == "[]") return addresses;
  for (const Json& entry : Json::parse(text)) {
    Address address{entry.at("email").get<std::string>(), std::nullopt};
    if (entry.contains("name")) address.name = entry.at("name").get<std::string>();
    addresses.push_back(std::move(address));
  }
  return addresses;
}

std::optional<Address> optional_address(const SqlValue& email, const SqlValue& name) {
  if (email.is_null()) return std::nullopt;
  return Address{email.text(), name.optional_text()};
}

}  // namespace

std::string_view to_string(SendStatus status) {
  return kStatuses.at(static_cast<std::size_t>(status));
}
std::string_view to_string(SkippedReason reason) {
  return kSkippedReasons.at(static_cast<std::size_t>(reason));
}
std::string_view to_string(FailureReason reason) {
  return kFailureReasons.at(static_cast<std::size_t>(reason));
}

SendStatus parse_send_status(const std::string& name) {
  return parse_name<SendStatus>(kStatuses, name);
}
std::optional<FailureReason> parse_failure_reason(const SqlValue& name) {
  return parse_optional_name<FailureReason>(kFailureReasons, name);
}

std::string_view email_send_columns() {
  return "s.id, s.organization_id, s.idempotency_key, s.status, s.skipped_reason, "
         "s.failure_reason, "
         "s.failure_message, s.template_id, s.template_snapshot_id, s.sender_profile_id, "
         "s.from_email, s.from_name, s.reply_to_email, s.reply_to_name, s.subject, "
         "s.subscription_group_id, s.profile_id, s.to_email, s.cc, s.bcc, s.click_tracking, "
         "s.at_most_once, s.message_id, s.deadline_at, s.created_at, s.updated_at, "
         "s.approval_id";
}

EmailSend read_email_send(const SqlRow& row, std::size_t first) {
  const auto at = [&](std::size_t i) -> const SqlValue& { return row.at(first + i); };
  EmailSend send;
  send.id = at(0).uuid();
  send.organization_id = at(1).uuid();
  send.idempotency_key = at(2).text();
  send.status = parse_send_status(at(3).text());
  send.skipped_reason = parse_optional_name<SkippedReason>(kSkippedReasons, at(4));
  send.failure_reason = parse_failure_reason(at(5));
  send.failure_message = at(6).optional_text();
  send.template_id = at(7).uuid();
  send.template_snapshot_id = at(8).uuid();
  send.sender_profile_id = at(9).uuid();
  send.from = Address{at(10).text(), at(11).optional_text()};
  send.reply_to = optional_address(at(12), at(13));
  send.subject = at(14).text();
  send.subscription_group_id = at(15).optional_uuid();
  send.profile_id = at(16).uuid();
  send.to_email = at(17).text();
  send.cc = addresses_from_json(at(18).text());
  send.bcc = addresses_from_json(at(19).text());
  send.click_tracking = at(20).boolean();
  send.at_most_once = at(21).boolean();
  send.message_id = at(22).optional_uuid();
  send.deadline_at = at(23).integer();
  send.created_at = at(24).integer();
  send.updated_at = at(25).integer();
  send.approval_id = at(26).optional_uuid();
  return send;
}

std::string addresses_to_json(const std::vector<Address>& addresses) {
  if (addresses.empty()) return "[]";
  Json list = Json::array();
  for (const Address& address : addresses) {
    Json entry = Json::object();
    entry["email"] = address.email;
    if (address.name) entry["name"] = *address.name;
    list.push_back(std::move(entry));
  }
  return describe::dump_json(list);
}

std::map<Uuid, Time> send_versions(Transaction& tx, const std::vector<Uuid>& ids) {
  return row_versions(tx, "email_sends", ids);
}

std::vector<Uuid> recent_sends(Transaction& tx, const Uuid& organization_id, const Uuid& first,
                               const Uuid& last, std::size_t most) {
  // Ids grow with time (UUIDv7), and the index on them is there anyway.
  const auto rows = tx.query(
      "SELECT id FROM (SELECT id, organization_id FROM email_sends WHERE id >= $1 AND id <= $2 "
      "ORDER BY id DESC LIMIT $3) AS newest WHERE organization_id = $4 ORDER BY id DESC LIMIT $5",
      {first, last, kRecentRowsMax, organization_id, static_cast<std::int64_t>(most)});
  std::vector<Uuid> ids;
  for (const auto& row : rows) ids.push_back(row[0].uuid());
  return ids;
}

Result<EmailSend> retrieve_email_send(Transaction& tx, const Uuid& organization_id,
                                      const Uuid& id) {
  static const std::string sql =
      fmt::format("SELECT {} FROM email_sends s WHERE s.organization_id = $1 AND s.id = $2",
                  email_send_columns());
  const auto rows = tx.query(sql, {organization_id, id});
  if (rows.empty()) {
    return fail(ErrorCode::NotFound, fmt::format("There is no EmailSend {}.", id.to_string()),
                {{"/id", "No EmailSend with this id belongs to your organization."}});
  }
  return read_email_send(rows.front(), 0);
}

}  // namespace segmentflow
