#include "transport/http/admission.hpp"

#include "transport/http/target.hpp"

namespace transport::http {
namespace {

Refusal refusal(Fault fault, std::string message) {
  return Refusal{.fault = fault, .message = std::move(message), .allow = ""};
}

// Where a request ends depends on its headers: one that is refused for them ends the connection.
Refusal framing_lost(std::string message) {
  Refusal lost = refusal(Fault::BadRequest, std::move(message));
  lost.framing_lost = true;
  return lost;
}

std::optional<Refusal> check_headers(const HeaderRules& rules, const HeadFacts& facts,
                                     const Request& request) {
  if (auto problem = rules.problem(request.headers)) return framing_lost(std::move(*problem));
  const auto encoding = request.header("transfer-encoding");
  if (encoding && (to_lower(*encoding) != "chunked" || facts.http10)) {
    return framing_lost("the only transfer-encoding understood is chunked, in HTTP/1.1");
  }
  return std::nullopt;
}

std::optional<Refusal> check_host(const HostRules& hosts, const HeadFacts& facts,
                                  const Target& target, const Match& match,
                                  const Request& request) {
  auto host = request.header("host");
  if (!host && !facts.http10) return refusal(Fault::BadRequest, "the Host header is missing");
  if (target.authority) host = target.authority;
  // A page of another site may make a browser call us: it says whose page it is (Fetch, "Origin").
  const auto origin = request.header("origin");
  if (origin && !hosts.allows_origin(*origin)) {
    return refusal(Fault::Misdirected,
                   "this server does not answer to pages of that Origin, only to those of its "
                   "own and its public name");
  }
  const bool is_open = match.route != nullptr && match.route->any_host;
  if (!host || is_open || hosts.allows(*host)) return std::nullopt;
  return refusal(Fault::Misdirected,
                 "this server does not answer to that Host name; use the address it listens on, or "
                 "its public name");
}

tl::expected<const Route*, Refusal> route_of(Match match, Request& request) {
  switch (match.outcome) {
    case Match::Outcome::Found:
      break;
    case Match::Outcome::NotFound:
      return tl::unexpected(refusal(Fault::NotFound, "there is nothing at this path"));
    case Match::Outcome::BadEncoding:
      return tl::unexpected(refusal(
          Fault::BadRequest, "the path is not valid percent-encoded UTF-8 text; encode it as %XX"));
    case Match::Outcome::Options:
      return tl::unexpected(Refusal{.message = "", .allow = std::move(match.allow)});
    case Match::Outcome::MethodNotAllowed: {
      Refusal unknown = refusal(Fault::MethodNotAllowed,
                                "this path does not know that method; it allows " + match.allow);
      unknown.allow = std::move(match.allow);
      return tl::unexpected(std::move(unknown));
    }
  }
  request.captures = std::move(match.captures);
  return match.route;
}

std::optional<Refusal> check_body(const Route& route, const HeadFacts& facts,
                                  const Request& request) {
  if (!facts.has_body) return std::nullopt;
  if (route.json_body && !is_json_type(request.header("content-type").value_or(""))) {
    return refusal(Fault::UnsupportedMediaType,
                   "the body must be JSON: send it with content-type: application/json");
  }
  if (to_lower(request.header("content-encoding").value_or("identity")) != "identity") {
    return refusal(Fault::UnsupportedMediaType,
                   "compressed bodies are not accepted; send the body without content-encoding");
  }
  if (facts.content_length.value_or(0) > route.body_bytes_max) return body_too_large(route);
  return std::nullopt;
}

}  // namespace

Refusal body_too_large(const Route& route) {
  return refusal(Fault::PayloadTooLarge, "the body is longer than the " +
                                             std::to_string(route.body_bytes_max) +
                                             " bytes allowed here; send less at once");
}

tl::expected<const Route*, Refusal> admit(const Router& router, const HostRules& hosts,
                                          const HeaderRules& headers, const HeadFacts& facts,
                                          Request& request) {
  if (auto refused = check_headers(headers, facts, request)) {
    return tl::unexpected(std::move(*refused));
  }
  const auto target = parse_target(facts.target);
  if (!target) return tl::unexpected(refusal(Fault::BadRequest, target.error()));
  request.path = target->path;
  Match match = router.match(request.method, request.path);
  if (auto refused = check_host(hosts, facts, *target, match, request)) {
    return tl::unexpected(std::move(*refused));
  }
  auto query = parse_query(target->query);
  if (!query) return tl::unexpected(refusal(Fault::BadRequest, query.error()));
  request.query = std::move(*query);
  auto route = route_of(std::move(match), request);
  if (!route) return route;
  if (auto refused = check_body(**route, facts, request)) {
    return tl::unexpected(std::move(*refused));
  }
  return route;
}

}  // namespace transport::http
