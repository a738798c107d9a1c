#include "core/access/audit.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace segmentflow {
namespace {

// So many in one transaction, which others wait for.
constexpr std::size_t kBatch = 500;

}  // namespace

AuditLog::AuditLog(Committer& committer, AuditLimits limits)
    : committer_(committer), limits_(limits), thread_([this] { run(); }) {}

void AuditLog::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  wake_.notify_one();
  thread_.join();
}

void AuditLog::add(AuditEntry entry) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= limits_.entries_max) {
    ++dropped_;
    return;
  }
  waiting_.push_back(std::move(entry));
}

void AuditLog::run() {
  bool is_last = false;
  while (!is_last) {
    std::vector<AuditEntry> entries;
    std::size_t dropped = 0;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, limits_.flush_every, [this] { return stopping_; });
      is_last = stopping_;
      entries.swap(waiting_);
      dropped = std::exchange(dropped_, 0);
    }
    if (dropped > 0) spdlog::error("{} calls are missing in the audit log: it is full", dropped);
    write(entries);
  }
}

void AuditLog::write(const std::vector<AuditEntry>& entries) {
  for (std::size_t first = 0; first < entries.size(); first += kBatch) {
    const auto batch = std::span(entries).subspan(first, std::min(kBatch, entries.size() - first));
    const auto written = committer_.run([&](Transaction& tx) -> Result<void> {
      write_audit(tx, batch);
      return {};
    });
    if (!written) {
      spdlog::error("{} calls are missing in the audit log: {}", batch.size(),
                    written.error().message);
    }
  }
}

void write_audit(Transaction& tx, std::span<const AuditEntry> entries) {
  if (entries.empty()) return;
  SqlInput rows({{"organization_id", SqlType::Bytes},
                 {"api_key_id", SqlType::Bytes},
                 {"called_at", SqlType::Integer},
                 {"surface", SqlType::Text},
                 {"operation", SqlType::Text},
                 {"outcome", SqlType::Text},
                 {"is_dry_run", SqlType::Integer},
                 {"arguments_digest", SqlType::Bytes},
                 {"request_id", SqlType::Text}});
  for (const AuditEntry& entry : entries) {
    const auto request_id = entry.request_id.empty() ? SqlValue() : SqlValue(entry.request_id);
    rows.add({entry.organization_id, entry.api_key_id, entry.called_at, entry.surface,
              entry.operation, entry.outcome, entry.is_dry_run, Bytes{entry.arguments_digest},
              request_id});
  }
  tx.query(
      "INSERT INTO audit_log (organization_id, api_key_id, called_at, surface, operation, "
      "outcome, is_dry_run, arguments_digest, request_id) SELECT i.organization_id, "
      "i.api_key_id, i.called_at, i.surface, i.operation, i.outcome, i.is_dry_run, "
      "i.arguments_digest, i.request_id FROM {input} AS i",
      rows);
}

void write_audit(Transaction& tx, const AuditNotePtr& note) {
  if (!note) return;
  write_audit(tx, {&note->entry, 1});
  note->is_written = true;
}

std::vector<AuditRow> list_audit(Transaction& tx, const AuditFilter& filter) {
  const std::string sql = fmt::format(
      "SELECT a.organization_id, a.api_key_id, a.called_at, a.surface, a.operation, a.outcome, "
      "a.is_dry_run, a.arguments_digest, a.request_id, k.name FROM audit_log a "
      "LEFT JOIN api_keys k ON k.id = a.api_key_id WHERE a.called_at >= $1 {} "
      "ORDER BY a.called_at DESC, a.row_id DESC LIMIT $2",
      filter.api_key_id ? "AND a.api_key_id = $3" : "");
  const auto rows = filter.api_key_id
                        ? tx.query(sql, {filter.since, filter.limit, *filter.api_key_id})
                        : tx.query(sql, {filter.since, filter.limit});
  std::vector<AuditRow> found;
  for (const auto& row : rows) {
    found.push_back(
        {{row[0].uuid(), row[1].uuid(), row[2].integer(), row[3].text(), row[4].text(),
          row[5].text(), row[6].boolean(), row[7].bytes(), row[8].optional_text().value_or("")},
         row[9].optional_text().value_or("")});
  }
  return found;
}

std::int64_t purge_audit(Transaction& tx, Time before, int limit) {
  tx.query(
      "DELETE FROM audit_log WHERE row_id IN "
      "(SELECT row_id FROM audit_log WHERE called_at < $1 ORDER BY called_at LIMIT $2)",
      {before, limit});
  return tx.changes();
}

}  // namespace segmentflow
