// An SQLite VFS that knows what a power loss would leave. It hands everything on to the default
// VFS, so that the live database works as ever, and beside that keeps for each file its content as
// of the last sync and the writes since then. At a chosen operation it captures the files as a disk
// would have them if the power failed just then.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace segmentflow::test {

// What of the unsynced writes survives.
enum class Survival {
  Nothing,  // none
  Prefix,   // the first ones of each file, the last of them torn
  Subset,   // any of them, some torn: a disk reorders
};

enum class Syncs {
  Kept,
  LogIgnored,  // syncs of the write-ahead log do nothing, as with synchronous=NORMAL
  Failing,     // every sync gives SQLITE_IOERR_FSYNC
};

class UnsyncedVfs {
 public:
  // Registers itself with SQLite under `name`, until it is destroyed. The connections that use it
  // must be closed by then.
  explicit UnsyncedVfs(std::string name);
  ~UnsyncedVfs();
  UnsyncedVfs(const UnsyncedVfs&) = delete;
  UnsyncedVfs& operator=(const UnsyncedVfs&) = delete;

  // From now on counts writes, truncations and syncs, and captures just before number `operation`.
  void crash_at(std::uint64_t operation, Survival survival, std::uint64_t seed);
  void set_syncs(Syncs syncs);
  void set_disk_full(bool is_full);

  bool crashed() const;
  std::uint64_t operations() const;
  // Captures now unless it has crashed already.
  void crash_now();
  // Writes the captured files into `folder` under their own names.
  void restore_into(const std::string& folder) const;

 private:
  struct File;
  struct Calls;
  struct Change {
    bool is_truncation;
    sqlite3_int64 offset;  // or the new size
    std::string data;
  };
  struct Disk {
    std::string durable;
    std::vector<Change> pending;
  };

  void tick();
  void capture();
  std::string survivor(const Disk& disk);
  static void apply(std::string& content, const Change& change);

  const std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  std::map<std::string, Disk> disks_;
  std::map<std::string, std::string> captured_;
  std::mt19937_64 random_;
  Survival survival_ = Survival::Nothing;
  Syncs syncs_ = Syncs::Kept;
  bool is_full_ = false;
  bool crashed_ = false;
  std::uint64_t operations_ = 0;
  std::uint64_t crash_at_ = 0;  // 0: never
};

}  // namespace segmentflow::test
