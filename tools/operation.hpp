// An operation: everything a caller can do, declared once. Every surface is a projection of the
// registry of operations (registry.hpp); no surface names a single one.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/access/audit.hpp"
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

// An answer in fewer words, for callers that pay for each of them: what it is, and how it is made
// of the JSON of the whole answer.
struct Brief {
  const describe::Type& (*type)() = nullptr;
  describe::Json (*of)(const describe::Json& answer) = nullptr;
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
  // Of an operation that retrieves one thing by its {id}: how MCP addresses the thing as a
  // resource, "segmentflow://templates/{id}", and the list whose items complete the id.
  std::string_view resource = {};
  std::string_view listed_by = {};
  // Where no list completes it: ids from `first` to `last`, newest first.
  std::vector<Uuid> (*recent)(Transaction&, const Uuid& organization_id, const Uuid& first,
                              const Uuid& last, std::size_t most) = nullptr;
  // When each of these things has changed last, as far as they are there; for clients that watch.
  std::map<Uuid, Time> (*versions)(Transaction&, const std::vector<Uuid>&) = nullptr;
  bool asks_first = false;  // a key may want a confirmation of it: emails leave the machine
  bool makes_new = false;   // what it answers is a thing that it has made, with an id of its own
  Brief brief = {};         // as MCP answers; without one, in full
};

// What a person said who was asked about a call before it is made.
enum class Consent { NotAsked, Given, Refused };

// What a call says beside the operation's own input, the same for all operations that write.
struct CallOptions {
  bool is_dry_run = false;              // everything but the write
  std::string confirmation_token;       // "" for none
  Consent consent = Consent::NotAsked;  // no caller can say so itself
  std::string arguments_digest;         // keyed, over operation and input: tells calls apart
  AuditNotePtr note;                    // what a change writes with it; may be null
  std::string only_replay;              // a sentence: see AcceptItem::only_replay; "" as a rule
};

// What an operation gives: the response, and what REST adds as headers. The response is written as
// JSON when a surface asks for it, on that surface's thread: the committer's has better things to
// do.
class Answer {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // `complete`, which may be empty, adds to the response when it is written.
  template <class Response>
  static Answer of(Response response, Headers headers = {},
                   std::function<void(Response&)> complete = {}) {
    auto kept = std::make_shared<const Response>(std::move(response));
    if (!complete)
      return Answer(describe::type_of<Response>(), std::move(kept), std::move(headers));
    auto write = [kept = std::move(kept), complete = std::move(complete)] {
      Response whole = *kept;
      complete(whole);
      return describe::write_object(describe::type_of<Response>(), &whole);
    };
    return Answer(std::move(write), std::move(headers));
  }

  describe::Json body() const {
    return write_ ? write_() : describe::write_object(*type_, response_.get());
  }
  const Headers& headers() const { return headers_; }

 private:
  Answer(const describe::Type& type, std::shared_ptr<const void> response, Headers headers)
      : type_(&type), response_(std::move(response)), headers_(std::move(headers)) {}
  Answer(std::function<describe::Json()> write, Headers headers)
      : write_(std::move(write)), headers_(std::move(headers)) {}

  const describe::Type* type_ = nullptr;
  std::shared_ptr<const void> response_;
  std::function<describe::Json()> write_;
  Headers headers_;
};
using AnswerDone = std::function<void(Result<Answer>)>;

struct Operation {
  OperationInfo info;
  const describe::Type* request;
  const describe::Type* response;
  // Parses `input` (all fields as members of one object, wherever a surface carries them, without
  // those of CallOptions), runs, and calls `done` exactly once, from any thread. The key is
  // authenticated and authorised already.
  std::function<void(const Engine&, const KeyPtr&, const describe::Json& input,
                     const CallOptions& options, AnswerDone done)>
      invoke;
  // What invoke would refuse in the form of `input`, without running anything.
  std::vector<describe::Problem> (*problems_of)(const describe::Json& input);
};

// The header of an answer that repeats an earlier one.
inline constexpr const char* kReplayedHeader = "Idempotent-Replayed";
// The header of a list that goes on: the `cursor` of its next page.
inline constexpr const char* kNextCursorHeader = "Next-Cursor";

// The members of CallOptions as callers give them; an operation that reads has none.
inline constexpr const char* kDryRun = "dryRun";
inline constexpr const char* kConfirmationToken = "confirmationToken";

// Takes the options out of the input. ValidationFailed.
Result<CallOptions> take_options(const OperationInfo& info, describe::Json& input);

// The operation's input as callers give it, options included: JSON Schema 2020-12.
describe::Json input_schema(const Operation& operation);

// The error of an input that breaks its description.
Error invalid_input(std::vector<describe::Problem> problems);

template <class Request>
std::vector<describe::Problem> problems_of(const describe::Json& input) {
  Request request;
  return describe::read(input, request);
}

// What a handler gives back. A response alone converts to it.
template <class Response>
struct Reply {
  Reply(Response value, Answer::Headers extra = {})
      : response(std::move(value)), headers(std::move(extra)) {}
  Response response;
  Answer::Headers headers;
  std::function<void(Response&)> complete;  // adds what is made when the answer is written
};
template <class Response>
using ReplyDone = std::function<void(Result<Reply<Response>>)>;

template <class Response>
Result<Answer> answer_of(Result<Reply<Response>> reply) {
  return std::move(reply).map([](Reply<Response> given) {
    return Answer::of(std::move(given.response), std::move(given.headers),
                      std::move(given.complete));
  });
}

// Reads and changes have handlers of one form: a plain function in a transaction.
template <class Request, class Response>
using Handler = Result<Reply<Response>> (*)(const Engine&, Transaction&, const ApiKey&,
                                            const Request&);

// Parses `input` for `run`, or refuses it through `done`.
template <class Request, class Run>
void with_request(const describe::Json& input, const AnswerDone& done, Run run) {
  auto request = std::make_shared<Request>();
  if (auto problems = describe::read(input, *request); !problems.empty()) {
    done(tl::unexpected(invalid_input(std::move(problems))));
    return;
  }
  run(std::move(request));
}

// Logs a defect and makes it Internal, which tells the caller nothing of what is inside.
tl::unexpected<Error> defect(const std::exception& thrown);

// What `work` gives; a defect (an exception) is an error too.
template <class Work>
auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    return defect(thrown);
  }
}

// A read: a plain function on a reader thread, in one snapshot of the database.
template <class Request, class Response>
Operation read_operation(OperationInfo info,
                         std::type_identity_t<Handler<Request, Response>> handler) {
  auto invoke = [handler](const Engine& engine, const KeyPtr& key, const describe::Json& input,
                          const CallOptions&, AnswerDone done) {
    with_request<Request>(input, done, [&](std::shared_ptr<const Request> request) {
      const bool queued = engine.readers.post([&engine, handler, key, request, done] {
        done(guarded([&]() -> Result<Answer> {
          Result<Reply<Response>> reply =
              fail(ErrorCode::Internal, "The operation gave no answer.");
          const auto read = engine.database.read(
              [&](Transaction& tx) { reply = handler(engine, tx, *key, *request); });
          if (!read) return tl::unexpected(read.error());
          return answer_of(std::move(reply));
        }));
      });
      if (!queued)
        done(fail(ErrorCode::RateLimited, "Too many reads are waiting. Try again shortly."));
    });
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

// The failure by which a dry run has the committer undo its changes.
tl::unexpected<Error> undone();

// Says in the answer of a dry run that it is one, and takes out the ids of what was not made.
template <class Response>
void mark_dry_run(const OperationInfo& info, Response& response) {
  if constexpr (requires { response.dry_run = true; }) response.dry_run = true;
  if constexpr (requires { response.current_snapshot_id.reset(); }) {
    response.current_snapshot_id.reset();
  }
  if constexpr (requires { response.id.reset(); }) {
    if (info.makes_new) response.id.reset();
  }
}

// Has `change` run on a thread of the committer, in a transaction that others may share; a dry run
// in one of its own, which is undone. It may run more than once (Committer::run).
template <class Response>
void submit_change(const OperationInfo& info, const Engine& engine, const CallOptions& options,
                   AnswerDone done, std::function<Result<Reply<Response>>(Transaction&)> change) {
  auto made = std::make_shared<std::optional<Reply<Response>>>();
  auto work = [made, change = std::move(change), is_dry_run = options.is_dry_run,
               note = options.note](Transaction& tx) -> Result<void> {
    made->reset();
    auto reply = change(tx);
    if (!reply) return tl::unexpected(std::move(reply.error()));
    *made = std::move(*reply);
    if (is_dry_run) return undone();
    write_audit(tx, note);
    return {};
  };
  auto answer = [info, made, done = std::move(done),
                 is_dry_run = options.is_dry_run](Result<void> result) {
    if (*made && (result || is_dry_run)) {
      if (is_dry_run) mark_dry_run(info, (*made)->response);
      done(answer_of(Result<Reply<Response>>(std::move(**made))));
    } else {
      done(tl::unexpected(std::move(result.error())));
    }
  };
  if (options.is_dry_run) {
    engine.committer.submit_alone(std::move(work), std::move(answer));
  } else {
    engine.committer.submit(std::move(work), std::move(answer));
  }
}

// A change that takes one caller at a time: a plain function in a transaction.
template <class Request, class Response>
Operation change_operation(OperationInfo info,
                           std::type_identity_t<Handler<Request, Response>> handler) {
  auto invoke = [info, handler](const Engine& engine, const KeyPtr& key,
                                const describe::Json& input, const CallOptions& options,
                                AnswerDone done) {
    with_request<Request>(input, done, [&](std::shared_ptr<const Request> request) {
      submit_change<Response>(info, engine, options, done,
                              [&engine, handler, key, request](Transaction& tx) {
                                return handler(engine, tx, *key, *request);
                              });
    });
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

// A change of which a part takes long and needs no database: `prepare` does that part before, on a
// worker, so that nobody's writes wait for it.
template <class Request, class Response, class Prepared>
Operation prepared_change_operation(OperationInfo info, Result<Prepared> (*prepare)(const Request&),
                                    Result<Reply<Response>> (*handler)(const Engine&, Transaction&,
                                                                       const ApiKey&,
                                                                       const Request&,
                                                                       const Prepared&)) {
  auto invoke = [info, prepare, handler](const Engine& engine, const KeyPtr& key,
                                         const describe::Json& input, const CallOptions& options,
                                         AnswerDone done) {
    with_request<Request>(input, done, [&](std::shared_ptr<const Request> request) {
      const bool queued =
          engine.readers.post([info, &engine, prepare, handler, key, request, options, done] {
            auto prepared = std::make_shared<const Result<Prepared>>(
                guarded([&] { return prepare(*request); }));
            if (!*prepared) return done(tl::unexpected(prepared->error()));
            submit_change<Response>(info, engine, options, done,
                                    [&engine, handler, key, request, prepared](Transaction& tx) {
                                      return handler(engine, tx, *key, *request, **prepared);
                                    });
          });
      if (!queued) done(fail(ErrorCode::RateLimited, "Too many changes are waiting; try again."));
    });
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

// A write of many callers at once: the handler prepares a command and submits it to the committer;
// it blocks nowhere.
template <class Request, class Response>
Operation write_operation(OperationInfo info,
                          void (*handler)(const Engine&, const KeyPtr&, Request, const CallOptions&,
                                          ReplyDone<Response>)) {
  auto invoke = [handler](const Engine& engine, const KeyPtr& key, const describe::Json& input,
                          const CallOptions& options, AnswerDone done) {
    with_request<Request>(input, done, [&](std::shared_ptr<Request> request) {
      handler(engine, key, std::move(*request), options,
              [done](Result<Reply<Response>> reply) { done(answer_of(std::move(reply))); });
    });
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

}  // namespace segmentflow
