#include "tools/confirmation.hpp"

#include <fmt/format.h>

#include <charconv>

namespace segmentflow {
namespace {

constexpr std::string_view kPurpose = "call-confirmation";
constexpr Time kLifetime = 600 * kMicrosPerSecond;

// "<when it ends, in seconds>.<mac>"
std::string token_until(const Engine& engine, const ApiKey& key, const CallOptions& options,
                        std::int64_t seconds) {
  const std::string text =
      fmt::format("{} {} {}", key.id.to_string(), to_hex(options.arguments_digest), seconds);
  return fmt::format("{}.{}", seconds, to_hex(engine.secret.mac(kPurpose, text)));
}

bool is_confirmed(const Engine& engine, const ApiKey& key, const CallOptions& options) {
  const std::string& token = options.confirmation_token;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), seconds);
  if (error != std::errc() || seconds <= engine.clock.now() / kMicrosPerSecond) return false;
  return equal_in_constant_time(token, token_until(engine, key, options, seconds));
}

}  // namespace

Result<std::optional<Uuid>> clear_sends(const Engine& engine, const ApiKey& key,
                                        const CallOptions& options, std::size_t emails) {
  if (!key.guards || !key.guards->ask_about(emails) || options.is_dry_run) return std::nullopt;
  const AskFirst ask = key.guards->ask_first;
  if (ask == AskFirst::Human && options.consent == Consent::Given) return std::nullopt;
  if (ask != AskFirst::SelfConfirm) return std::optional(engine.ids.next());
  if (is_confirmed(engine, key, options)) return std::nullopt;
  const std::int64_t until = (engine.clock.now() + kLifetime) / kMicrosPerSecond;
  const std::string message = fmt::format(
      "This API key confirms what it sends. Look at recipients, template and data once more; if "
      "they "
      "are right, make the very same call with confirmationToken \"{}\" within ten minutes.",
      token_until(engine, key, options, until));
  return fail(ErrorCode::ConfirmationRequired, message,
              {{"/confirmationToken", "Give the token of this answer, with the same arguments."}});
}

}  // namespace segmentflow
