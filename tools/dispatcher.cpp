#include "tools/dispatcher.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

namespace segmentflow {
namespace {

constexpr std::string_view kArgumentsPurpose = "call-arguments";
constexpr std::string_view kTooManyWait = "Too many calls are waiting. Try again shortly.";

// The id that begins like this and goes on with one digit; nullopt when none begins so.
std::optional<Uuid> completed(std::string_view beginning, char digit) {
  std::string id = "........-....-....-....-............";
  if (beginning.size() > id.size()) return std::nullopt;
  id.replace(0, beginning.size(), beginning);
  std::ranges::replace(id, '.', digit);
  return Uuid::parse(id);
}

Error missing_scope(const Operation& operation) {
  Error error{
      ErrorCode::InsufficientScope,
      fmt::format("The API key lacks the scope {} that {} needs. Use a key with it, or ask the "
                  "operator for one.",
                  operation.info.scope, operation.info.id)};
  error.required_scopes = {std::string(operation.info.scope)};
  return error;
}

Error declined() {
  return {
      ErrorCode::Conflict,
      "The person who was asked did not approve. Nothing was sent; do not try again unless they "
      "say so."};
}

// A call by a known key, on its way to its answer.
struct Call {
  const Engine& engine;
  const Operation& operation;
  KeyPtr key;
  CallSource source;
  AuditLog* audit;
  AnswerDone done;
};

Error defect() {
  return {ErrorCode::Internal, "The server failed to handle the request; it is logged."};
}

// Ends a call exactly once. Whoever loses it without an answer, as by an exception on a thread that
// goes on with other work, ends it all the same: the last copy of the answer's function is gone.
class Finish {
 public:
  Finish(std::shared_ptr<std::atomic<std::size_t>> in_flight, AnswerDone done)
      : in_flight_(std::move(in_flight)), done_(std::move(done)) {}
  ~Finish() {
    if (ended_) return;
    try {
      answer(tl::unexpected(defect()));
    } catch (const std::exception& failure) {
      spdlog::error("the answer to a lost call failed: {}", failure.what());
    }
  }
  Finish(const Finish&) = delete;
  Finish& operator=(const Finish&) = delete;

  void answer(Result<Answer> answer) {
    if (ended_.exchange(true)) return;
    in_flight_->fetch_sub(1);
    done_(std::move(answer));
  }

 private:
  const std::shared_ptr<std::atomic<std::size_t>> in_flight_;
  const AnswerDone done_;
  std::atomic<bool> ended_ = false;
};

std::string_view ending_of(Consent consent) {
  switch (consent) {
    case Consent::Given:
      return " (approved)";
    case Consent::Refused:
      return " (declined)";
    case Consent::NotAsked:
      break;
  }
  return "";
}

AuditNotePtr note_of(const Call& call, const CallOptions& options) {
  return std::make_shared<AuditNote>(AuditEntry{
      call.key->organization_id, call.key->id, call.engine.clock.now(), call.source.surface,
      std::string(call.operation.info.id), fmt::format("ok{}", ending_of(options.consent)),
      options.is_dry_run && !call.source.is_preview, options.arguments_digest,
      call.source.request_id});
}

// Answers, and notes what came of the call, unless what it changed has taken the note along.
AnswerDone noted(const Call& call, const CallOptions& options) {
  if (call.audit == nullptr) return call.done;
  const AuditNotePtr note = options.note ? options.note : note_of(call, options);
  return [note, audit = call.audit, consent = options.consent, is_preview = call.source.is_preview,
          done = call.done](Result<Answer> answer) {
    if (!answer) {
      AuditEntry entry = note->entry;
      entry.outcome =
          fmt::format("{}{}", kind_of(answer.error().code).pascal_case, ending_of(consent));
      audit->add(std::move(entry));
    } else if (!note->is_written && !is_preview) {
      audit->add(note->entry);
    }
    done(std::move(answer));
  };
}

// A defect in an operation must not take the process down, nor tell the caller what is inside.
void run_guarded(const Call& call, const Dispatcher::InputMaker& make_input) {
  CallOptions options;
  const auto refuse = [&](Error error) { noted(call, options)(tl::unexpected(std::move(error))); };
  if (!call.key->allows(call.operation.info.scope)) return refuse(missing_scope(call.operation));
  try {
    auto input = make_input();
    if (!input) return refuse(std::move(input.error()));
    auto taken = take_options(call.operation.info, *input);
    if (!taken) return refuse(std::move(taken.error()));
    options = std::move(*taken);
    options.consent = call.source.consent;
    options.is_dry_run = options.is_dry_run || call.source.is_preview;
    options.only_replay = call.source.only_replay;
    options.arguments_digest = call.engine.secret.mac(
        kArgumentsPurpose,
        fmt::format("{} {}", call.operation.info.id, describe::canonical_json(*input)));
    if (options.consent == Consent::Refused) return refuse(declined());
    if (call.audit != nullptr) options.note = note_of(call, options);
    call.operation.invoke(call.engine, call.key, *input, options, noted(call, options));
  } catch (const std::exception& failure) {
    spdlog::error("{} failed: {}", call.operation.info.id, failure.what());
    refuse(defect());
  }
}

}  // namespace

Dispatcher::Dispatcher(const Engine& engine, const Registry& registry, DispatcherLimits limits,
                       AuditLog* audit)
    : engine_(engine),
      registry_(registry),
      limits_(limits),
      audit_(audit),
      in_flight_(std::make_shared<std::atomic<std::size_t>>(0)),
      strangers_(std::make_shared<std::atomic<std::size_t>>(0)) {}

// Strangers wait in a part of the queue only: a known key, which is looked up again and again,
// finds room whatever they do.
Result<std::shared_ptr<void>> Dispatcher::take_place(const std::string& secret) {
  if (engine_.authenticator.was_live(secret)) return std::shared_ptr<void>();
  const std::size_t most = std::max(limits_.calls_in_flight_max / 4, kStrangersAtLeast);
  if (strangers_->fetch_add(1) >= most) {
    strangers_->fetch_sub(1);
    return fail(ErrorCode::RateLimited, "Too many unknown keys are waiting. Try again shortly.");
  }
  return std::shared_ptr<void>(nullptr,
                               [strangers = strangers_](void*) { strangers->fetch_sub(1); });
}

void Dispatcher::identify(const std::string& secret, std::function<void(Result<KeyPtr>)> then) {
  if (auto key = engine_.authenticator.remembered(secret)) {
    then(std::move(key));
    return;
  }
  if (!Authenticator::has_form(secret)) return then(engine_.authenticator.verify(secret));
  auto place = take_place(secret);
  if (!place) return then(tl::unexpected(place.error()));
  const bool queued = engine_.readers.post([this, secret, then, place = std::move(*place)] {
    Result<KeyPtr> key = tl::unexpected(defect());
    try {
      key = engine_.authenticator.verify(secret);
    } catch (const std::exception& failure) {
      spdlog::error("an API key could not be looked up: {}", failure.what());
    }
    then(std::move(key));
  });
  if (!queued) then(fail(ErrorCode::RateLimited, std::string(kTooManyWait)));
}

void Dispatcher::complete(const Operation& operation, const std::string& secret,
                          std::string_view beginning, std::function<void(std::vector<Uuid>)> then) {
  const auto first = completed(beginning, '0');
  const auto last = completed(beginning, 'f');
  if (!first || !last) return then({});
  identify(secret, [this, &operation, first = *first, last = *last, then](Result<KeyPtr> key) {
    if (!key || !(*key)->allows(operation.info.scope)) return then({});
    const bool queued = engine_.readers.post([this, &operation, first, last, key = *key, then] {
      std::vector<Uuid> ids;
      try {
        // Where the database cannot serve there is nothing to propose.
        [[maybe_unused]] const auto read = engine_.database.read([&](Transaction& tx) {
          ids =
              operation.info.recent(tx, key->organization_id, first, last, limits_.completions_max);
        });
      } catch (const std::exception& failure) {
        spdlog::error("ids could not be completed: {}", failure.what());
      }
      then(std::move(ids));
    });
    if (!queued) then({});
  });
}

void Dispatcher::call(const Operation& operation, const std::string& secret,
                      const CallSource& source, InputMaker make_input, AnswerDone done) {
  if (in_flight_->fetch_add(1) >= limits_.calls_in_flight_max) {
    in_flight_->fetch_sub(1);
    done(fail(ErrorCode::RateLimited,
              fmt::format("More than {} calls are in flight. Try again shortly.",
                          limits_.calls_in_flight_max)));
    return;
  }
  auto counted = [finish = std::make_shared<Finish>(in_flight_, std::move(done))](
                     Result<Answer> answer) { finish->answer(std::move(answer)); };
  identify(secret, [this, &operation, source, make_input = std::move(make_input),
                    counted = std::move(counted)](Result<KeyPtr> key) {
    if (!key) return counted(tl::unexpected(key.error()));
    const Call call{engine_, operation, std::move(*key), source, audit_, counted};
    if (source.input_bytes <= kQuickInputBytes) return run_guarded(call, make_input);
    if (!engine_.readers.post([call, make_input] { run_guarded(call, make_input); })) {
      counted(fail(ErrorCode::RateLimited, std::string(kTooManyWait)));
    }
  });
}

}  // namespace segmentflow
