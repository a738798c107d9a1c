// The guards of API keys where emails are accepted.
#pragma once

#include <map>

#include "core/base/error.hpp"
#include "core/emails/accept_lookup.hpp"

namespace segmentflow {

// The day of that time, in UTC, counted from 1970 on.
std::int64_t day_of(Time time);

// Whether the key may send this: TemplateNotAllowed, RecipientNotAllowed. `profile` is the resolved
// recipient.
Result<void> check_guards(const AcceptItem& item, const KnownTemplate& used,
                          const KnownProfile& profile);

// Takes one email from what the key may send today, as `lookup` knows it: DailyLimitReached.
Result<void> take_from_day(const AcceptItem& item, AcceptLookup& lookup);

// Reads what keys with a daily limit have sent today.
void look_up_days(Transaction& tx, std::span<const AcceptItem* const> items, AcceptLookup& found);

// Counts what is made for keys with a daily limit. False when another process has counted
// meanwhile, so that the limit would be passed: the list is to be decided again.
struct DayCount {
  Uuid organization_id;
  std::int64_t sends = 0;
  std::int64_t limit = 0;
};
bool count_days(Transaction& tx, const std::map<Uuid, DayCount>& made, Time now);

// Deletes up to `limit` counts of days that are over. Their number.
std::int64_t purge_days(Transaction& tx, Time now, int limit);

}  // namespace segmentflow
