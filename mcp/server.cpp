#include "mcp/server.hpp"

#include <utility>

#include "mcp/connection.hpp"

namespace mcp {

Connection::Connection(const ServerInfo& info, std::shared_ptr<Provider> tools, ServerLimits limits,
                       DefectLog on_defect)
    : state_(std::make_shared<ConnectionState>(info, std::move(tools), limits,
                                               std::move(on_defect))) {}

Connection::~Connection() {
  std::lock_guard lock(state_->reply_mutex);
  state_->closed = true;
}

void Connection::handle(std::string_view message, Reply reply) {
  if (message.size() > limits().message_bytes_max) {
    refuse_oversized(message, reply);
    return;
  }
  state_->handle(message, std::move(reply));
}

void Connection::refuse_oversized(std::string_view head, const Reply& reply) {
  jsonrpc::Fault fault{jsonrpc::Code::InvalidRequest,
                       "The message is longer than " + std::to_string(limits().message_bytes_max) +
                           " bytes; send less in one message."};
  state_->send(reply, jsonrpc::write_error(jsonrpc::find_id(head), fault));
}

std::size_t Connection::in_flight() const {
  std::lock_guard lock(state_->mutex);
  return state_->unfinished;
}

void Connection::when_idle(std::function<void()> then) {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->unfinished != 0) {
      state_->idle_waiters.push_back(std::move(then));
      return;
    }
  }
  then();
}

const ServerLimits& Connection::limits() const {
  return state_->limits;
}

}  // namespace mcp
