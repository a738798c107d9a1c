#include "app/mcp_server.hpp"

#include <spdlog/spdlog.h>

#include "app/runtime.hpp"
#include "tools/mcp_compact.hpp"

namespace segmentflow::app {
namespace {

constexpr const char* kInstructions =
    "Segmentflow sends expected email (receipts, password resets, invites) to one recipient at a "
    "time from saved templates. To send: find a Transactional template with list_templates, see "
    "with get_template which data it reads, then call send_email with an idempotencyKey made from "
    "the business event. Sending is durable and asynchronous; follow it with get_email. Repeat a "
    "call with the same key after any error that may be temporary: it never sends twice. An email "
    "with an approvalId waits until a person approves it: say so. To write a template: read "
    "describe_template_format, try it with preview_template, save it with "
    "create_template and mend what its problems name. get_status tells which scopes this key has "
    "and whether mail leaves the machine.";

}  // namespace

std::shared_ptr<mcp::Server> mcp_server(mcp::Secrets secrets) {
  auto server = std::make_shared<mcp::Server>();
  server->info = {"segmentflow", "Segmentflow", std::string(kVersion), kInstructions};
  server->secrets = std::move(secrets);
  server->on_defect = [](std::string_view sentence) { spdlog::error("{}", sentence); };
  return server;
}

std::shared_ptr<mcp::Provider> offered_tools(const Registry& registry,
                                             std::shared_ptr<ToolLists> lists, ToolOffer offer,
                                             std::shared_ptr<OperationCaller> caller, Told told) {
  auto all = std::make_shared<OperationProvider>(registry, std::move(lists),
                                                 std::move(offer.filter), std::move(caller), told);
  if (!offer.compact) return all;
  return std::make_shared<CompactProvider>(std::move(all));
}

}  // namespace segmentflow::app
