// Moves the write-ahead log into the database file on a thread and connection of its own, so that
// no commit waits for it. Includes sqlite3.h: for this folder only.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "core/store/sqlite/connection.hpp"

namespace segmentflow::sqlite {

class Checkpointer {
 public:
  // `writer` is the mutex that this process's writes hold.
  Checkpointer(FileName file, std::mutex& writer);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Called after each commit with the length of the log. Does not block.
  void wal_is(int pages);

 private:
  void work();
  // True when the log was started over.
  bool checkpoint(int pages, bool idle);
  bool run(int mode);
  Connection& connection();

  const FileName file_;
  std::optional<Connection> connection_;  // opened when there is something to move
  Backoff patience_;
  std::mutex& writer_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  int wal_pages_ = 0;   // as of the last commit
  int done_pages_ = 0;  // as of the last checkpoint
  std::thread thread_;  // last: it uses the rest
};

}  // namespace segmentflow::sqlite
