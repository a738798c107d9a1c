// Fuzzes what is made of an HTTP request, without a socket: the decision about its head, and the
// MCP endpoint behind it, sealed session ids and states included. Input: a request as on the wire;
// its line ends may be bare.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "mcp/catalog.hpp"
#include "mcp/http_endpoint.hpp"
#include "tests/fuzz/promise.hpp"
#include "transport/http/admission.hpp"

namespace {

using fuzz::require;
namespace http = transport::http;

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

http::Request read(std::string_view text, std::string& target) {
  http::Request request;
  const std::string_view first = take_line(text);
  const std::size_t blank = std::min(first.find(' '), first.size());
  request.method = first.substr(0, blank);
  target = first.substr(std::min(blank + 1, first.size()));
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.headers.emplace_back(http::to_lower(line.substr(0, colon)), value);
  }
  request.body = text;
  return request;
}

std::vector<http::Route> routes() {
  const auto handler = [](http::Request, const std::function<void(http::Response)>&) {};
  return {{"POST", "/mcp", handler}, {"GET", "/mcp", handler}, {"GET", "/items/{id}", handler}};
}

void check_admission(http::Request request, const std::string& target) {
  static const http::Router router(routes());
  static const http::HostRules hosts("127.0.0.1", {"mail.example.com"});
  static const http::HeaderRules headers({{"x-api-key"}, {"mcp-param-*", true}});
  const http::HeadFacts facts{
      .target = target, .has_body = !request.body.empty(), .content_length = request.body.size()};
  const auto route = http::admit(router, hosts, headers, facts, request);
  if (!route) return;
  require(*route != nullptr, "a route");
  const auto host = request.header("host");
  require(host && hosts.allows(*host), "a host that is ours");
}

std::shared_ptr<mcp::Server> make_server() {
  auto server = std::make_shared<mcp::Server>();
  server->info = {"fuzz", "Fuzz", "1", ""};
  // The same in each run, so that the corpus can hold what is sealed.
  server->secrets = {[](std::string_view text) {
                       const std::size_t hash = std::hash<std::string_view>{}(text);
                       return std::string(reinterpret_cast<const char*>(&hash), sizeof hash);
                     },
                     [] { return std::string("name"); }};
  return server;
}

std::shared_ptr<mcp::Provider> make_provider() {
  auto catalog = std::make_shared<mcp::Catalog>(mcp::Features{.logging = true});
  mcp::Tool tool;
  tool.name = "ask";
  tool.input_schema =
      R"({"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}})";
  catalog->add(tool, [](const mcp::ToolCall&, const mcp::Exchange& exchange,
                        const mcp::Catalog::Done<mcp::ToolResult>& done) {
    exchange.log(mcp::LogLevel::Error, "", mcp::Json("line\nend"));
    if (exchange.state()) return done(mcp::ToolResult{.text = *exchange.state()});
    done(mcp::InputRequired{{}, "state"});
  });
  return catalog;
}

// Events end with an empty line, and hold whole messages.
void check_events(const std::string& bytes) {
  require(bytes.empty() || bytes.ends_with("\n\n"), "whole events");
  std::string_view text = bytes;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    constexpr std::string_view kData = "data: ";
    if (!line.starts_with(kData) || line.size() == kData.size()) continue;
    require(describe::parse_json(line.substr(kData.size())).has_value(), "an event that is JSON");
  }
}

void check_endpoint(const http::Request& request) {
  static const auto provider = make_provider();
  mcp::HttpEndpoint endpoint(make_server());
  int answers = 0;
  endpoint.handle({request.method, request.headers, request.body}, {provider, "fuzz"},
                  [&](const mcp::HttpAnswer& answer) {
                    ++answers;
                    require(answer.status >= 200 && answer.status < 600, "a status");
                    if (answer.stream) return;
                    require(answer.body.empty() || describe::parse_json(answer.body).has_value(),
                            "a body that is JSON");
                  });
  require(answers == 1, "one answer");
}

void check_stream(const http::Request& request) {
  mcp::EventStream stream(1 << 20);
  stream.send(mcp::event_text(describe::dump_json(mcp::Json(request.body)), "1-1"));
  stream.finish();
  check_events(stream.take().bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string target;
  const auto request = read({reinterpret_cast<const char*>(data), size}, target);
  check_admission(request, target);
  check_endpoint(request);
  check_stream(request);
  return 0;
}
