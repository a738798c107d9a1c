// Severities of log messages to clients (RFC 5424 §6.2.1), mildest first.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace mcp {

enum class LogLevel { Debug, Info, Notice, Warning, Error, Critical, Alert, Emergency };

inline constexpr std::array<std::string_view, 8> log_level_texts = {
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};

constexpr std::string_view text_of(LogLevel level) {
  return log_level_texts[static_cast<std::size_t>(level)];
}

constexpr std::optional<LogLevel> log_level_of(std::string_view text) {
  for (std::size_t i = 0; i < log_level_texts.size(); ++i) {
    if (log_level_texts[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

}  // namespace mcp
