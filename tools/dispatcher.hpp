// The one way in: authenticate, authorise, bound, call. Every projection goes through it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "core/access/audit.hpp"
#include "tools/registry.hpp"

namespace segmentflow {

struct DispatcherLimits {
  std::size_t calls_in_flight_max = 4096;  // beyond: RateLimited
  std::size_t completions_max = 100;       // as many as MCP shows
};

// Where a call comes from, for the audit log, and what a person said who was asked about it.
struct CallSource {
  std::string surface;     // "rest", "mcp" or "cli"
  std::string request_id;  // "" for none
  Consent consent = Consent::NotAsked;
  bool is_preview = false;  // tried out, to ask a person about it; noted only when it is refused
  std::string only_replay = {};  // see CallOptions
  std::size_t input_bytes = 0;   // what its input is read from
};

// Input of more bytes is read and checked on a reader thread: it takes long enough to hold up the
// others of an I/O thread.
inline constexpr std::size_t kQuickInputBytes = 32 << 10;

// Thread-safe.
class Dispatcher {
 public:
  // `audit` may be null.
  Dispatcher(const Engine& engine, const Registry& registry, DispatcherLimits limits = {},
             AuditLog* audit = nullptr);

  const Registry& registry() const { return registry_; }

  // Calls `then` with the live key of this secret, at once when it is remembered, else from a
  // reader thread. Unauthorized, NotReady, RateLimited.
  void identify(const std::string& secret, std::function<void(Result<KeyPtr>)> then);

  // Gives the operation's input. Called once, after the caller was authorised: nobody without a key
  // has anything parsed.
  using InputMaker = std::function<Result<describe::Json>()>;

  // Runs the operation for the holder of `secret`; `done` is called exactly once, from any thread.
  // Errors beside the operation's own: Unauthorized, InsufficientScope, RateLimited.
  void call(const Operation& operation, const std::string& secret, const CallSource& source,
            InputMaker make_input, AnswerDone done);

  // Calls `then` with ids that begin like this, newest first, as far as the holder of `secret` may
  // retrieve them: for an operation with `recent`.
  void complete(const Operation& operation, const std::string& secret, std::string_view beginning,
                std::function<void(std::vector<Uuid>)> then);

  std::size_t in_flight() const { return in_flight_->load(); }

 private:
  static constexpr std::size_t kStrangersAtLeast = 16;

  // A place in the queue for one look-up, given back with what it gives. RateLimited.
  Result<std::shared_ptr<void>> take_place(const std::string& secret);

  const Engine& engine_;
  const Registry& registry_;
  const DispatcherLimits limits_;
  AuditLog* const audit_;
  // Shared with calls that outlive us.
  std::shared_ptr<std::atomic<std::size_t>> in_flight_;
  std::shared_ptr<std::atomic<std::size_t>> strangers_;  // look-ups of keys not seen live before
};

}  // namespace segmentflow
