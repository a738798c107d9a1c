// The engine of this process, put together: every part in the order in which it is made; they end
// in the reverse order.
#pragma once

#include <memory>
#include <optional>

#include "app/delivery_host.hpp"
#include "app/settings.hpp"
#include "core/base/elapsed.hpp"
#include "core/engine/engine.hpp"
#include "core/jobs/membership.hpp"
#include "tools/dispatcher.hpp"

namespace segmentflow::app {

inline constexpr std::string_view kVersion = SEGMENTFLOW_VERSION;

// Opens the database of the settings and checks that it is ours: schema, secret. NotFound with the
// folder and the command to run when there is no installation; Conflict for another secret, and for
// an installation that was moved.
class Runtime {
 public:
  static Result<std::unique_ptr<Runtime>> open(Settings settings);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Settings& settings() const { return settings_; }
  const InstallationSecret& secret() const { return secret_; }
  Database& database() { return *database_; }
  Committer& committer() { return *committer_; }
  IdSource& ids() { return ids_; }
  Entropy& entropy() { return entropy_; }
  const Clock& clock() const { return clock_; }
  const Engine& engine() const { return *engine_; }
  const Registry& registry() const { return registry_; }
  Dispatcher& dispatcher() { return *dispatcher_; }

  // Takes part: joins the list of instances and delivers where it is this process's turn.
  Result<void> join(InstanceRole role);
  // Finishes deliveries past DATA within `patience` and leaves the list.
  void leave(std::chrono::milliseconds patience);

  // nullopt before join().
  std::optional<DeliveryHost::Totals> delivery_totals() const;

 private:
  Runtime(Settings settings, InstallationSecret secret, std::unique_ptr<Database> database);
  DeliveryStatus delivery_status();
  void wake_delivery();
  void warn_of_held_jobs();

  Settings settings_;
  InstallationSecret secret_;
  SystemClock clock_;
  BootTime elapsed_;
  SystemEntropy entropy_;
  IdSource ids_{clock_, entropy_};
  TemplateCache templates_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<AcceptSends> accept_sends_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Composer> composer_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<RenderWorkers> previews_;
  std::unique_ptr<Engine> engine_;
  Registry registry_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<Acceptor> acceptor_;

  mutable std::mutex joined_mutex_;
  std::shared_ptr<Membership> membership_;
  std::shared_ptr<DeliveryHost> delivery_;
};

// The database of the settings, with the schema that this version needs. NotFound, Conflict as for
// Runtime::open; whose installation it is, and whether it was moved, is not looked at.
Result<std::unique_ptr<Database>> open_existing_database(const Settings& settings);

// The URL's database with its schema up to date and the installation in it, made where it is
// missing. Only `serve` and `init` call it.
Result<void> initialise(const Settings& settings);

}  // namespace segmentflow::app
