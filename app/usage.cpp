#include "app/usage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace segmentflow::app {
namespace {

CLI::Validator validator(std::function<std::string(std::string&)> check) {
  return {std::move(check), ""};  // help does not name it
}

}  // namespace

CLI::Validator not_empty() {
  return validator(
      [](std::string& text) { return text.empty() ? "must not be empty" : std::string(); });
}

CLI::Validator whole_number(std::int64_t min, std::int64_t max) {
  return validator([min, max](std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool is_number = error == std::errc{} && end == text.data() + text.size();
    if (is_number && number >= min && number <= max) return "";
    return fmt::format("must be a whole number from {} to {}, not \"{}\"", min, max, text);
  });
}

CLI::Validator choice_of(std::vector<std::string> choices) {
  return validator([choices = std::move(choices)](std::string& text) -> std::string {
    if (std::ranges::find(choices, text) != choices.end()) return "";
    return fmt::format("must be {}, not \"{}\"", fmt::join(choices, " or "), text);
  });
}

std::string sentence_of(const CLI::ParseError& error) {
  std::string text = error.what();
  const std::string name = text.substr(0, text.find_first_of(": "));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const bool is_repeated = text.find("At Most") != std::string::npos;
    return fmt::format("{} {}", name, is_repeated ? "is given more than once" : "needs a value");
  }
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
    // Only flags are not checked before: "Could not convert: --flag = value".
    const auto at = std::min(text.find("--"), text.size());
    return fmt::format("{} takes no value", text.substr(at, text.find(' ', at) - at));
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    return fmt::format("{} {}", name, text.substr(std::min(name.size() + 2, text.size())));
  }
  return text;
}

}  // namespace segmentflow::app
