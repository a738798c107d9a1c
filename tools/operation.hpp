// An operation: everything a caller can do, declared once. Every surface is a projection of the
// registry of operations (registry.hpp); no surface names a single one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "schemas/describe/parse.hpp"

namespace segmentflow {

using KeyPtr = std::shared_ptr<const ApiKey>;

struct OperationHints {
  bool read_only = false;
  bool destructive = false;
  bool idempotent = false;
  bool open_world = false;
};

struct OperationInfo {
  std::string_view id;           // "emails.send"
  std::string_view method;       // "POST"
  std::string_view path;         // "/api/v1/emails/{id}"
  std::string_view tool;         // "send_email"
  std::string_view scope;        // "" for any valid key
  std::string_view title;        // "Send one email"
  std::string_view description;  // what for, when not, what next; under 600 characters
  OperationHints hints;
  std::size_t body_bytes_max = 64 << 10;
};

// What an operation gives: the response, and what REST adds as headers. The response is written as
// JSON when a surface asks for it, on that surface's thread: the committer's has better things to
// do.
class Answer {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  template <class Response>
  static Answer of(Response response, Headers headers = {}) {
    return Answer(describe::type_of<Response>(),
                  std::make_shared<const Response>(std::move(response)), std::move(headers));
  }

  describe::Json body() const { return describe::write_object(*type_, response_.get()); }
  const Headers& headers() const { return headers_; }

 private:
  Answer(const describe::Type& type, std::shared_ptr<const void> response, Headers headers)
      : type_(&type), response_(std::move(response)), headers_(std::move(headers)) {}

  const describe::Type* type_;
  std::shared_ptr<const void> response_;
  Headers headers_;
};
using AnswerDone = std::function<void(Result<Answer>)>;

struct Operation {
  OperationInfo info;
  const describe::Type* request;
  const describe::Type* response;
  // Parses `input` (all fields as members of one object, wherever a surface carries them), runs,
  // and calls `done` exactly once, from any thread. The key is authenticated and authorised
  // already.
  std::function<void(const Engine&, const KeyPtr&, const describe::Json& input, AnswerDone done)>
      invoke;
  // What invoke would refuse in the form of `input`, without running anything.
  std::vector<describe::Problem> (*problems_of)(const describe::Json& input);
};

// The error of an input that breaks its description.
Error invalid_input(std::vector<describe::Problem> problems);

template <class Request>
std::vector<describe::Problem> problems_of(const describe::Json& input) {
  Request request;
  return describe::read(input, request);
}

// Runs `work`; a defect (an exception) is logged and becomes Internal, which tells the caller
// nothing of what is inside.
Result<Answer> guarded(const std::function<Result<Answer>()>& work);

// A read: a plain function on a reader thread, in one snapshot of the database.
template <class Request, class Response>
Operation read_operation(OperationInfo info,
                         Result<Response> (*handler)(const Engine&, Transaction&, const ApiKey&,
                                                     const Request&)) {
  auto invoke = [handler](const Engine& engine, const KeyPtr& key, const describe::Json& input,
                          AnswerDone done) {
    auto request = std::make_shared<Request>();
    if (auto problems = describe::read(input, *request); !problems.empty()) {
      done(tl::unexpected(invalid_input(std::move(problems))));
      return;
    }
    const bool queued = engine.readers.post([&engine, handler, key, request, done] {
      done(guarded([&]() -> Result<Answer> {
        Result<Response> response = fail(ErrorCode::Internal, "The operation gave no answer.");
        const auto read = engine.database.read(
            [&](Transaction& tx) { response = handler(engine, tx, *key, *request); });
        if (!read) return tl::unexpected(read.error());
        if (!response) return tl::unexpected(response.error());
        return Answer::of(std::move(*response));
      }));
    });
    if (!queued)
      done(fail(ErrorCode::RateLimited, "Too many reads are waiting. Try again shortly."));
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

// What a write's handler gives back through its callback.
template <class Response>
struct Reply {
  Response response;
  std::vector<std::pair<std::string, std::string>> headers{};
};
template <class Response>
using ReplyDone = std::function<void(Result<Reply<Response>>)>;

// A write: the handler prepares a command and submits it to the committer; it blocks nowhere.
template <class Request, class Response>
Operation write_operation(OperationInfo info, void (*handler)(const Engine&, const KeyPtr&, Request,
                                                              ReplyDone<Response>)) {
  auto invoke = [handler](const Engine& engine, const KeyPtr& key, const describe::Json& input,
                          AnswerDone done) {
    Request request;
    if (auto problems = describe::read(input, request); !problems.empty()) {
      done(tl::unexpected(invalid_input(std::move(problems))));
      return;
    }
    handler(engine, key, std::move(request), [done](Result<Reply<Response>> reply) {
      done(std::move(reply).map([](Reply<Response> r) {
        return Answer::of(std::move(r.response), std::move(r.headers));
      }));
    });
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

}  // namespace segmentflow
