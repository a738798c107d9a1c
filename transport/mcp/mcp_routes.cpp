#include "transport/mcp/mcp_routes.hpp"

#include <chrono>
#include <utility>

#include "mcp/http_rules.hpp"
#include "mcp/sse_endpoint.hpp"

namespace transport::mcp_http {
namespace {

// A comment
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
constexpr const char* kKeepAlive = ": keep-alive\n\n";
constexpr std::chrono::seconds kCheckEvery{1};
constexpr const char* kEventStream = "text/event-stream";

class EventBody final : public http::BodySource {
 public:
  explicit EventBody(std::shared_ptr<mcp::EventStream> stream) : stream_(std::move(stream)) {}
  ~EventBody() override { stream_->abandon(); }
  EventBody(const EventBody&) = delete;
  EventBody& operator=(const EventBody&) = delete;

  Chunk take() override {
    auto chunk = stream_->take();
    return {std::move(chunk.bytes), chunk.is_last};
  }
  void on_ready(std::function<void()> wake) override { stream_->on_ready(std::move(wake)); }
  void abandon() override { stream_->abandon(); }
  std::string keep_alive() override { return kKeepAlive; }

  // Ends the stream of a reader that may not read any more.
  void tick() override {
    const auto now = std::chrono::steady_clock::now();
    if (!stream_->check() || now < next_check_) return;
    next_check_ = now + kCheckEvery;
    stream_->check()([weak = std::weak_ptr(stream_)] {
      if (const auto stream = weak.lock()) stream->abandon();
    });
  }

 private:
  const std::shared_ptr<mcp::EventStream> stream_;
  std::chrono::steady_clock::time_point next_check_ =
      std::chrono::steady_clock::now() + kCheckEvery;
};

http::Response to_response(mcp::HttpAnswer answer) {
  http::Response response;
  response.status = answer.status;
  response.headers = std::move(answer.headers);
  response.headers.emplace_back("Cache-Control", "no-store");
  if (answer.stream) {
    response.content_type = kEventStream;
    response.source = std::make_shared<EventBody>(std::move(answer.stream));
    return response;
  }
  if (answer.body.empty()) response.content_type.clear();
  response.body = std::move(answer.body);
  return response;
}

constexpr std::string_view kSessionQuery = "sessionId";
constexpr std::string_view kNameHeader = "mcp-name";  // a URI may hold commas

mcp::HttpRequest asked_of(http::Request& request) {
  return {request.method, std::move(request.headers), std::move(request.body)};
}

std::string session_in(const http::Request& request) {
  for (const auto& [name, value] : request.query) {
    if (name == kSessionQuery) return value;
  }
  return {};
}

// The endpoints and who may use them.
struct Host {
  explicit Host(const Mount& mount)
      : authenticate(mount.authenticate),
        identify(mount.identify),
        body_bytes_max(mount.server->limits.message_bytes_max),
        streamable(mount.server, mount.limits),
        sse(std::make_shared<mcp::SseEndpoint>(mount.server, mount.limits, mount.messages_path)) {}

  const http::Authenticate authenticate;
  const Identify identify;
  const std::size_t body_bytes_max;
  mcp::HttpEndpoint streamable;
  const std::shared_ptr<mcp::SseEndpoint> sse;
};
using HostPtr = std::shared_ptr<Host>;

using Respond = std::function<void(mcp::HttpAnswer)>;
// What a route does once it knows who asks.
using Work = void (*)(const HostPtr&, http::Request&, const mcp::HttpCaller&, Respond);

void post_or_stream(const HostPtr& host, http::Request& request, const mcp::HttpCaller& caller,
                    Respond respond) {
  // The endpoint must not go before its answer.
  host->streamable.handle(
      asked_of(request), caller,
      [host, respond = std::move(respond)](mcp::HttpAnswer answer) { respond(std::move(answer)); });
}

void open_sse(const HostPtr& host, http::Request& request, const mcp::HttpCaller& caller,
              Respond respond) {
  respond(host->sse->open(asked_of(request), caller));
}

void post_to_sse(const HostPtr& host, http::Request& request, const mcp::HttpCaller& caller,
                 Respond respond) {
  const std::string session = session_in(request);
  respond(host->sse->post(session, asked_of(request), caller));
}

http::Route route_of(const HostPtr& host, const char* method, const std::string& path, Work work) {
  http::Route route;
  route.method = method;
  route.path = path;
  route.body_bytes_max = host->body_bytes_max;
  route.authenticate = host->authenticate;
  route.handler = [host, work](http::Request request, std::function<void(http::Response)> respond) {
    auto shared = std::make_shared<http::Request>(std::move(request));
    host->identify(
        *shared, [host, work, shared, respond = std::move(respond)](Identified identified) {
          if (auto* refusal = std::get_if<http::Response>(&identified)) {
            return respond(std::move(*refusal));
          }
          work(host, *shared, std::get<mcp::HttpCaller>(identified),
               [respond](mcp::HttpAnswer answer) { respond(to_response(std::move(answer))); });
        });
  };
  return route;
}

}  // namespace

std::vector<http::SingleHeader> single_headers() {
  std::vector<http::SingleHeader> headers;
  for (const std::string_view name : mcp::protocol_headers()) {
    headers.push_back({std::string(name), name == kNameHeader});
  }
  headers.push_back({"mcp-param-*", true});
  return headers;
}

std::vector<http::Route> mcp_routes(const Mount& mount) {
  const auto host = std::make_shared<Host>(mount);
  std::vector<http::Route> routes;
  // Hosts let people write the address, and many end it with a slash.
  for (const char* end : {"", "/"}) {
    for (const char* method : {"POST", "GET", "DELETE"}) {
      routes.push_back(route_of(host, method, mount.path + end, post_or_stream));
    }
    routes.push_back(route_of(host, "GET", mount.sse_path + end, open_sse));
    routes.push_back(route_of(host, "POST", mount.messages_path + end, post_to_sse));
  }
  return routes;
}

}  // namespace transport::mcp_http
