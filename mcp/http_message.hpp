// What of HTTP requests and answers matters to this library.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/event_stream.hpp"
#include "mcp/jsonrpc.hpp"

namespace mcp {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;   // GET, POST or DELETE
  HttpHeaders headers;  // names in lower case
  std::string body;
};

struct HttpAnswer {
  int status = 200;
  HttpHeaders headers;
  std::string body;                     // JSON; "" for none
  std::shared_ptr<EventStream> stream;  // instead of a body: text/event-stream
};

// The first header of that lower-case name.
std::optional<std::string_view> header(const HttpRequest& request, std::string_view name);

// An error of JSON-RPC; without an id where the request's cannot be told.
HttpAnswer refusal(int status, std::string_view id, const jsonrpc::Fault& fault);
HttpAnswer refusal(int status, jsonrpc::Code code, std::string sentence);

HttpAnswer event_answer(std::shared_ptr<EventStream> stream);

}  // namespace mcp
