#include "mcp/server.hpp"

#include <utility>

#include "mcp/open_questions.hpp"
#include "mcp/stream.hpp"

namespace mcp {

Server::Server() : questions(std::make_shared<OpenQuestions>()) {}

Connection::Connection(std::shared_ptr<const Server> server, std::shared_ptr<Provider> provider,
                       Reply reply, std::string identity)
    : stream_(std::make_shared<Stream>(std::move(server), std::move(provider), std::move(reply),
                                       std::move(identity))) {}

Connection::~Connection() {
  stream_->close();
}

void Connection::handle(std::string_view message) {
  if (message.size() > limits().message_bytes_max) return refuse_oversized(message);
  stream_->handle(message);
}

void Connection::assume(Revision revision) {
  stream_->assume(revision);
}

void Connection::refuse_oversized(std::string_view head) {
  const jsonrpc::Fault fault{jsonrpc::Code::InvalidRequest,
                             "The message is longer than " +
                                 std::to_string(limits().message_bytes_max) +
                                 " bytes; send less in one message."};
  stream_->send(jsonrpc::write_error(jsonrpc::find_id(head), fault));
}

void Connection::end_input() {
  stream_->end_input();
}

std::size_t Connection::in_flight() const {
  return stream_->calls().unfinished();
}

void Connection::when_idle(std::function<void()> then) {
  stream_->calls().when_idle(std::move(then));
}

const ServerLimits& Connection::limits() const {
  return stream_->limits();
}

}  // namespace mcp
