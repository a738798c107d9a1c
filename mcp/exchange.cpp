#include "mcp/exchange.hpp"

#include <utility>

#include "mcp/jsonrpc.hpp"
#include "mcp/modern.hpp"
#include "mcp/session.hpp"

namespace mcp {
namespace {

// The mildest level that the client of the request wants; nullopt: none.
std::optional<LogLevel> wanted_level(const Request& request) {
  if (!is_modern(request.revision)) {
    return request.session ? request.session->log_level() : Session::log_level_default;
  }
  const Json* level = metadata(request.params, modern::log_level_key);
  if (level == nullptr || !level->is_string()) return std::nullopt;
  return log_level_of(level->get_ref<const std::string&>());
}

}  // namespace

Exchange::Exchange(std::shared_ptr<Request> request, std::shared_ptr<const Inputs> inputs,
                   TaskStart start_task)
    : request_(std::move(request)),
      inputs_(std::move(inputs)),
      start_task_(std::move(start_task)) {}

const Json* Exchange::input(const std::string& name) const {
  const auto found = inputs_->responses.find(name);
  return found == inputs_->responses.end() ? nullptr : &*found;
}

void Exchange::progress(double done, std::optional<double> total, std::string_view message) const {
  const Json* token = metadata(request_->params, "progressToken");
  if (token == nullptr || !(token->is_string() || token->is_number_integer())) return;
  Json params{{"progressToken", *token}, {"progress", done}};
  if (total) params["total"] = *total;
  if (!message.empty() && has_progress_messages(request_->revision)) params["message"] = message;
  request_->link->send(
      jsonrpc::write_notification("notifications/progress", describe::dump_json(params)));
}

void Exchange::log(LogLevel level, std::string_view logger, const Json& data) const {
  const auto wanted = wanted_level(*request_);
  if (!wanted || level < *wanted) return;
  Json params{{"level", text_of(level)}};
  if (!logger.empty()) params["logger"] = logger;
  params["data"] = data;
  request_->link->send(
      jsonrpc::write_notification("notifications/message", describe::dump_json(params)));
}

}  // namespace mcp
