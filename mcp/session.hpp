// What a server keeps of one client of the legacy era between its requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>

#include "mcp/changes.hpp"
#include "mcp/client_facts.hpp"
#include "mcp/input.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/link.hpp"
#include "mcp/log_level.hpp"
#include "mcp/revision.hpp"

namespace mcp {

// Thread-safe.
class Session {
 public:
  static constexpr LogLevel log_level_default = LogLevel::Info;

  // `own`: where messages go that belong to no request.
  Session(Revision revision, ClientFacts client, std::shared_ptr<Link> own);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Passes on what changes: lists, and the resources that are watched.
  static void watch(const std::shared_ptr<Session>& session,
                    const std::shared_ptr<Changes>& changes);

  Revision revision() const { return revision_; }
  const std::shared_ptr<const ClientFacts>& client() const { return client_; }

  LogLevel log_level() const;
  void set_log_level(LogLevel level);

  // Watches the resource. False when `most` are watched already.
  bool subscribe(const std::shared_ptr<Changes>& changes, const std::string& uri, std::size_t most);
  void unsubscribe(const std::string& uri);

  // Asks the client, by a request of ours on `via`, and gives the id of the question; nullopt when
  // the client cannot be reached. `done` gets the result, or a fault, unless the question is
  // withdrawn or the session ends before.
  using Asked = std::function<void(tl::expected<Json, jsonrpc::Fault>)>;
  using Clock = std::chrono::steady_clock;
  std::optional<std::string> ask(Link& via, const InputRequest& question, Asked done);
  // Whether a question is open.
  bool is_asking() const;
  // Forgets a question whose answer is no longer wanted, and tells the client so on `via`, where it
  // is still open.
  void withdraw(const std::string& id, Link& via);
  // Gives up the questions that were asked at `latest` or before: their callers get a fault, and
  // the client is told.
  void give_up_questions(Clock::time_point latest);
  // The client is leaving: whoever can go on without an answer does so now.
  void leave();
  // The client has gone: nothing that was asked is answered any more.
  void end();

  // The answer to such a request; one to anything else is passed over.
  void take_response(const jsonrpc::Message& response);

 private:
  void tell(const Change& change);
  bool watches(const std::string& uri) const;
  bool forget(const std::string& id);  // false: it is not open

  const Revision revision_;
  const std::shared_ptr<const ClientFacts> client_;
  const std::shared_ptr<Link> own_;
  std::shared_ptr<Changes::Subscription> changes_;

  mutable std::mutex mutex_;  // for all below
  LogLevel log_level_ = log_level_default;
  std::map<std::string, std::shared_ptr<void>> watched_;  // with what Changes::watch gave
  std::uint64_t last_question_ = 0;
  struct Question {
    Asked done;
    Clock::time_point asked_at;
    bool is_optional;
  };
  void give_up(const std::function<bool(const Question&)>& is_meant, std::string_view why);
  std::unordered_map<std::string, Question> questions_;  // by the id of our request
};

}  // namespace mcp
