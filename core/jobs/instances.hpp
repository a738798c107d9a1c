// The processes that share a database, their signs of life, and what happens when one is gone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/jobs/jobs.hpp"

namespace segmentflow {

enum class InstanceRole { Serve, Mcp };
std::string_view to_string(InstanceRole role);

struct Instance {
  Uuid id;
  std::int64_t epoch = 0;
  InstanceRole role = InstanceRole::Serve;
  std::string host;
  std::int64_t process_id = 0;
  std::string version;
};

struct LeaseTimes {
  Time heartbeat = 5 * kMicrosPerSecond;  // between signs of life
  Time expiry = 30 * kMicrosPerSecond;    // without one, the instance's leases are free
};

void register_instance(Transaction& tx, const Instance& instance, const LeaseTimes& times);

// Renews the sign of life; gives its time. nullopt when the instance was declared gone meanwhile:
// all its leases are lost, and it must register again with the next epoch.
std::optional<Time> heartbeat(Transaction& tx, const Lease& lease, const LeaseTimes& times);

// Takes the instance off the list. It claims nothing after that, so what it held is freed next, in
// the same transaction.
void unregister_instance(Transaction& tx, const Uuid& instance);

struct KnownInstance {
  Lease lease;
  InstanceRole role;
  std::string host;
  std::int64_t process_id = 0;
  std::string version;
  Time started_at = 0;
  Time heartbeat_at = 0;
  Time expires_at = 0;
};
std::vector<KnownInstance> list_instances(Transaction& tx);

// Jobs under the lease of an instance that is not on the list, so that nobody will free them: a
// defect, 0 in a sound database.
std::int64_t count_orphaned_jobs(Transaction& tx);

}  // namespace segmentflow
