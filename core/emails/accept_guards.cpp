#include "core/emails/accept_guards.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace segmentflow {
namespace {

constexpr Time kMicrosPerDay = 24 * 3'600 * kMicrosPerSecond;

tl::unexpected<Error> refuse(ErrorCode code, std::string path, std::string message) {
  return fail(code, message, {{std::move(path), message}});
}

// The list, as far as it fits into a sentence.
std::string some_of(const std::vector<std::string>& list) {
  constexpr std::size_t kShown = 10;
  const std::size_t shown = std::min(kShown, list.size());
  const std::string text = fmt::format(
      "{}", fmt::join(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return shown == list.size() ? text : fmt::format("{} and {} more", text, list.size() - shown);
}

Result<void> check_recipient(const Guards& guards, const std::string& email, std::string path) {
  if (guards.recipients.empty()) return {};
  const auto address = parse_address(email);
  if (address && guards.allow_recipient(*address)) return {};
  return refuse(ErrorCode::RecipientNotAllowed, std::move(path),
                fmt::format("This API key may not write to {}, only to: {}. Ask the operator for "
                            "another key where that is not enough.",
                            email, some_of(guards.recipients)));
}

}  // namespace

std::int64_t day_of(Time time) {
  return time / kMicrosPerDay;
}

Result<void> check_guards(const AcceptItem& item, const KnownTemplate& used,
                          const KnownProfile& profile) {
  if (!item.guards) return {};
  const Guards& guards = *item.guards;
  if (!guards.allow_template(used.id, used.key)) {
    const bool by_key = std::holds_alternative<TemplateKey>(item.request.template_ref);
    return refuse(ErrorCode::TemplateNotAllowed, by_key ? "/templateKey" : "/templateId",
                  fmt::format("This API key may not send this template, only: {}. Ask the operator "
                              "for another key where that is not enough.",
                              some_of(guards.templates)));
  }
  const std::string to = item.request.to           ? "/to/email"
                         : item.request.profile_id ? "/profileId"
                                                   : "/to/externalId";
  if (!profile.erased) {
    if (auto allowed = check_recipient(guards, profile.email, to); !allowed) return allowed;
  }
  for (const auto& [name, copies] :
       {std::pair("cc", &item.request.cc), std::pair("bcc", &item.request.bcc)}) {
    for (std::size_t i = 0; i < copies->size(); ++i) {
      auto allowed = check_recipient(guards, (*copies)[i].email, fmt::format("/{}/{}", name, i));
      if (!allowed) return allowed;
    }
  }
  return {};
}

Result<void> take_from_day(const AcceptItem& item, AcceptLookup& lookup) {
  if (!item.guards || !item.guards->sends_per_day) return {};
  std::int64_t& sent = lookup.sends_today[item.api_key_id];
  if (sent < *item.guards->sends_per_day) {
    ++sent;
    return {};
  }
  auto refusal = refuse(ErrorCode::DailyLimitReached, "",
                        fmt::format("This API key may send {} emails a day (UTC) and has sent "
                                    "them. Try again tomorrow, or ask the operator.",
                                    *item.guards->sends_per_day));
  const Time tomorrow = (day_of(lookup.now) + 1) * kMicrosPerDay;
  refusal.value().retry_after_s = static_cast<int>((tomorrow - lookup.now) / kMicrosPerSecond) + 1;
  return refusal;
}

void look_up_days(Transaction& tx, std::span<const AcceptItem* const> items, AcceptLookup& found) {
  SqlInput keys({{"api_key_id", SqlType::Bytes}});
  for (const auto* item : items) {
    if (!item->guards || !item->guards->sends_per_day) continue;
    if (found.sends_today.emplace(item->api_key_id, 0).second) keys.add({item->api_key_id});
  }
  if (keys.rows().empty()) return;
  for (const auto& row : tx.query("SELECT d.api_key_id, d.sends FROM {input} AS i "
                                  "JOIN api_key_days d ON d.api_key_id = i.api_key_id "
                                  "AND d.day = $1",
                                  keys, {day_of(found.now)})) {
    found.sends_today[row[0].uuid()] = row[1].integer();
  }
}

bool count_days(Transaction& tx, const std::map<Uuid, DayCount>& made, Time now) {
  if (made.empty()) return true;
  SqlInput days({{"organization_id", SqlType::Bytes},
                 {"api_key_id", SqlType::Bytes},
                 {"sends", SqlType::Integer},
                 {"most", SqlType::Integer}});
  // In the order of the map, so that processes cannot wait for each other in a circle.
  for (const auto& [key_id, count] : made) {
    days.add({count.organization_id, key_id, count.sends, count.limit});
  }
  tx.query(
      "INSERT INTO api_key_days (organization_id, api_key_id, day, sends) "
      "SELECT i.organization_id, i.api_key_id, $1, 0 FROM {input} AS i WHERE 1 = 1 "
      "ON CONFLICT (api_key_id, day) DO NOTHING",
      days, {day_of(now)});
  tx.query(
      "UPDATE api_key_days SET sends = api_key_days.sends + i.sends FROM {input} AS i "
      "WHERE api_key_days.api_key_id = i.api_key_id AND api_key_days.day = $1 "
      "AND api_key_days.sends + i.sends <= i.most",
      days, {day_of(now)});
  return tx.changes() == static_cast<std::int64_t>(made.size());
}

std::int64_t purge_days(Transaction& tx, Time now, int limit) {
  tx.query(
      "DELETE FROM api_key_days WHERE row_id IN (SELECT d.row_id FROM api_keys k "
      "JOIN api_key_days d ON d.api_key_id = k.id AND d.day < $1 LIMIT $2)",
      {day_of(now), limit});
  return tx.changes();
}

}  // namespace segmentflow
