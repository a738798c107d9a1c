#include "mcp/stream.hpp"

#include <utility>

#include "mcp/batch.hpp"
#include "mcp/dispatch.hpp"
#include "mcp/handshake.hpp"
#include "mcp/modern.hpp"
#include "mcp/ticket.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Message;
using jsonrpc::Outcome;

tl::unexpected<Fault> refuse(Code code, std::string sentence) {
  return tl::unexpected(Fault{code, std::move(sentence)});
}

// Messages on the stream that belong to no request.
class StreamLink : public Link {
 public:
  explicit StreamLink(std::weak_ptr<Stream> stream) : stream_(std::move(stream)) {}
  bool send(std::string message) override {
    const auto stream = stream_.lock();
    if (stream) stream->send(std::move(message));
    return stream != nullptr;
  }
  bool can_send() const override {
    const auto stream = stream_.lock();
    return stream && !stream->has_ended_input();
  }

 private:
  const std::weak_ptr<Stream> stream_;
};

// Those of one request, until it is answered.
class RequestLink : public StreamLink {
 public:
  using StreamLink::StreamLink;
  bool send(std::string message) override {
    const std::lock_guard lock(mutex_);
    return !answered_ && StreamLink::send(std::move(message));
  }
  void close() {
    const std::lock_guard lock(mutex_);
    answered_ = true;
  }

 private:
  std::mutex mutex_;
  bool answered_ = false;
};

}  // namespace

Stream::Stream(std::shared_ptr<const Server> server, std::shared_ptr<Provider> provider,
               Reply reply, std::string identity)
    : server_(std::move(server)),
      provider_(std::move(provider)),
      identity_(std::move(identity)),
      calls_(server_->limits.calls_in_flight_max, CallsInFlight::SameIds::Refused),
      reply_(std::move(reply)) {}

void Stream::send(std::string text) {
  const std::lock_guard lock(reply_mutex_);
  if (reply_) reply_(std::move(text));
}

void Stream::close() {
  {
    const std::lock_guard lock(reply_mutex_);
    reply_ = nullptr;
  }
  const auto ended = session();
  if (ended) ended->leave();
  calls_.cancel_all();
  if (ended) ended->end();
}

void Stream::end_input() {
  input_ended_ = true;
  calls_.cancel_listening();
  if (const auto current = session()) current->give_up_questions(Session::Clock::now());
}

Outlet Stream::own_outlet() {
  return [self = shared_from_this()](std::string text) {
    if (!text.empty()) self->send(std::move(text));
  };
}

void Stream::handle(std::string_view message) {
  auto value = jsonrpc::read(message, {.bytes_max = limits().message_bytes_max});
  if (!value) return send(jsonrpc::write_error(value.error().id, value.error().fault));
  if (value->is_array()) return handle_batch(std::move(*value));
  accept(std::move(*value), own_outlet(), false);
}

void Stream::handle_batch(Json batch) {
  const auto current = session();
  if (auto fault =
          batch_fault(batch.size(), current ? std::optional(current->revision()) : std::nullopt,
                      limits().batch_messages_max)) {
    return send(jsonrpc::write_error(jsonrpc::no_id, *fault));
  }
  auto answers = std::make_shared<Batch>(batch.size(), own_outlet());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    accept(
        std::move(batch[i]), [answers, i](std::string text) { answers->put(i, std::move(text)); },
        true);
  }
}

void Stream::accept(Json value, const Outlet& outlet, bool in_batch) {
  Message message = jsonrpc::classify(std::move(value));
  switch (message.kind) {
    case Message::Kind::Invalid:
      return outlet(jsonrpc::write_error(message.id, *message.fault));
    case Message::Kind::Response:
      if (const auto current = session()) current->take_response(message);
      return outlet({});
    case Message::Kind::Notification:
      calls_.heed(message);
      return outlet({});
    case Message::Kind::Request:
      serve(std::move(message), outlet, in_batch);
  }
}

void Stream::serve(Message message, const Outlet& outlet, bool in_batch) {
  if (modern::is_modern_message(message)) return serve_modern(std::move(message), outlet);
  if (message.method == "initialize") {
    return outlet(jsonrpc::write_outcome(
        message.id, in_batch
                        ? refuse(Code::InvalidRequest, "initialize must not be part of a batch.")
                        : initialize(message.params)));
  }
  serve_legacy(std::move(message), outlet);
}

void Stream::serve_legacy(Message message, const Outlet& outlet) {
  const auto current = message.method == "ping" ? session() : session_or_assumed();
  const Revision revision = current ? current->revision() : latest_legacy_revision;
  if (!knows_method(*provider_, *server_, revision, message.method)) {
    return outlet(jsonrpc::write_error(message.id, unknown_method(message.method)));
  }
  if (!current && message.method != "ping") {
    return outlet(jsonrpc::write_error(
        message.id,
        {Code::InvalidRequest, "The connection is not initialized; send initialize before " +
                                   jsonrpc::quoted(message.method) + "."}));
  }
  auto request =
      make_request(std::move(message), revision,
                   current ? current->client() : std::make_shared<const ClientFacts>(), identity_);
  request->session = current;
  if (current) {
    current->give_up_questions(Session::Clock::now() - server_->limits.input_lifetime);
  }
  run(std::move(request), outlet);
}

void Stream::serve_modern(Message message, const Outlet& outlet) {
  auto metadata = modern::read_metadata(message.params);
  if (!metadata) return outlet(jsonrpc::write_error(message.id, metadata.error()));
  if (!knows_method(*provider_, *server_, metadata->revision, message.method)) {
    return outlet(jsonrpc::write_error(message.id, unknown_method(message.method)));
  }
  run(make_request(std::move(message), metadata->revision, std::move(metadata->client), identity_),
      outlet);
}

void Stream::run(RequestPtr request, const Outlet& outlet) {
  if (request->method == "ping") return answer_ping(std::move(request), outlet);
  if (auto fault = calls_.begin(request)) {
    return outlet(jsonrpc::write_error(request->id, *fault));
  }
  auto link = std::make_shared<RequestLink>(weak_from_this());
  request->link = link;
  auto answer =
      answer_of(request, {shared_from_this(), &calls_},
                [id = request->id, link = std::move(link), outlet](const Outcome* outcome) {
                  link->close();
                  outlet(outcome != nullptr ? jsonrpc::write_outcome(id, *outcome) : std::string());
                });
  dispatch(server_, provider_, std::move(request), std::move(answer));
}

// A sign of life must be given however many calls are in flight.
void Stream::answer_ping(RequestPtr request, const Outlet& outlet) {
  request->link = std::make_shared<StreamLink>(weak_from_this());
  dispatch(server_, provider_, request, [id = request->id, outlet](const Outcome& outcome) {
    outlet(jsonrpc::write_outcome(id, outcome));
  });
}

Outcome Stream::initialize(const Json& params) {
  const auto chosen = negotiate(params);
  if (!chosen) return tl::unexpected(chosen.error());
  auto begun = new_session(*chosen, client_facts(params));
  {
    const std::lock_guard lock(mutex_);
    if (session_ && !std::exchange(is_assumed_, false)) {
      return refuse(Code::InvalidRequest, "The connection is already initialized under revision " +
                                              std::string(text_of(session_->revision())) +
                                              "; open another one to begin anew.");
    }
    session_ = begun;
  }
  Session::watch(begun, server_->changes);
  return initialize_result(server_->info, provider_->features(), *chosen);
}

void Stream::assume(Revision revision) {
  const std::lock_guard lock(mutex_);
  assumed_ = revision;
}

std::shared_ptr<Session> Stream::session_or_assumed() {
  std::shared_ptr<Session> begun;
  {
    const std::lock_guard lock(mutex_);
    if (session_ || !assumed_) return session_;
    begun = session_ = new_session(*assumed_, {});
    is_assumed_ = true;
  }
  Session::watch(begun, server_->changes);
  return begun;
}

std::shared_ptr<Session> Stream::new_session(Revision revision, ClientFacts client) {
  return std::make_shared<Session>(revision, std::move(client),
                                   std::make_shared<StreamLink>(weak_from_this()));
}

std::shared_ptr<Session> Stream::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

}  // namespace mcp
