#include "app/http_routes.hpp"

#include "app/mcp_routes.hpp"
#include "app/metrics.hpp"
#include "schemas/describe/json.hpp"
#include "tools/rest.hpp"
#include "transport/mcp/mcp_routes.hpp"

namespace segmentflow::app {
namespace {

namespace http = transport::http;

http::Response to_response(const Operation& operation, const Result<Answer>& answer,
                           std::string_view request_id) {
  http::Response response = http_response(answer, request_id);
  response.log.emplace_back("operation", std::string(operation.info.id));
  if (!answer) {
    response.log.emplace_back("errorCode", std::string(kind_of(answer.error().code).pascal_case));
  }
  return response;
}

// Where a call comes from; ValidationFailed when its head means two things.
Result<CallSource> source_of(const Operation& operation, const http::Request& request) {
  CallSource source{"rest", request.request_id};
  source.input_bytes = request.body.size();
  auto problem = two_keys(request.headers);
  if (!problem) return source;
  if (!reads_idempotency_key(operation)) return fail(ErrorCode::ValidationFailed, *problem);
  source.only_replay = std::move(*problem);
  return source;
}

http::Route operation_route(Runtime& runtime, const Operation& operation) {
  http::Route route;
  route.method = operation.info.method;
  route.path = operation.info.path;
  route.body_bytes_max = operation.info.body_bytes_max;
  route.authenticate = authenticate(runtime);
  route.handler = [&runtime, &operation](http::Request request,
                                         std::function<void(http::Response)> respond) {
    const auto secret = api_key_of(request.headers);
    const auto source = source_of(operation, request);
    if (!secret || !source) {
      const Error& error = secret ? source.error() : secret.error();
      return respond(to_response(operation, tl::unexpected(error), request.request_id));
    }
    auto shared = std::make_shared<http::Request>(std::move(request));
    runtime.dispatcher().call(
        operation, *secret, *source,
        [&operation, shared] {
          return rest_input(operation, {std::move(shared->captures), std::move(shared->query),
                                        std::move(shared->headers), std::move(shared->body)});
        },
        [&operation, shared, respond](const Result<Answer>& answer) {
          respond(to_response(operation, answer, shared->request_id));
        });
  };
  return route;
}

// What needs no key takes no body, and neither holds nor tells a secret.
http::Route open_route(const char* path, http::Handler handler) {
  http::Route route;
  route.method = "GET";
  route.path = path;
  route.handler = std::move(handler);
  route.body_bytes_max = 0;
  return route;
}

http::Response plain(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

http::Route ready_route(Runtime& runtime) {
  auto handler = [&runtime](const http::Request&,
                            const std::function<void(http::Response)>& respond) {
    const bool queued = runtime.engine().readers.post([&runtime, respond] {
      const auto read = runtime.database().read([](Transaction& tx) { tx.query("SELECT 1"); });
      respond(read ? plain(200, "ready\n") : plain(503, read.error().message + "\n"));
    });
    if (!queued) respond(plain(503, "too many reads are waiting\n"));
  };
  http::Route route = open_route("/readyz", std::move(handler));
  route.any_host = true;
  return route;
}

http::Route metrics_route(Runtime& runtime, std::function<http::Counters()> http_counters) {
  auto handler = [&runtime, http_counters = std::move(http_counters)](
                     const http::Request&, const std::function<void(http::Response)>& respond) {
    const bool queued = runtime.engine().readers.post([&runtime, http_counters, respond] {
      http::Response response = plain(200, metrics_text(runtime, http_counters()));
      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      respond(std::move(response));
    });
    if (!queued) respond(plain(503, "too many reads are waiting\n"));
  };
  return open_route("/metrics", std::move(handler));
}

http::Route health_route() {
  http::Route route = open_route(
      "/healthz", [](const http::Request&, const std::function<void(http::Response)>& respond) {
        respond(plain(200, "ok\n"));
      });
  route.any_host = true;
  return route;
}

ErrorCode code_of(http::Fault fault) {
  switch (fault) {
    case http::Fault::BadRequest:
    case http::Fault::HeadersTooLarge:
    case http::Fault::Timeout:
      return ErrorCode::ValidationFailed;
    case http::Fault::NotFound:
      return ErrorCode::NotFound;
    case http::Fault::MethodNotAllowed:
      return ErrorCode::MethodNotAllowed;
    case http::Fault::PayloadTooLarge:
      return ErrorCode::PayloadTooLarge;
    case http::Fault::UnsupportedMediaType:
      return ErrorCode::UnsupportedMediaType;
    case http::Fault::Misdirected:
      return ErrorCode::Misdirected;
    case http::Fault::Overloaded:
      return ErrorCode::NotReady;
    case http::Fault::Internal:
      break;
  }
  return ErrorCode::Internal;
}

// RFC 6750 §3: a token that was shown and is none says so; without any there is nothing to say.
void name_token(http::Response& refusal) {
  for (auto& [name, value] : refusal.headers) {
    if (name == "WWW-Authenticate") value += ", error=\"invalid_token\"";
  }
}

}  // namespace

http::Response http_response(const Result<Answer>& answer, std::string_view request_id) {
  RestResponse rest = rest_response(answer, request_id);
  http::Response response;
  response.status = rest.status;
  response.headers = std::move(rest.headers);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.make_body = std::move(rest.body);
  return response;
}

http::Authenticate authenticate(Runtime& runtime) {
  return [&runtime](const http::Request& head, std::function<void(http::Authenticated)> done) {
    const auto refuse = [done, id = head.request_id](const Error& error, bool has_token = false) {
      http::Response refusal = http_response(tl::unexpected(error), id);
      if (has_token) name_token(refusal);
      refusal.log.emplace_back("errorCode", std::string(kind_of(error.code).pascal_case));
      done(std::move(refusal));
    };
    const auto secret = api_key_of(head.headers);
    if (!secret) return refuse(secret.error());
    const bool has_token = !secret->empty();
    runtime.dispatcher().identify(*secret, [done, refuse, has_token](const Result<KeyPtr>& key) {
      if (!key) return refuse(key.error(), has_token);
      done(http::Account{(*key)->organization_id.to_string()});
    });
  };
}

std::vector<http::SingleHeader> single_headers(const Registry& registry) {
  std::vector<http::SingleHeader> headers = transport::mcp_http::single_headers();
  for (std::string& name : operation_headers(registry)) {
    const bool is_list = name == "if-match";  // RFC 9110 §13.1.1
    headers.push_back({std::move(name), is_list});
  }
  headers.push_back({std::string(kToolsHeader), true});
  headers.push_back({std::string(kReadOnlyHeader)});
  headers.push_back({std::string(kCompactHeader)});
  return headers;
}

std::vector<http::Route> http_routes(Runtime& runtime,
                                     std::function<http::Counters()> http_counters) {
  std::vector<http::Route> routes;
  for (const auto& operation : runtime.registry().operations()) {
    routes.push_back(operation_route(runtime, operation));
  }
  for (auto& route : mcp_routes(runtime)) routes.push_back(std::move(route));
  routes.push_back(health_route());
  routes.push_back(ready_route(runtime));
  routes.push_back(metrics_route(runtime, std::move(http_counters)));
  return routes;
}

std::string fault_body(http::Fault fault, std::string_view message, std::string_view request_id) {
  std::string sentence(message);
  if (!sentence.empty()) {
    sentence.front() =
        static_cast<char>(std::toupper(static_cast<unsigned char>(sentence.front())));
    if (sentence.back() != '.') sentence += '.';
  }
  if (fault == http::Fault::Misdirected) {
    sentence += " Set SEGMENTFLOW_PUBLIC_URL to the URLs that clients use, separated by commas.";
  }
  auto envelope = error_envelope({code_of(fault), std::move(sentence)}, request_id);
  envelope["statusCode"] = http::status_of(fault);
  return describe::dump_json(envelope);
}

}  // namespace segmentflow::app
