// The read connections, opened as needed and lent to one thread at a time. Includes sqlite3.h: for
// this folder only.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/store/sqlite/transaction.hpp"

namespace segmentflow::sqlite {

class ReaderPool {
 public:
  ReaderPool(FileName file, int connections_max, const Clock& clock);

  // Runs `work` in a read transaction; inside one of the same thread, in that one: so nested reads
  // need no second connection and cannot deadlock. Throws StoreUnavailable when none comes free.
  void run(const std::function<void(Transaction&)>& work);

 private:
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);
  SqliteTransaction* open_on_this_thread();
  void set_open_on_this_thread(SqliteTransaction* tx);

  const FileName file_;
  const int connections_max_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> free_;
  int opened_ = 0;
  std::unordered_map<std::thread::id, SqliteTransaction*> open_;
};

}  // namespace segmentflow::sqlite
