// What an operator sees and decides about the queue: who works on it, and whether it goes out.
#include <fmt/format.h>

#include <map>

#include "app/commands/administration.hpp"
#include "app/commands/commands.hpp"
#include "core/jobs/instances.hpp"
#include "core/jobs/provenance.hpp"

namespace segmentflow::app {

int run_nodes(const Settings& settings) {
  auto runtime = Runtime::open(settings);
  if (!runtime) return report(runtime.error());
  std::vector<KnownInstance> instances;
  std::map<Uuid, std::int64_t> jobs;
  std::int64_t held = 0;
  Time now = 0;
  const auto read = (*runtime)->database().read([&](Transaction& tx) {
    now = tx.now();
    instances = list_instances(tx);
    for (const auto& count : count_leased_jobs(tx)) jobs[count.instance] = count.jobs;
    held = count_held_jobs(tx);
  });
  if (!read) return report(read.error());
  fmt::print("{:<36}  {:<5}  {:<20}  {:>8}  {:<10}  {:<24}  {:<24}  {:>6}\n", "ID", "ROLE", "HOST",
             "PROCESS", "STATE", "STARTED", "LAST SEEN", "EMAILS");
  for (const auto& instance : instances) {
    const bool is_gone = instance.expires_at <= now ||
                         (*runtime)->database().instance_is_gone(instance.lease.instance);
    fmt::print("{:<36}  {:<5}  {:<20}  {:>8}  {:<10}  {:<24}  {:<24}  {:>6}\n",
               instance.lease.instance.to_string(), to_string(instance.role), instance.host,
               instance.process_id, is_gone ? "gone" : "alive", to_iso8601(instance.started_at),
               to_iso8601(instance.heartbeat_at), jobs[instance.lease.instance]);
  }
  if (held > 0) {
    fmt::print(
        "{} emails are on hold, because this database is a restored copy and the original may "
        "have sent them. Run segmentflow resume to deliver them.\n",
        held);
  }
  return 0;
}

int run_resume(const Settings& settings) {
  std::int64_t resumed = 0;
  const auto done = administer(settings, [&](Runtime&, Transaction& tx) -> Result<void> {
    resumed = resume_queue(tx);
    return {};
  });
  if (!done) return report(done.error());
  fmt::print("{} emails that were on hold are due now.\n", resumed);
  return 0;
}

}  // namespace segmentflow::app
