#include "app/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "core/base/clock.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow::app {
namespace {

constexpr char kEventMark =
    '\x01';  // begins a payload that is JSON already: mark, name, mark, object

// {"time":…,"level":…,"message":…}, or {"time":…,"level":…,"event":…, …the event's fields}.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(msg.time.time_since_epoch()).count();
    const auto level = spdlog::level::to_string_view(msg.level);
    fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}",)", to_iso8601(micros),
                   std::string_view(level.data(), level.size()));
    const std::string_view payload(msg.payload.data(), msg.payload.size());
    if (!payload.empty() && payload.front() == kEventMark) {
      const std::size_t end = payload.find(kEventMark, 1);
      fmt::format_to(std::back_inserter(out), R"("event":"{}",{})", payload.substr(1, end - 1),
                     payload.substr(end + 2));  // the object without its opening brace
      out.push_back('\n');
    } else {
      fmt::format_to(std::back_inserter(out), R"("message":{}}})",
                     describe::dump_json(describe::Json(std::string(payload))));
      out.push_back('\n');
    }
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

void set_up_log() {
  auto logger = spdlog::stderr_logger_mt("segmentflow");
  logger->set_formatter(std::make_unique<JsonFormatter>());
  spdlog::set_default_logger(std::move(logger));
  set_log_level("warn");
}

void set_log_level(std::string_view level) {
  spdlog::set_level(spdlog::level::from_str(std::string(level)));
}

void log_event(std::string_view name, const std::string& object) {
  if (object.size() <= 2) return;
  spdlog::info("{}{}{}{}", kEventMark, name, kEventMark, object);
}

}  // namespace segmentflow::app
