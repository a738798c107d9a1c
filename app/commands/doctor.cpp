#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "app/commands/commands.hpp"
#include "app/commands/doctor_files.hpp"
#include "app/runtime.hpp"
#include "core/access/api_keys.hpp"
#include "core/delivery/delivery_config.hpp"
#include "core/delivery/delivery_records.hpp"
#include "transport/smtp/smtp_transport.hpp"
#include "transport/smtp/smtp_url.hpp"

namespace segmentflow::app {
namespace {

constexpr std::uintmax_t kFreeBytesMin = 1ULL << 30;
constexpr int kSyncProbes = 50;
constexpr std::chrono::milliseconds kRelayPatience{15'000};  // for a whole session without a mail

// Prints one finding a line and remembers the worst.
class Report {
 public:
  void ok(const std::string& text) { fmt::print("ok    {}\n", text); }
  void warn(const std::string& text) { fmt::print("warn  {}\n", text); }
  void bad(const std::string& text) {
    fmt::print("FAIL  {}\n", text);
    failed_ = true;
  }
  int exit_code() const { return failed_ ? 1 : 0; }

 private:
  bool failed_ = false;
};

void check_folder(const Settings& settings, Report& report) {
  struct stat info{};
  const std::string folder = settings.data_dir.string();
  if (::stat(folder.c_str(), &info) != 0) {
    return report.bad(fmt::format("data folder {} is missing; run segmentflow init", folder));
  }
  if ((info.st_mode & 077) != 0) {
    report.warn(
        fmt::format("data folder {} is open to other users; run chmod 700 {}", folder, folder));
  } else {
    report.ok(fmt::format("data folder {}", folder));
  }
  std::error_code error;
  const auto space = std::filesystem::space(settings.data_dir, error);
  if (!error && space.available < kFreeBytesMin) {
    report.warn(
        fmt::format("only {} MB free on the disk of the data folder", space.available >> 20));
  }
}

// Every accept waits for one of these: the disk's rate bounds a single client.
void check_sync_rate(const Settings& settings, Report& report) {
  const std::string path = (settings.data_dir / ".doctor").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return report.bad(fmt::format("cannot write to {}", settings.data_dir.string()));
  const std::string block(4096, 'x');
  bool written = true;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kSyncProbes && written; ++i) {
    written = ::pwrite(fd, block.data(), block.size(), 0) == static_cast<ssize_t>(block.size()) &&
              ::fdatasync(fd) == 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ::close(fd);
  ::unlink(path.c_str());
  if (!written) return report.bad("the disk refuses to sync");
  report.ok(
      fmt::format("{:.0f} durable writes a second, one at a time", kSyncProbes / took.count()));
}

void check_processes(Runtime& runtime, const std::vector<KnownInstance>& instances,
                     Report& report) {
  for (const auto& instance : instances) {
    const std::string line = fmt::format("{} on {}, process {}", to_string(instance.role),
                                         instance.host, instance.process_id);
    if (runtime.database().instance_is_gone(instance.lease.instance)) {
      report.warn(line + ", is gone; the next process takes its work over");
    } else {
      report.ok(line + ", is running");
    }
  }
}

void check_sends(Runtime& runtime, Transaction& tx, Report& report) {
  const auto rows = tx.query(
      "SELECT count(*), coalesce(min(s.created_at), 0) FROM jobs j "
      "LEFT JOIN email_sends s ON s.id = j.subject_id");
  const auto jobs = rows.at(0)[0].integer();
  const Time oldest = rows.at(0)[1].integer();
  report.ok(fmt::format("{} emails waiting or under way{}", jobs,
                        oldest > 0 ? ", the oldest since " + to_iso8601(oldest) : ""));
  if (const auto unknown = count_unknown_attempts(tx); unknown > 0) {
    report.warn(fmt::format("{} delivery attempts ended without the server's answer", unknown));
  }
  if (const auto overdue = count_overdue_jobs(tx, JobKind::Deliver); overdue > 0) {
    report.bad(fmt::format("{} emails are past their deadline and not final", overdue));
  }
  if (const auto stranded = count_stranded_sends(tx); stranded > 0) {
    report.bad(fmt::format(
        "{} emails are not final and have no delivery job: a defect, please report it", stranded));
  }
  if (const auto copies = count_stranded_copies(tx); copies > 0) {
    report.bad(
        fmt::format("{} copies are owed and have no job: a defect, please report it", copies));
  }
  if (const auto orphaned = count_orphaned_jobs(tx); orphaned > 0) {
    report.bad(fmt::format(
        "{} emails are under way in processes that are not on the list: a defect, please report it",
        orphaned));
  }
  if (const auto held = count_held_jobs(tx); held > 0) {
    report.warn(fmt::format(
        "{} emails are on hold in this restored copy; run segmentflow resume to deliver them",
        held));
  }
  if (!any_api_key(tx)) report.warn("there is no API key; run segmentflow keys create");
  report.ok(fmt::format("database {}", runtime.database().shown_url()));
}

// Opens a session as a delivery does, and sends nothing.
void check_relay(const transport::smtp::SmtpOptions& options, Report& report) {
  if (transport::smtp::machine_name(options).empty()) {
    report.warn(
        "this machine has no full host name, so the relay is greeted with our address; where it "
        "wants a name, set hello= in the SMTP URL");
  }
  const auto probe = transport::smtp::SmtpTransport::probe(options, kRelayPatience);
  if (!probe.failure) {
    report.ok(fmt::format("the relay {} takes our session{}{}, greeted as {}", options.peer(),
                          probe.secure ? " over TLS" : " in plain text",
                          options.user.empty() ? "" : " and our login", probe.hello_name));
    return;
  }
  const auto& failure = *probe.failure;
  report.bad(fmt::format(
      "nothing can be delivered: {}{}", failure.detail,
      failure.reply.text.empty() ? "" : fmt::format(" It said: \"{}\"", failure.reply.text)));
}

// By the URL in the database, which is what the server delivers with.
void check_delivery(Runtime& runtime, Report& report) {
  Result<std::string> url = std::string();
  const auto read = runtime.database().read(
      [&](Transaction& tx) { url = load_delivery_url(tx, runtime.secret()); });
  if (!read) return report.bad(fmt::format("database: {}", read.error().message));
  if (!url) return report.bad(url.error().message);
  const DeliveryStatus delivery = runtime.engine().delivery_status();
  if (delivery.enabled) {
    report.ok(delivery.detail);
  } else {
    report.warn(delivery.detail);
  }
  if (const auto problem = problem_of_delivery_url(*url)) {
    return report.bad(fmt::format("nothing can be delivered: {}", *problem));
  }
  if (delivery_mode_of(*url) != DeliveryMode::Smtp) return;
  if (const auto options = transport::smtp::parse_smtp_url(*url)) check_relay(*options, report);
}

void check_installation_state(Runtime& runtime, Report& report) {
  std::vector<KnownInstance> instances;
  const auto read = runtime.database().read([&](Transaction& tx) {
    check_sends(runtime, tx, report);
    for (const auto& problem : clock_problems(tx, runtime.clock())) report.warn(problem);
    instances = list_instances(tx);
  });
  if (!read) return report.bad(fmt::format("database: {}", read.error().message));
  check_processes(runtime, instances, report);
  check_delivery(runtime, report);
}

}  // namespace

int run_doctor(const Settings& settings) {
  Report report;
  check_folder(settings, report);
  for (const auto& finding : find_open_files(settings)) report.warn(finding);
  auto runtime = Runtime::open(settings);
  if (!runtime) {
    report.bad(runtime.error().message);
    return report.exit_code();
  }
  check_sync_rate(settings, report);
  check_installation_state(**runtime, report);
  return report.exit_code();
}

}  // namespace segmentflow::app
