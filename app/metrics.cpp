#include "app/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "core/delivery/approvals.hpp"
#include "core/delivery/delivery_records.hpp"

namespace segmentflow::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void add(const char* name, const char* help, MetricType type, double value,
           std::vector<ClientMetric::Label> labels = {}) {
    if (families_.empty() || families_.back().name != name) {
      families_.push_back({name, help, type, {}});
    }
    ClientMetric metric;
    metric.label = std::move(labels);
    if (type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<MetricFamily> families_;
};

void add_http(Families& families, const transport::http::Counters& http) {
  families.add("segmentflow_http_requests_total", "HTTP requests answered", MetricType::Counter,
               static_cast<double>(http.requests));
  families.add("segmentflow_http_connections_open", "Open HTTP connections", MetricType::Gauge,
               static_cast<double>(http.connections_open));
  for (const auto& [status, count] : http.responses) {
    families.add("segmentflow_http_responses_total", "HTTP responses by status",
                 MetricType::Counter, static_cast<double>(count),
                 {{"status", std::to_string(status)}});
  }
}

void add_committer(Families& families, const CommitterCounters& counters) {
  families.add("segmentflow_commits_total", "Durable transactions", MetricType::Counter,
               static_cast<double>(counters.commits));
  families.add("segmentflow_commands_total", "Writes made durable by them", MetricType::Counter,
               static_cast<double>(counters.commands));
  families.add("segmentflow_commit_retries_total", "Lists that were tried again in parts",
               MetricType::Counter, static_cast<double>(counters.retries));
  families.add("segmentflow_commands_waiting", "Writes waiting for a commit", MetricType::Gauge,
               static_cast<double>(counters.waiting));
}

void add_delivery(Families& families, const DeliveryHost::Totals& totals) {
  const auto outcome = [&](const char* name, std::uint64_t count) {
    families.add("segmentflow_deliveries_total", "What became of delivery attempts of this process",
                 MetricType::Counter, static_cast<double>(count), {{"outcome", name}});
  };
  outcome("sent", totals.sent);
  outcome("failed", totals.failed);
  outcome("skipped", totals.skipped);
  outcome("deferred", totals.deferred);
  outcome("late", totals.late);
  families.add("segmentflow_unknown_outcomes_total",
               "Attempts of this process whose outcome is unknown", MetricType::Counter,
               static_cast<double>(totals.unknown));
  families.add("segmentflow_deliveries_in_flight", "Emails being delivered now", MetricType::Gauge,
               totals.in_flight);
}

// Whether mail gets on through the relay: no when all waits, or that of a sender.
void add_relay(Families& families, const DeliveryHost::Totals& totals) {
  families.add("segmentflow_relay_up",
               "1 while the relay serves this process; 0 while email waits for it",
               MetricType::Gauge, totals.troubles.empty() ? 1 : 0);
  for (const RelayTrouble& trouble : totals.troubles) {
    const bool all = !trouble.sender_profile_id;
    families.add("segmentflow_relay_trouble_since_seconds",
                 "Since when email waits for the relay, as Unix time", MetricType::Gauge,
                 static_cast<double>(trouble.since) / kMicrosPerSecond,
                 {{"stage", std::string(to_string(trouble.stage))},
                  {"code", std::to_string(trouble.code)},
                  {"sender_profile", all ? "all" : trouble.sender_profile_id->to_string()}});
  }
  for (const auto& [refusal, count] : totals.refusals) {
    families.add(
        "segmentflow_relay_refusals_total",
        "Attempts that the relay did not let begin; code 0: it said nothing", MetricType::Counter,
        static_cast<double>(count),
        {{"stage", std::string(to_string(refusal.stage))}, {"code", std::to_string(refusal.code)}});
  }
}

void add_copies(Families& families, const DeliveryHost::Totals& totals) {
  const auto outcome = [&](const char* name, std::uint64_t count) {
    families.add("segmentflow_copies_total",
                 "What became of copies that the relay had refused once, in this process",
                 MetricType::Counter, static_cast<double>(count), {{"outcome", name}});
  };
  outcome("sent", totals.copies_sent);
  outcome("failed", totals.copies_failed);
  outcome("deferred", totals.copies_deferred);
}

void add_installation(Families& families, Runtime& runtime) {
  double unknown = 0;
  double overdue = 0;
  double queued = 0;
  double held = 0;
  double suspects = 0;
  double approvals = 0;
  double copies = 0;
  std::vector<StoreGauge> gauges;
  const auto read = runtime.database().read([&](Transaction& tx) {
    unknown = static_cast<double>(count_unknown_attempts(tx));
    overdue = static_cast<double>(count_overdue_jobs(tx, JobKind::Deliver));
    queued = static_cast<double>(tx.query("SELECT count(*) FROM jobs").at(0)[0].integer());
    held = static_cast<double>(count_held_jobs(tx));
    suspects = static_cast<double>(count_suspects(tx));
    approvals = static_cast<double>(count_waiting_approvals(tx));
    copies = static_cast<double>(count_owed_copies(tx));
    gauges = runtime.database().gauges(tx);
  });
  families.add("segmentflow_database_up", "Whether the database answers", MetricType::Gauge,
               read ? 1 : 0);
  if (!read) return;
  families.add("segmentflow_jobs", "Jobs in the queue, of all processes", MetricType::Gauge,
               queued);
  families.add("segmentflow_jobs_held", "Jobs that wait for segmentflow resume", MetricType::Gauge,
               held);
  families.add("segmentflow_jobs_suspect", "Emails whose process died with them under way",
               MetricType::Gauge, suspects);
  families.add("segmentflow_approvals_waiting", "Calls that wait for segmentflow approvals",
               MetricType::Gauge, approvals);
  families.add("segmentflow_copies_waiting", "Copies that are tried again", MetricType::Gauge,
               copies);
  for (const StoreGauge& gauge : gauges) {
    families.add(gauge.name.c_str(), gauge.help.c_str(), MetricType::Gauge, gauge.value);
  }
  families.add("segmentflow_attempts_unknown", "Attempts on record with an unknown outcome",
               MetricType::Gauge, unknown);
  families.add("segmentflow_sends_overdue", "Sends past their deadline and not final; must be 0",
               MetricType::Gauge, overdue);
}

}  // namespace

std::string metrics_text(Runtime& runtime, const transport::http::Counters& http) {
  Families families;
  add_http(families, http);
  families.add("segmentflow_calls_in_flight", "Operations being handled", MetricType::Gauge,
               static_cast<double>(runtime.dispatcher().in_flight()));
  add_committer(families, runtime.committer().counters());
  if (const auto totals = runtime.delivery_totals()) {
    add_delivery(families, *totals);
    add_copies(families, *totals);
    add_relay(families, *totals);
  }
  add_installation(families, runtime);
  return families.text();
}

}  // namespace segmentflow::app
