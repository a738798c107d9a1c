#include "app/callers.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/base/ascii.hpp"
#include "tools/rest.hpp"

namespace segmentflow::app {
namespace {

using describe::Json;

// The other server's error, made ours again so that it reads the same here.
Error error_of(const transport::http::ClientResponse& response) {
  auto envelope = describe::parse_json(response.body);
  Error error{ErrorCode::Internal,
              fmt::format("The server answered {} without an explanation.", response.status)};
  if (!envelope || !envelope->is_object() || !envelope->contains("errorCode")) return error;
  const std::string code = envelope->at("errorCode").get<std::string>();
  for (int i = 0; i <= static_cast<int>(ErrorCode::NotReady); ++i) {
    const auto candidate = static_cast<ErrorCode>(i);
    if (kind_of(candidate).pascal_case == code) error.code = candidate;
  }
  error.message = envelope->value("message", error.message);
  if (envelope->contains("details")) {
    for (const Json& row : envelope->at("details")) {
      error.problems.push_back({row.value("path", ""), row.value("message", "")});
    }
  }
  if (envelope->contains("required")) {
    error.required_scopes = envelope->at("required").get<std::vector<std::string>>();
  }
  return error;
}

Result<std::vector<std::string>> scopes_of(const Answer& status) {
  const Json body = status.body();
  if (body.is_object() && body.contains("scopes")) {
    return body.at("scopes").get<std::vector<std::string>>();
  }
  return fail(ErrorCode::NotReady, "The server at SEGMENTFLOW_BASE_URL is not Segmentflow.");
}

}  // namespace

void LocalCaller::scopes(std::function<void(Result<std::vector<std::string>>)> done) {
  dispatcher_.identify(secret_, [done = std::move(done)](Result<KeyPtr> key) {
    done(key.map([](const KeyPtr& known) { return known->scopes; }));
  });
}

void LocalCaller::asks_person(std::size_t emails, std::function<void(bool)> done) {
  dispatcher_.identify(secret_, [emails, done = std::move(done)](const Result<KeyPtr>& key) {
    const Guards* guards = key ? (*key)->guards.get() : nullptr;
    done(guards != nullptr && guards->ask_first == AskFirst::Human && guards->ask_about(emails));
  });
}

void LocalCaller::complete(const Operation& operation, const std::string& beginning,
                           std::function<void(std::vector<Uuid>)> done) {
  dispatcher_.complete(operation, secret_, beginning, std::move(done));
}

void LocalCaller::call(const Operation& operation, Json arguments, Consent consent,
                       AnswerDone done) {
  CallSource source = source_;
  source.consent = consent;
  call_from(std::move(source), operation, std::move(arguments), std::move(done));
}

void LocalCaller::preview(const Operation& operation, Json arguments, AnswerDone done) {
  CallSource source = source_;
  source.is_preview = true;
  call_from(std::move(source), operation, std::move(arguments), std::move(done));
}

void LocalCaller::call_from(CallSource source, const Operation& operation, Json arguments,
                            AnswerDone done) {
  auto shared = std::make_shared<Json>(std::move(arguments));
  dispatcher_.call(
      operation, secret_, source, [shared]() -> Result<Json> { return std::move(*shared); },
      std::move(done));
}

Result<std::shared_ptr<BridgeCaller>> BridgeCaller::make(const std::string& base_url,
                                                         std::string secret,
                                                         const Registry& registry,
                                                         ReaderPool& workers) {
  auto client = transport::http::Client::make(base_url, {});
  if (!client) return fail(ErrorCode::ValidationFailed, client.error());
  return std::shared_ptr<BridgeCaller>(
      new BridgeCaller(std::move(*client), std::move(secret), registry, workers));
}

BridgeCaller::BridgeCaller(std::unique_ptr<transport::http::Client> client, std::string secret,
                           const Registry& registry, ReaderPool& workers)
    : client_(std::move(client)),
      secret_(std::move(secret)),
      registry_(registry),
      workers_(workers) {}

void BridgeCaller::scopes(std::function<void(Result<std::vector<std::string>>)> done) {
  call(*registry_.find_by_id("status"), Json::object(), Consent::NotAsked,
       [done = std::move(done)](Result<Answer> answer) {
         done(std::move(answer).and_then(scopes_of));
       });
}

// Nobody here can tell the server that a person has approved; it has the emails wait.
void BridgeCaller::preview(const Operation& operation, Json arguments, AnswerDone done) {
  arguments[kDryRun] = true;
  call(operation, std::move(arguments), Consent::NotAsked, std::move(done));
}

void BridgeCaller::call(const Operation& operation, Json arguments, Consent /*consent*/,
                        AnswerDone done) {
  auto shared = std::make_shared<Json>(std::move(arguments));
  const bool queued = workers_.post([self = shared_from_this(), &operation, shared, done] {
    done(guarded([&] { return self->exchange(operation, *shared); }));
  });
  if (!queued) done(fail(ErrorCode::RateLimited, "Too many calls are waiting. Try again shortly."));
}

Result<Answer> BridgeCaller::exchange(const Operation& operation, const Json& arguments) {
  // Here and not only at the server: a URL and a header have no types and no unknown members.
  Json input = arguments;
  if (auto options = take_options(operation.info, input); !options) {
    return tl::unexpected(options.error());
  }
  if (auto problems = operation.problems_of(input); !problems.empty()) {
    return tl::unexpected(invalid_input(std::move(problems)));
  }
  const RestCall call = rest_call(operation, arguments);
  transport::http::ClientHeaders headers(call.headers.begin(), call.headers.end());
  headers.emplace_back("x-api-key", secret_);
  if (!call.body.empty()) headers.emplace_back("content-type", "application/json");
  const auto response = client_->request(call.method, call.target, headers, call.body);
  if (!response) return fail(ErrorCode::NotReady, response.error());
  if (response->status != 200) return tl::unexpected(error_of(*response));
  auto body = describe::parse_json(response->body, {.bytes_max = 16 << 20});
  if (!body) return fail(ErrorCode::Internal, "The server's answer is not JSON.");
  Answer::Headers answered;
  if (const auto cursor = response->header(ascii_lower(kNextCursorHeader))) {
    answered.emplace_back(kNextCursorHeader, *cursor);
  }
  return Answer::of(std::move(*body), std::move(answered));
}

}  // namespace segmentflow::app
