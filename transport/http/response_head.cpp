#include "transport/http/response_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "transport/http/request_rules.hpp"

namespace transport::http {
namespace {

constexpr std::array<std::string_view, 6> kOwnHeaders = {
    "content-type", "content-length", "transfer-encoding",
    "connection",   "x-request-id",   "x-content-type-options"};

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";  // the phrase carries no meaning (RFC 9112 §4)
  }
}

bool status_has_body(int status) {
  return status != 204 && status != 304;
}

std::optional<std::string> response_defect(const Response& response) {
  if (response.status < 200 || response.status > 599) {
    return fmt::format("the handler gave the status {}, which is not one of 200-599",
                       response.status);
  }
  if (!is_field_value(response.content_type)) {
    return "the handler gave a content type with control characters";
  }
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name)) return "the handler gave a header whose name is not a token";
    if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), to_lower(name)) != kOwnHeaders.end()) {
      return fmt::format("the handler gave the header {}, which the server writes itself", name);
    }
    if (!is_field_value(value)) {
      return fmt::format("the handler gave the header {} a value with control characters", name);
    }
  }
  return std::nullopt;
}

std::string response_head(const Response& response, std::string_view request_id,
                          Persistence persistence, Framing framing) {
  std::string head;
  head.reserve(256);
  auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  if (status_has_body(response.status)) {
    if (!response.content_type.empty()) {
      fmt::format_to(out, "content-type: {}\r\n", response.content_type);
    }
    if (framing == Framing::Length) {
      fmt::format_to(out, "content-length: {}\r\n", response.body.size());
    }
    if (framing == Framing::Chunked) head += "transfer-encoding: chunked\r\n";
  }
  fmt::format_to(out, "x-request-id: {}\r\nx-content-type-options: nosniff\r\n", request_id);
  for (const auto& [name, value] : response.headers) {
    fmt::format_to(out, "{}: {}\r\n", name, value);
  }
  if (persistence == Persistence::KeepAlive) head += "connection: keep-alive\r\n";
  if (persistence == Persistence::Close) head += "connection: close\r\n";
  head += "\r\n";
  return head;
}

std::optional<std::string> make_body(Response& response) {
  if (!response.make_body) return std::nullopt;
  try {
    response.body = response.make_body();
    return std::nullopt;
  } catch (const std::exception& error) {
    return std::string("a body could not be made: ") + error.what();
  }
}

}  // namespace transport::http
