// Wire types of the status resource: who the API key is, and whether email leaves this
// installation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "schemas/describe/parse.hpp"
#include "schemas/email_send.hpp"

namespace segmentflow::wire {

struct StatusRequest {};

struct StatusOrganization {
  std::string id;
  std::string name;
};

struct StatusApiKey {
  std::string id;
  std::string name;
  std::string last4;
  std::string guard_rails;
};

enum class DeliveryMode { Smtp, Capture, Off };

// What keeps mail waiting.
struct StatusTrouble {
  std::string since;
  DeliveryStage stage{};
  std::optional<std::int64_t> code;
  std::optional<std::string> enhanced_code;
  std::string message;
  std::optional<std::string> sender_profile_id;
};

struct StatusDelivery {
  DeliveryMode mode = DeliveryMode::Off;
  bool enabled = false;
  std::string detail;
  std::vector<StatusTrouble> troubles;
};

struct StatusResponse {
  StatusOrganization organization;
  StatusApiKey api_key;
  std::vector<std::string> scopes;
  StatusDelivery delivery;
  std::string version;
  std::string time;
};

}  // namespace segmentflow::wire

namespace describe {

template <>
struct EnumNames<segmentflow::wire::DeliveryMode> {
  static constexpr std::array<std::string_view, 3> names = {"Smtp", "Capture", "Off"};
};

template <>
struct Description<segmentflow::wire::StatusRequest> {
  static constexpr std::string_view name = "StatusRequest";
  static constexpr std::string_view doc = "Nothing to give.";
  static constexpr std::tuple<> fields{};
};

template <>
struct Description<segmentflow::wire::StatusOrganization> {
  using T = segmentflow::wire::StatusOrganization;
  static constexpr std::string_view name = "StatusOrganization";
  static constexpr std::string_view doc = "The Organization of the API key.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, {.doc = "Id of the Organization.", .format = Format::Uuid}),
      field("name", &T::name, {.doc = "Name of the Organization.", .example = R"("Acme")"}),
  };
};

template <>
struct Description<segmentflow::wire::StatusApiKey> {
  using T = segmentflow::wire::StatusApiKey;
  static constexpr std::string_view name = "StatusApiKey";
  static constexpr std::string_view doc = "The API key of this call.";
  static constexpr auto fields = std::tuple{
      field("id", &T::id, {.doc = "Id of the API key; not the secret.", .format = Format::Uuid}),
      field("name", &T::name, {.doc = "The label given to the key.", .example = R"("backend")"}),
      field("last4", &T::last4,
            {.doc = "The last four characters of the secret.", .example = R"("x7Qa")"}),
      field("guardRails", &T::guard_rails,
            {.doc = "What the key may do less than its scopes allow, in words; empty for nothing.",
             .example = R"("recipients example.com; 50 emails a day")"}),
  };
};

template <>
struct Description<segmentflow::wire::StatusTrouble> {
  using T = segmentflow::wire::StatusTrouble;
  static constexpr std::string_view name = "StatusTrouble";
  static constexpr std::string_view doc =
      "The mail server cannot be reached or refuses to serve: email waits, and none fails for it "
      "before its deadline.";
  static constexpr auto fields = std::tuple{
      field("since", &T::since, {.doc = "When it began.", .format = Format::DateTime}),
      field("stage", &T::stage, {.doc = "Where in the SMTP session.", .example = R"("Auth")"}),
      field("code", &T::code,
            {.doc = "The reply code; null when there was no reply.", .example = "535"}),
      field("enhancedCode", &T::enhanced_code,
            {.doc = "The enhanced code (RFC 3463), or null.", .example = R"("5.7.8")"}),
      field("message", &T::message, {.doc = "The same in words.", .untrusted = true}),
      field("senderProfileId", &T::sender_profile_id,
            {.doc = "The SenderProfile whose email waits; null: all email does.",
             .format = Format::Uuid}),
  };
};

template <>
struct Description<segmentflow::wire::StatusDelivery> {
  using T = segmentflow::wire::StatusDelivery;
  static constexpr std::string_view name = "StatusDelivery";
  static constexpr std::string_view doc = "Whether and how email leaves this installation.";
  static constexpr auto fields = std::tuple{
      field("mode", &T::mode,
            {.doc = "Smtp: email goes to a mail server. Capture: email is written to files and "
                    "reaches nobody. Off: nothing is set up, accepted emails stay Queued."}),
      field("enabled", &T::enabled, {.doc = "Whether a running process delivers now."}),
      field("detail", &T::detail,
            {.doc = "The same in a sentence, with what to do when email does not leave.",
             .example = R"("Emails are delivered through smtp.example.com.")",
             .untrusted = true}),
      field("troubles", &T::troubles,
            {.doc = "What keeps email waiting now; empty when it flows."}),
  };
};

template <>
struct Description<segmentflow::wire::StatusResponse> {
  using T = segmentflow::wire::StatusResponse;
  static constexpr std::string_view name = "StatusResponse";
  static constexpr std::string_view doc =
      "Who you are here, what you may do, and whether email leaves.";
  static constexpr auto fields = std::tuple{
      field("organization", &T::organization, {.doc = "The Organization of the API key."}),
      field("apiKey", &T::api_key, {.doc = "The API key of this call."}),
      field("scopes", &T::scopes,
            {.doc = "What the API key may do.", .example = R"(["emails:write", "emails:read"])"}),
      field("delivery", &T::delivery, {.doc = "Whether and how email leaves this installation."}),
      field("version", &T::version,
            {.doc = "Version of the running program.", .example = R"("0.1.0")"}),
      field("time", &T::time, {.doc = "The time of the server.", .format = Format::DateTime}),
  };
};

}  // namespace describe
