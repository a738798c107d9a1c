#include "core/jobs/instances.hpp"

namespace segmentflow {

std::string_view to_string(InstanceRole role) {
  return role == InstanceRole::Serve ? "serve" : "mcp";
}

void register_instance(Transaction& tx, const Instance& instance, const LeaseTimes& times) {
  const Time now = tx.now();
  tx.query(
      "INSERT INTO instances (id, epoch, role, host, process_id, version, started_at, "
      "heartbeat_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
      {instance.id, instance.epoch, to_string(instance.role), instance.host, instance.process_id,
       instance.version, now, now + times.expiry});
}

std::optional<Time> heartbeat(Transaction& tx, const Lease& lease, const LeaseTimes& times) {
  const Time now = tx.now();
  tx.query("UPDATE instances SET heartbeat_at = $1, expires_at = $2 WHERE id = $3 AND epoch = $4",
           {now, now + times.expiry, lease.instance, lease.epoch});
  if (tx.changes() != 1) return std::nullopt;
  return now;
}

void unregister_instance(Transaction& tx, const Uuid& instance) {
  tx.query("DELETE FROM instances WHERE id = $1", {instance});
}

std::vector<KnownInstance> list_instances(Transaction& tx) {
  std::vector<KnownInstance> instances;
  for (const auto& row :
       tx.query("SELECT id, epoch, role, host, process_id, version, started_at, heartbeat_at, "
                "expires_at FROM instances "
                "ORDER BY row_id")) {
    instances.push_back({{row[0].uuid(), row[1].integer()},
                         row[2].text() == "serve" ? InstanceRole::Serve : InstanceRole::Mcp,
                         row[3].text(),
                         row[4].integer(),
                         row[5].text(),
                         row[6].integer(),
                         row[7].integer(),
                         row[8].integer()});
  }
  return instances;
}

std::int64_t count_orphaned_jobs(Transaction& tx) {
  return tx
      .query(
          "SELECT count(*) FROM jobs WHERE lease_instance IS NOT NULL "
          "AND lease_instance NOT IN (SELECT id FROM instances)")
      .at(0)[0]
      .integer();
}

}  // namespace segmentflow
