#include "core/jobs/turns.hpp"

#include <algorithm>

namespace segmentflow {
namespace {

// One step for each organisation that has jobs, whatever their number.
constexpr std::string_view kRound =
    "WITH RECURSIVE o(id, n) AS ("
    "SELECT (SELECT organization_id FROM jobs WHERE crashes = 0 AND organization_id > $1 "
    "ORDER BY organization_id LIMIT 1), 1 "
    "UNION ALL "
    "SELECT (SELECT j.organization_id FROM jobs j WHERE j.crashes = 0 "
    "AND j.organization_id > o.id ORDER BY j.organization_id LIMIT 1), n + 1 "
    "FROM o WHERE o.id IS NOT NULL AND n < $2) "
    "SELECT o.id, CASE WHEN EXISTS (SELECT 1 FROM jobs j WHERE j.organization_id = o.id "
    "AND j.crashes = 0 AND j.due_at <= $3 AND j.lease_instance IS NULL AND j.kind = $4) "
    "THEN 1 ELSE 0 END FROM o WHERE o.id IS NOT NULL";

// The next organisations that have something due. A round that came to its end begins again with
// the next claim.
std::vector<Uuid> next_organizations(Transaction& tx, JobKind kind, const std::set<Uuid>& busy,
                                     Turns& turns) {
  std::vector<Uuid> due;
  int looked = 0;
  for (const auto& row :
       tx.query(kRound, {turns.after, kOrganizationsLooked, tx.now(), to_string(kind)})) {
    const Uuid organization = row[0].uuid();
    ++looked;
    turns.after = organization;
    if (row[1].integer() == 0 || busy.contains(organization)) continue;
    due.push_back(organization);
    if (due.size() == kOrganizationsServed) return due;
  }
  if (looked < kOrganizationsLooked) turns.after = Uuid{};
  return due;
}

void add(std::vector<ClaimedJob>& claimed, std::vector<ClaimedJob> more) {
  std::move(more.begin(), more.end(), std::back_inserter(claimed));
}

int share_of(int limit, std::size_t organizations) {
  return std::max(1, limit / static_cast<int>(std::max<std::size_t>(organizations, 1)));
}

}  // namespace

std::vector<ClaimedJob> claim_in_turn(Transaction& tx, JobKind kind, const Lease& lease, int limit,
                                      Turns& turns) {
  std::vector<ClaimedJob> claimed;
  if (!may_claim(tx, lease)) return claimed;
  const auto room = [&] { return limit - static_cast<int>(claimed.size()); };
  if (turns.is_backlog) {
    const auto organizations = next_organizations(tx, kind, {}, turns);
    const int share = share_of(limit, organizations.size());
    if (organizations.size() > 1) {
      for (const Uuid& organization : organizations) {
        if (room() == 0) break;
        add(claimed, lease_due_of(tx, kind, lease, std::min(share, room()), organization));
      }
    }
  }
  if (room() > 0) add(claimed, lease_due(tx, kind, lease, room()));
  turns.is_backlog = room() == 0;
  return claimed;
}

std::vector<ClaimedJob> claim_for_others(Transaction& tx, JobKind kind, const Lease& lease,
                                         int limit, const std::set<Uuid>& busy, Turns& turns) {
  std::vector<ClaimedJob> claimed;
  if (!may_claim(tx, lease)) return claimed;
  const auto organizations = next_organizations(tx, kind, busy, turns);
  const int share = share_of(limit, organizations.size());
  for (const Uuid& organization : organizations) {
    const int room = limit - static_cast<int>(claimed.size());
    if (room == 0) break;
    add(claimed, lease_due_of(tx, kind, lease, std::min(share, room), organization));
  }
  return claimed;
}

}  // namespace segmentflow
