// What is decided about a request once its head is known, before its body is read. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "transport/http/header_rules.hpp"
#include "transport/http/request_rules.hpp"
#include "transport/http/router.hpp"
#include "transport/http/server.hpp"

namespace transport::http {

// What the parser knows beside the headers.
struct HeadFacts {
  std::string_view target;
  bool http10 = false;
  bool has_body = false;
  std::optional<std::uint64_t> content_length;  // nothing for a chunked body
};

struct Refusal {
  std::optional<Fault> fault;  // nothing: OPTIONS, which is answered 204
  std::string message;
  std::string allow;          // methods, for OPTIONS and MethodNotAllowed
  bool framing_lost = false;  // where the request ends is unknown: the connection must close
};

// Fills path, query and captures of `request`, whose method and headers are set, and finds its
// route, which lives as long as the router. In this order: ambiguous headers and framing 400,
// target 400, Origin 403, Host 400 or 403, query 400, path 404, method 405 or OPTIONS, body type
// 415, declared length 413.
tl::expected<const Route*, Refusal> admit(const Router& router, const HostRules& hosts,
                                          const HeaderRules& headers, const HeadFacts& facts,
                                          Request& request);

Refusal body_too_large(const Route& route);

}  // namespace transport::http
