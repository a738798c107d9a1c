// One PostgreSQL session and its prepared statements. Includes pqxx: for this folder only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <pqxx/connection>
#include <pqxx/errorhandler>
#include <pqxx/nontransaction>
#include <pqxx/notification>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/store/database.hpp"

namespace segmentflow::postgres {

struct SessionOptions {
  std::string url;  // with its password
  bool strict = false;
  Time statement_timeout = 0;
  Time idle_timeout = 0;
};

enum class Mode { Read, Write };

// Not thread-safe.
class Connection {
 public:
  // Connects and prepares the session. Throws StoreUnavailable when the server cannot be reached or
  // does not take us now, StoreDefect when it never will: too old, not UTF-8.
  explicit Connection(const SessionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts a transaction, a snapshot for reading; gives the server's clock.
  Time begin(Mode mode);
  void commit();
  void rollback() noexcept;
  // Transaction::identity().
  const std::string& identity() const { return identity_; }
  // After a failure: the connection cannot be used again.
  bool is_broken() const { return broken_; }

  struct Answer {
    SqlRows rows;
    std::int64_t changes = 0;
  };
  // Runs one statement of a transaction, prepared on first use and kept. `input` may be nullptr.
  Answer run(std::string_view sql, const SqlInput* input, std::span<const SqlValue> params);

  // Runs one statement that is not kept.
  SqlRows run_once(const std::string& sql);

  // Listens for, and tells, that there is work.
  void listen();
  void notify();
  // Waits up to `patience`; true when another session has told something.
  bool hears(std::chrono::milliseconds patience);

 private:
  struct Statement {
    std::string name;
    std::vector<std::string> columns;  // of its input
    bool changes_rows;
  };
  // Server messages that are no errors go to our log, not to stderr.
  class Notices final : public pqxx::errorhandler {
   public:
    explicit Notices(pqxx::connection_base& connection) : errorhandler(connection) {}
    bool operator()(const char message[]) noexcept override;
  };
  class Ear final : public pqxx::notification_receiver {
   public:
    explicit Ear(pqxx::connection_base& connection);
    void operator()(const std::string& payload, int backend_pid) override;
    bool has_heard = false;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  void set_up(const SessionOptions& options);
  void require_usable_server();
  const Statement& statement(std::string_view sql, const SqlInput* input, std::size_t params_count);
  template <class Action>
  auto translated(std::string_view doing, Action action);

  const bool strict_;
  std::string identity_;
  bool broken_ = false;
  Mode mode_ = Mode::Read;  // of the last transaction
  std::unique_ptr<pqxx::connection> session_;
  std::unique_ptr<Notices> notices_;
  std::unique_ptr<Ear> ear_;
  std::optional<pqxx::nontransaction> frame_;  // pqxx's place to run statements in
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
  std::size_t prepared_ = 0;
  std::chrono::steady_clock::time_point planned_at_ = std::chrono::steady_clock::now();
};

}  // namespace segmentflow::postgres
