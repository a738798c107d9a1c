#include "core/store/sqlite/checkpointer.hpp"

#include <spdlog/spdlog.h>

#include "core/store/sqlite/failure.hpp"

namespace segmentflow::sqlite {
namespace {

constexpr int kCheckpointPages = 4'000;  // 16 MB of log wake the thread before its tick
constexpr int kTruncatePages = 4'000;    // 16 MB: given back to the disk when nobody writes
constexpr int kRestartPages = 16'000;    // 64 MB: started over even under load
constexpr std::chrono::seconds kTick{1};

// A checkpoint that has to wait for readers gives up soon: it holds up all writers, and the next
// tick tries again.
constexpr std::chrono::milliseconds kReadersWaitMax{20};

int on_busy(void* backoff, int attempts) {
  auto& busy = *static_cast<Backoff*>(backoff);
  if (attempts == 0) busy.restart();
  return busy.wait() ? 1 : 0;
}

}  // namespace

Checkpointer::Checkpointer(FileName file, std::mutex& writer)
    : file_(std::move(file)), patience_(kReadersWaitMax), writer_(writer) {
  thread_ = std::thread([this] { work(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::wal_is(int pages) {
  bool is_much = false;
  {
    const std::lock_guard lock(mutex_);
    if (pages < wal_pages_) done_pages_ = 0;  // the log was started over
    wal_pages_ = pages;
    is_much = pages - done_pages_ >= kCheckpointPages;
  }
  if (is_much) wake_.notify_one();
}

void Checkpointer::work() {
  std::unique_lock lock(mutex_);
  int pages_at_last_tick = 0;
  while (!stopping_) {
    wake_.wait_for(lock, kTick,
                   [this] { return stopping_ || wal_pages_ - done_pages_ >= kCheckpointPages; });
    if (stopping_) return;
    const int pages = wal_pages_;
    const bool idle = pages == pages_at_last_tick;
    pages_at_last_tick = pages;
    if (pages == done_pages_ && !(idle && pages >= kTruncatePages)) continue;
    done_pages_ = pages;
    lock.unlock();
    const bool started_over = checkpoint(pages, idle);
    lock.lock();
    if (started_over && wal_pages_ == pages) wal_pages_ = done_pages_ = 0;
  }
}

bool Checkpointer::checkpoint(int pages, bool idle) {
  run(SQLITE_CHECKPOINT_PASSIVE);
  if (pages < kRestartPages && !(idle && pages >= kTruncatePages)) return false;
  // Under load commits outrun a passive checkpoint, and the log would never start over. Most of it
  // is done already, so the writers wait for a few pages only. The file keeps its length while it
  // is used: writing over it costs a sync less than letting it grow again.
  const std::lock_guard lock(writer_);
  return run(idle ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART);
}

Connection& Checkpointer::connection() {
  if (!connection_) {
    connection_.emplace(file_, Access::ReadWrite);
    sqlite3_busy_handler(connection_->handle(), on_busy, &patience_);
  }
  return *connection_;
}

bool Checkpointer::run(int mode) try {
  sqlite3* const handle = connection().handle();
  const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, mode, nullptr, nullptr);
  if (code == SQLITE_OK) return true;
  if (is_lost_sync(code)) stop_after_lost_sync(code, "moving the log into the database file");
  // Busy: another process does it, or readers hold the log. Anything else costs space only.
  if ((code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED) {
    spdlog::warn("A checkpoint of the database failed: {}", sqlite3_errstr(code));
  }
  return false;
} catch (const std::exception& failure) {  // no connection: costs space only
  spdlog::warn("A checkpoint of the database failed: {}", failure.what());
  return false;
}

}  // namespace segmentflow::sqlite
