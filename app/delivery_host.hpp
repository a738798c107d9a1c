// Runs delivery in this process as the installation's settings say: makes the transport for the URL
// in the database, follows it when it changes, and leaves delivering to a live server where that is
// due.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/settings.hpp"
#include "core/delivery/delivery_loop.hpp"
#include "core/engine/engine.hpp"

namespace segmentflow::app {

// Thread-safe.
class DeliveryHost {
 public:
  DeliveryHost(const Settings& settings, InstanceRole role, Database& database,
               Committer& committer, Membership& membership, Composer& composer, IdSource& ids,
               Entropy& entropy, const Clock& clock, const InstallationSecret& secret);
  ~DeliveryHost();

  void start();
  void wake();
  void stop(std::chrono::milliseconds patience);

  DeliveryStatus status() const;

  struct Totals {
    std::uint64_t sent = 0, failed = 0, skipped = 0, deferred = 0, unknown = 0, late = 0;
    std::uint64_t copies_sent = 0, copies_failed = 0, copies_deferred = 0;
    std::map<RelayState::Refusal, std::uint64_t> refusals;
    int in_flight = 0;
    std::vector<RelayTrouble> troubles;  // now
  };
  Totals totals() const;

 private:
  // A transport and its loop, for one URL.
  struct Line {
    std::string url;
    std::unique_ptr<MailTransport> transport;
    std::unique_ptr<DeliveryLoop> loop;
  };

  void run();
  void follow_settings();
  std::shared_ptr<Line> make_line(const std::string& url);
  void end_line(std::chrono::milliseconds patience);
  void purge_old();
  void end_overdue_sends();
  void tell_troubles();
  static void add_counters(Totals& totals, const DeliveryLoop& loop);

  const Settings& settings_;
  const InstanceRole role_;
  Database& database_;
  Committer& committer_;
  Membership& membership_;
  Composer& composer_;
  IdSource& ids_;
  Entropy& entropy_;
  const Clock& clock_;
  const InstallationSecret& secret_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::shared_ptr<Line> line_;      // nullptr: nothing is delivered
  std::optional<std::string> url_;  // the URL that line_ was made for, or that could not be used
  std::string url_problem_;
  Totals past_;  // of lines that have ended
  Time purged_at_ = 0;
  // What the others were told of the relay, and as which instance.
  std::vector<RelayTrouble> told_;
  Uuid told_as_;
  std::thread thread_;
};

// A sentence for people; the URL is shown without its password. Where the folder of captured
// messages is, is for the operator only: "" for others.
std::string describe_delivery(const std::string& url, const std::filesystem::path& captured_in);

// nullopt when the URL can be used; else a sentence.
std::optional<std::string> problem_of_delivery_url(const std::string& url);

std::filesystem::path capture_folder(const Settings& settings);

}  // namespace segmentflow::app
