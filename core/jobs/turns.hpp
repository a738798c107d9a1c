// Organisations in turn: while more is due than one claim takes, each organisation that has
// something due gets its share of the claim, however long another's queue is.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "core/jobs/jobs.hpp"

namespace segmentflow {

// Where a claimer stands in the round. The first claim after a pause needs none of it.
struct Turns {
  bool is_backlog = false;  // the claim before took all it might, so that more may wait
  Uuid after;               // the round goes on behind this organisation
};

// Organisations that one claim looks at, and that it serves at most, before it takes what is
// longest due whoever's it is. With more of them the round takes several claims.
inline constexpr int kOrganizationsLooked = 256;
inline constexpr int kOrganizationsServed = 16;

// Leases up to `limit` due jobs, suspects not among them. None for a lease whose instance is not on
// the list (declared gone, and not back yet): nobody would free them if it died. Moves `turns` on.
std::vector<ClaimedJob> claim_in_turn(Transaction& tx, JobKind kind, const Lease& lease, int limit,
                                      Turns& turns);

// The same from organisations that are not among `busy` alone.
std::vector<ClaimedJob> claim_for_others(Transaction& tx, JobKind kind, const Lease& lease,
                                         int limit, const std::set<Uuid>& busy, Turns& turns);

}  // namespace segmentflow
