// The audit log: each call by an API key, what came of it, and a digest of its arguments, which may
// hold secrets. A call that changes something is noted in the transaction of its change. The others
// are gathered for a moment and written together, so that no call waits for its entry; a crash
// loses that moment of them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/id.hpp"
#include "core/store/committer.hpp"

namespace segmentflow {

struct AuditEntry {
  Uuid organization_id;
  Uuid api_key_id;
  Time called_at = 0;
  std::string surface;    // "rest", "mcp" or "cli"
  std::string operation;  // "emails.send"
  std::string outcome;    // "ok", or the error's code
  bool is_dry_run = false;
  std::string arguments_digest;  // keyed; "" when the arguments were not read
  std::string request_id;        // "" for none
};

// The entry of a call that is under way; its outcome is that of success. What the call changes
// takes it along: write_audit() in the same transaction.
struct AuditNote {
  const AuditEntry entry;
  std::atomic<bool> is_written = false;  // if that transaction commits
};
using AuditNotePtr = std::shared_ptr<AuditNote>;

// Writes entries.
void write_audit(Transaction& tx, std::span<const AuditEntry> entries);
// Writes the entry of a note, if there is one.
void write_audit(Transaction& tx, const AuditNotePtr& note);

struct AuditLimits {
  std::chrono::milliseconds flush_every{250};
  std::size_t entries_max = 100'000;  // that wait; beyond: the newest are dropped and counted
};

// Thread-safe.
class AuditLog {
 public:
  explicit AuditLog(Committer& committer, AuditLimits limits = {});
  ~AuditLog() { stop(); }
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  void add(AuditEntry entry);

  // Writes what waits, for which the committer has to be there; entries that come later are
  // dropped.
  void stop();

 private:
  void run();
  void write(const std::vector<AuditEntry>& entries);

  Committer& committer_;
  const AuditLimits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AuditEntry> waiting_;
  std::size_t dropped_ = 0;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the rest
};

struct AuditFilter {
  std::optional<Uuid> api_key_id;
  Time since = 0;
  int limit = 100;
};
struct AuditRow {
  AuditEntry entry;
  std::string key_name;
};
// The newest first.
std::vector<AuditRow> list_audit(Transaction& tx, const AuditFilter& filter);

// Deletes up to `limit` entries from before that time. Their number.
std::int64_t purge_audit(Transaction& tx, Time before, int limit);

}  // namespace segmentflow
