#include "tools/status.hpp"

#include "core/delivery/relay_troubles.hpp"
#include "schemas/status.hpp"

namespace segmentflow {
namespace {

wire::DeliveryMode wire_mode(DeliveryMode mode) {
  switch (mode) {
    case DeliveryMode::Smtp:
      return wire::DeliveryMode::Smtp;
    case DeliveryMode::Capture:
      return wire::DeliveryMode::Capture;
    case DeliveryMode::Off:
      break;
  }
  return wire::DeliveryMode::Off;
}

wire::StatusTrouble wire_trouble(const RelayTrouble& trouble) {
  wire::StatusTrouble w;
  w.since = to_iso8601(trouble.since);
  w.stage = describe::enum_of<wire::DeliveryStage>(to_string(trouble.stage)).value();
  if (trouble.code != 0) w.code = trouble.code;
  if (!trouble.enhanced.empty()) w.enhanced_code = trouble.enhanced;
  w.message = trouble.sentence;
  if (trouble.sender_profile_id) w.sender_profile_id = trouble.sender_profile_id->to_string();
  return w;
}

Result<Reply<wire::StatusResponse>> get_status(const Engine& engine, Transaction& tx,
                                               const ApiKey& key, const wire::StatusRequest&) {
  const DeliveryStatus delivery = engine.delivery_status();
  wire::StatusResponse response;
  response.organization = {key.organization_id.to_string(), key.organization_name};
  response.api_key = {key.id.to_string(), key.name, key.last4,
                      key.guards ? describe_guards(*key.guards) : std::string()};
  response.scopes = key.scopes;
  response.delivery = {wire_mode(delivery.mode), delivery.enabled, delivery.detail, {}};
  for (const auto& trouble : read_relay_troubles(tx, key.organization_id)) {
    response.delivery.troubles.push_back(wire_trouble(trouble));
  }
  response.version = engine.version;
  response.time = to_iso8601(tx.now());
  return response;
}

}  // namespace

std::vector<Operation> status_operations() {
  return {read_operation<wire::StatusRequest, wire::StatusResponse>(
      {.id = "status",
       .method = "GET",
       .path = "/api/v1/status",
       .tool = "get_status",
       .scope = "",
       .title = "Who am I, and is mail going out",
       .description = "Tells which organization and API key this is, which scopes the key has, and "
                      "whether email is delivered (Smtp), kept as files on the machine instead "
                      "(Capture), or waits because no delivery is set up (Off) or the mail server "
                      "refuses it (troubles). Call it first when a tool seems to be missing or an "
                      "email does not arrive.",
       .hints = {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}},
      get_status)};
}

}  // namespace segmentflow
