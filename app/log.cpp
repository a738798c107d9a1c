#include "app/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/base/blot.hpp"
#include "core/base/clock.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow::app {
namespace {

constexpr char kEventMark =
    '\x01';  // begins a payload that is JSON already: mark, name, mark, object

// What a line that ends the process has to come out.
constexpr std::chrono::milliseconds kFlushPatience{200};

std::string line_of(Time time, std::string_view level, std::string_view rest) {
  return fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",{}\n", to_iso8601(time), level, rest);
}

// No message has a mail address, wherever it comes from.
// {"time":…,"level":…,"message":…}, or {"time":…,"level":…,"event":…, …the event's fields}.
std::string line_of(const spdlog::details::log_msg& msg) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(msg.time.time_since_epoch()).count();
  const auto level = spdlog::level::to_string_view(msg.level);
  const std::string_view payload(msg.payload.data(), msg.payload.size());
  std::string rest;
  if (!payload.empty() && payload.front() == kEventMark) {
    const std::size_t end = payload.find(kEventMark, 1);
    rest = fmt::format("\"event\":\"{}\",{}", payload.substr(1, end - 1),
                       payload.substr(end + 2));  // the object without its opening brace
  } else {
    rest = fmt::format("\"message\":{}}}",
                       describe::dump_json(describe::Json(blot_addresses(payload))));
  }
  return line_of(micros, {level.data(), level.size()}, rest);
}

std::string lost_line(std::uint64_t count) {
  return line_of(
      SystemClock().now(), "warn",
      fmt::format(
          "\"message\":\"{} log lines before this one were lost: stderr did not take them.\"}}",
          count));
}

// Hands lines over without a lock: the writer has its own.
class WriterSink final : public spdlog::sinks::sink {
 public:
  explicit WriterSink(std::shared_ptr<LogWriter> writer) : writer_(std::move(writer)) {}
  void log(const spdlog::details::log_msg& msg) override { writer_->put(line_of(msg)); }
  void flush() override { writer_->drain(kFlushPatience); }
  // The form is fixed.
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

 private:
  const std::shared_ptr<LogWriter> writer_;
};

}  // namespace

std::shared_ptr<LogWriter> set_up_log() {
  auto writer = std::make_shared<LogWriter>(STDERR_FILENO, lost_line);
  auto logger =
      std::make_shared<spdlog::logger>("segmentflow", std::make_shared<WriterSink>(writer));
  logger->flush_on(spdlog::level::critical);
  spdlog::set_default_logger(std::move(logger));
  set_log_level("warn");
  return writer;
}

void set_log_level(std::string_view level) {
  spdlog::set_level(spdlog::level::from_str(std::string(level)));
}

void log_event(std::string_view name, const std::string& object) {
  if (object.size() <= 2) return;
  spdlog::info("{}{}{}{}", kEventMark, name, kEventMark, object);
}

}  // namespace segmentflow::app
