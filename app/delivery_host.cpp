#include "app/delivery_host.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/access/audit.hpp"
#include "core/delivery/capture.hpp"
#include "core/delivery/relay_troubles.hpp"
#include "core/emails/accept_guards.hpp"
#include "core/emails/retention.hpp"
#include "transport/smtp/smtp_transport.hpp"
#include "transport/smtp/smtp_url.hpp"

namespace segmentflow::app {
namespace {

constexpr auto kFollowEvery = std::chrono::seconds(1);
constexpr Time kPurgeEvery = 3'600 * kMicrosPerSecond;
constexpr int kPurgeBatch = 1'000;
constexpr int kOverdueBatch = 1'000;
constexpr std::chrono::milliseconds kChangePatience{30'000};

}  // namespace

std::filesystem::path capture_folder(const Settings& settings) {
  return settings.data_dir / "captured";
}

std::optional<std::string> problem_of_delivery_url(const std::string& url) {
  if (delivery_mode_of(url) != DeliveryMode::Smtp) return std::nullopt;
  const auto options = transport::smtp::parse_smtp_url(url);
  if (!options) return options.error();
  return transport::smtp::SmtpTransport::problem(*options);
}

std::string describe_delivery(const std::string& url, const std::filesystem::path& captured_in) {
  switch (delivery_mode_of(url)) {
    case DeliveryMode::Off:
      return "No delivery is set up: emails are accepted and wait. Set SEGMENTFLOW_SMTP_URL for "
             "serve "
             "or init.";
    case DeliveryMode::Capture:
      if (captured_in.empty()) {
        return "Nothing leaves the machine: every message is kept as a file there, also where an "
               "email says Sent.";
      }
      return fmt::format("Nothing leaves this machine: every message is kept as a file in {}.",
                         captured_in.string());
    case DeliveryMode::Smtp:
      break;
  }
  const auto options = transport::smtp::parse_smtp_url(url);
  if (!options) return fmt::format("The delivery URL cannot be used: {}", options.error());
  return fmt::format("Mail is relayed through {}.", transport::smtp::redacted(*options));
}

DeliveryHost::DeliveryHost(const Settings& settings, InstanceRole role, Database& database,
                           Committer& committer, Membership& membership, Composer& composer,
                           IdSource& ids, Entropy& entropy, const Clock& clock,
                           const InstallationSecret& secret)
    : settings_(settings),
      role_(role),
      database_(database),
      committer_(committer),
      membership_(membership),
      composer_(composer),
      ids_(ids),
      entropy_(entropy),
      clock_(clock),
      secret_(secret) {}

DeliveryHost::~DeliveryHost() {
  stop(std::chrono::milliseconds(0));
}

void DeliveryHost::start() {
  follow_settings();
  if (const DeliveryStatus now = status(); now.mode == DeliveryMode::Off) {
    spdlog::warn("{}", now.detail);
  }
  thread_ = std::thread([this] { run(); });
}

void DeliveryHost::wake() {
  std::shared_ptr<Line> line;
  {
    const std::lock_guard lock(mutex_);
    line = line_;
  }
  if (line) line->loop->wake();
}

void DeliveryHost::stop(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  end_line(patience);
}

void DeliveryHost::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kFollowEvery, [this] { return stopping_; })) {
    lock.unlock();
    follow_settings();
    purge_old();
    end_overdue_sends();
    tell_troubles();
    lock.lock();
  }
}

void DeliveryHost::follow_settings() {
  Result<std::string> url = std::string();
  const auto read = database_.read([&](Transaction& tx) { url = load_delivery_url(tx, secret_); });
  if (!read) return;
  if (!url) {
    spdlog::error("the delivery settings cannot be read: {}", url.error().message);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (url_ == *url) return;
  }
  end_line(kChangePatience);
  auto line = make_line(*url);
  if (delivery_mode_of(*url) == DeliveryMode::Off) {
    spdlog::warn("{}", describe_delivery(*url, capture_folder(settings_)));
  } else {
    spdlog::info("{}", describe_delivery(*url, capture_folder(settings_)));
  }
  const std::lock_guard lock(mutex_);
  line_ = std::move(line);
  url_ = *url;
}

std::shared_ptr<DeliveryHost::Line> DeliveryHost::make_line(const std::string& url) {
  auto line = std::make_shared<Line>();
  line->url = url;
  std::string problem;
  switch (delivery_mode_of(url)) {
    case DeliveryMode::Off:
      break;
    case DeliveryMode::Capture:
      line->transport = std::make_unique<CaptureTransport>(capture_folder(settings_), clock_);
      break;
    case DeliveryMode::Smtp: {
      auto transport =
          transport::smtp::parse_smtp_url(url).and_then(transport::smtp::SmtpTransport::create);
      if (transport) {
        line->transport = std::move(*transport);
      } else {
        problem = transport.error();
      }
      break;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    url_problem_ = problem;
  }
  if (!problem.empty()) spdlog::error("nothing is delivered: {}", problem);
  if (!line->transport) return nullptr;
  DeliverySettings delivery;
  delivery.in_flight_max = settings_.deliveries_in_flight_max;
  delivery.compose_threads = settings_.compose_threads;
  delivery.retry = settings_.retry;
  line->loop = std::make_unique<DeliveryLoop>(
      database_, committer_, membership_, composer_, *line->transport, ids_, entropy_, clock_,
      delivery, [this] { return role_ == InstanceRole::Serve || !membership_.serve_is_alive(); });
  line->loop->start();
  return line;
}

void DeliveryHost::end_line(std::chrono::milliseconds patience) {
  std::shared_ptr<Line> line;
  {
    const std::lock_guard lock(mutex_);
    line = std::move(line_);
    line_ = nullptr;
  }
  if (!line) return;
  line->loop->stop(patience);
  const std::lock_guard lock(mutex_);
  add_counters(past_, *line->loop);
}

void DeliveryHost::add_counters(Totals& totals, const DeliveryLoop& loop) {
  const auto& counters = loop.counters();
  totals.sent += counters.sent;
  totals.failed += counters.failed;
  totals.skipped += counters.skipped;
  totals.deferred += counters.deferred;
  totals.unknown += counters.unknown;
  totals.late += counters.late;
  totals.copies_sent += counters.copies_sent;
  totals.copies_failed += counters.copies_failed;
  totals.copies_deferred += counters.copies_deferred;
  for (const auto& [refusal, count] : loop.relay().refusals()) totals.refusals[refusal] += count;
}

// Other processes, and the operations of this one, read it from the database. What this process
// told goes with it, when it leaves the list of instances.
void DeliveryHost::tell_troubles() {
  std::shared_ptr<Line> line;
  {
    const std::lock_guard lock(mutex_);
    line = line_;
  }
  auto troubles = line ? line->loop->relay().troubles(clock_.now()) : std::vector<RelayTrouble>();
  const Uuid instance = membership_.lease().instance;
  if (troubles == told_ && (told_.empty() || told_as_ == instance)) return;
  const auto written = committer_.run([&](Transaction& tx) -> Result<void> {
    write_relay_troubles(tx, instance, troubles);
    return {};
  });
  if (!written) return;  // the next round tries again
  told_ = std::move(troubles);
  told_as_ = instance;
}

void DeliveryHost::purge_old() {
  if (role_ != InstanceRole::Serve || clock_.now() - purged_at_ < kPurgeEvery) return;
  const Time now = clock_.now();
  std::int64_t most = 0;
  const auto done = committer_.run([&](Transaction& tx) -> Result<void> {
    most = std::max({purge_contents(tx, now - settings_.content_retention, kPurgeBatch),
                     purge_audit(tx, now - settings_.audit_retention, kPurgeBatch),
                     purge_days(tx, now, kPurgeBatch)});
    return {};
  });
  // A full batch means that there is more: go on at the next round.
  if (done && most < kPurgeBatch) purged_at_ = now;
}

// Sends that nothing delivers end at their deadline all the same.
void DeliveryHost::end_overdue_sends() {
  if (role_ != InstanceRole::Serve) return;
  std::int64_t overdue = 0;
  bool is_steady = true;
  const auto read = database_.read([&](Transaction& tx) {
    overdue = count_overdue_jobs(tx, JobKind::Deliver);
    is_steady = membership_.queue_clock().is_steady(tx);
  });
  if (!read || !is_steady || overdue == 0) return;
  const auto ended = committer_.run([&](Transaction& tx) -> Result<void> {
    // The clock may have been set since the look.
    if (!membership_.queue_clock().is_steady(tx)) return {};
    segmentflow::end_overdue_sends(tx, kOverdueBatch);
    return {};
  });
  if (!ended) spdlog::warn("overdue sends could not be ended: {}", ended.error().message);
}

DeliveryStatus DeliveryHost::status() const {
  const std::lock_guard lock(mutex_);
  DeliveryStatus status;
  const std::string url = url_.value_or("");
  status.mode = delivery_mode_of(url);
  status.enabled = line_ != nullptr;
  status.detail = url_problem_.empty()
                      ? describe_delivery(url, {})
                      : fmt::format("The delivery URL cannot be used: {}", url_problem_);
  return status;
}

DeliveryHost::Totals DeliveryHost::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals = past_;
  if (!line_) return totals;
  add_counters(totals, *line_->loop);
  totals.in_flight = line_->loop->in_flight();
  totals.troubles = line_->loop->relay().troubles(clock_.now());
  return totals;
}

}  // namespace segmentflow::app
