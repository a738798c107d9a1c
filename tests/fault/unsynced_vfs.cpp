#include "tests/fault/unsynced_vfs.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>

namespace segmentflow::test {
namespace {

constexpr std::size_t kSector = 512;  // what a disk writes whole or not at all

std::string read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

// SQLite allocates the memory (szOsFile); the real file's follows.
struct UnsyncedVfs::File {
  sqlite3_file base;
  UnsyncedVfs* owner;
  bool is_tracked;
  bool is_log;
  std::string* path;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
};

// The functions that SQLite calls.
struct UnsyncedVfs::Calls {
  static UnsyncedVfs& owner(sqlite3_vfs* vfs) { return *static_cast<UnsyncedVfs*>(vfs->pAppData); }
  static sqlite3_vfs* real(sqlite3_vfs* vfs) { return owner(vfs).real_; }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* handle, int flags, int* out) {
    File& file = File::of(handle);
    file.base.pMethods = nullptr;
    file.owner = &owner(vfs);
    file.is_log = (flags & SQLITE_OPEN_WAL) != 0;
    constexpr int kTracked = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    file.is_tracked = path != nullptr && (flags & kTracked) != 0;
    file.path = nullptr;
    const int code = real(vfs)->xOpen(real(vfs), path, file.real(), flags, out);
    if (code != SQLITE_OK) return code;
    file.path = new std::string(path != nullptr ? path : "");
    file.base.pMethods = &kMethods;
    if (file.is_tracked) {
      const std::lock_guard lock(file.owner->mutex_);
      const auto [disk, is_new] = file.owner->disks_.try_emplace(*file.path);
      if (is_new) disk->second.durable = read_file(path);
    }
    return SQLITE_OK;
  }

  // A removed name is taken as durably gone; SQLite removes a log only when it is empty of use.
  static int remove(sqlite3_vfs* vfs, const char* path, int sync) {
    const std::lock_guard lock(owner(vfs).mutex_);
    owner(vfs).tick();
    owner(vfs).disks_.erase(path);
    return real(vfs)->xDelete(real(vfs), path, sync);
  }

  static int close(sqlite3_file* handle) {
    File& file = File::of(handle);
    const int code = file.real()->pMethods->xClose(file.real());
    delete file.path;
    file.path = nullptr;
    return code;
  }

  static int write(sqlite3_file* handle, const void* data, int size, sqlite3_int64 offset) {
    File& file = File::of(handle);
    if (file.is_tracked) {
      const std::lock_guard lock(file.owner->mutex_);
      if (file.owner->is_full_) return SQLITE_FULL;
      file.owner->tick();
      file.owner->disks_[*file.path].pending.push_back(
          {false, offset, {static_cast<const char*>(data), static_cast<std::size_t>(size)}});
    }
    return file.real()->pMethods->xWrite(file.real(), data, size, offset);
  }

  static int truncate(sqlite3_file* handle, sqlite3_int64 size) {
    File& file = File::of(handle);
    if (file.is_tracked) {
      const std::lock_guard lock(file.owner->mutex_);
      file.owner->tick();
      file.owner->disks_[*file.path].pending.push_back({true, size, {}});
    }
    return file.real()->pMethods->xTruncate(file.real(), size);
  }

  // The real sync is left out: no test needs this machine's own disk to survive.
  static int sync(sqlite3_file* handle, int) {
    File& file = File::of(handle);
    if (!file.is_tracked) return SQLITE_OK;
    const std::lock_guard lock(file.owner->mutex_);
    if (file.owner->syncs_ == Syncs::Failing) return SQLITE_IOERR_FSYNC;
    file.owner->tick();
    if (file.owner->syncs_ == Syncs::LogIgnored && file.is_log) return SQLITE_OK;
    Disk& disk = file.owner->disks_[*file.path];
    for (const Change& change : disk.pending) apply(disk.durable, change);
    disk.pending.clear();
    return SQLITE_OK;
  }

  static int read(sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
    return File::of(f).real()->pMethods->xRead(File::of(f).real(), data, size, offset);
  }
  static int file_size(sqlite3_file* f, sqlite3_int64* size) {
    return File::of(f).real()->pMethods->xFileSize(File::of(f).real(), size);
  }
  static int lock(sqlite3_file* f, int level) {
    return File::of(f).real()->pMethods->xLock(File::of(f).real(), level);
  }
  static int unlock(sqlite3_file* f, int level) {
    return File::of(f).real()->pMethods->xUnlock(File::of(f).real(), level);
  }
  static int check_lock(sqlite3_file* f, int* out) {
    return File::of(f).real()->pMethods->xCheckReservedLock(File::of(f).real(), out);
  }
  // Size hints would let the real VFS change the file unseen.
  static int control(sqlite3_file* f, int op, void* arg) {
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_NOTFOUND;
    return File::of(f).real()->pMethods->xFileControl(File::of(f).real(), op, arg);
  }
  static int sector_size(sqlite3_file* f) {
    return File::of(f).real()->pMethods->xSectorSize(File::of(f).real());
  }
  static int characteristics(sqlite3_file* f) {
    return File::of(f).real()->pMethods->xDeviceCharacteristics(File::of(f).real());
  }
  static int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return File::of(f).real()->pMethods->xShmMap(File::of(f).real(), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    return File::of(f).real()->pMethods->xShmLock(File::of(f).real(), offset, n, flags);
  }
  static void shm_barrier(sqlite3_file* f) {
    File::of(f).real()->pMethods->xShmBarrier(File::of(f).real());
  }
  static int shm_unmap(sqlite3_file* f, int remove_it) {
    return File::of(f).real()->pMethods->xShmUnmap(File::of(f).real(), remove_it);
  }

  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    return real(vfs)->xAccess(real(vfs), path, flags, out);
  }
  static int full_path(sqlite3_vfs* vfs, const char* path, int size, char* out) {
    return real(vfs)->xFullPathname(real(vfs), path, size, out);
  }
  static int randomness(sqlite3_vfs* vfs, int size, char* out) {
    return real(vfs)->xRandomness(real(vfs), size, out);
  }
  static int sleep(sqlite3_vfs* vfs, int micros) { return real(vfs)->xSleep(real(vfs), micros); }
  static int current_time(sqlite3_vfs* vfs, double* out) {
    return real(vfs)->xCurrentTime(real(vfs), out);
  }
  static int last_error(sqlite3_vfs* vfs, int size, char* out) {
    return real(vfs)->xGetLastError(real(vfs), size, out);
  }

  static const sqlite3_io_methods kMethods;
};

// Version 2: no memory mapping, which would bypass xWrite.
const sqlite3_io_methods UnsyncedVfs::Calls::kMethods = {
    2,         close,      read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, nullptr,    nullptr,
};

UnsyncedVfs::UnsyncedVfs(std::string name)
    : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)) {
  vfs_.iVersion = 1;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.mxPathname = real_->mxPathname;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.xOpen = Calls::open;
  vfs_.xDelete = Calls::remove;
  vfs_.xAccess = Calls::access;
  vfs_.xFullPathname = Calls::full_path;
  vfs_.xRandomness = Calls::randomness;
  vfs_.xSleep = Calls::sleep;
  vfs_.xCurrentTime = Calls::current_time;
  vfs_.xGetLastError = Calls::last_error;
  if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) throw std::runtime_error("VFS not registered");
}

UnsyncedVfs::~UnsyncedVfs() {
  sqlite3_vfs_unregister(&vfs_);
}

void UnsyncedVfs::crash_at(std::uint64_t operation, Survival survival, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  operations_ = 0;
  crash_at_ = operation;
  survival_ = survival;
  random_.seed(seed);
}

void UnsyncedVfs::set_syncs(Syncs syncs) {
  const std::lock_guard lock(mutex_);
  syncs_ = syncs;
}

void UnsyncedVfs::set_disk_full(bool is_full) {
  const std::lock_guard lock(mutex_);
  is_full_ = is_full;
}

bool UnsyncedVfs::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

std::uint64_t UnsyncedVfs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void UnsyncedVfs::crash_now() {
  const std::lock_guard lock(mutex_);
  if (!crashed_) capture();
}

void UnsyncedVfs::tick() {
  if (++operations_ == crash_at_ && !crashed_) capture();
}

void UnsyncedVfs::capture() {
  for (const auto& [path, disk] : disks_) captured_[path] = survivor(disk);
  crashed_ = true;
}

void UnsyncedVfs::apply(std::string& content, const Change& change) {
  const auto at = static_cast<std::size_t>(change.offset);
  if (change.is_truncation) {
    content.resize(at);
    return;
  }
  if (content.size() < at + change.data.size()) content.resize(at + change.data.size());
  content.replace(at, change.data.size(), change.data);
}

std::string UnsyncedVfs::survivor(const Disk& disk) {
  std::string content = disk.durable;
  if (survival_ == Survival::Nothing || disk.pending.empty()) return content;
  const auto below = [this](std::size_t bound) { return random_() % bound; };
  const std::size_t prefix = below(disk.pending.size() + 1);
  for (std::size_t i = 0; i < disk.pending.size(); ++i) {
    Change change = disk.pending[i];
    const bool is_kept = survival_ == Survival::Prefix ? i < prefix : below(2) == 0;
    if (!is_kept) continue;
    const bool is_torn = survival_ == Survival::Prefix ? i + 1 == prefix : below(4) == 0;
    if (is_torn) {
      const std::size_t sectors = change.data.size() / kSector;
      change.data.resize(below(sectors + 1) * kSector);
    }
    apply(content, change);
  }
  return content;
}

void UnsyncedVfs::restore_into(const std::string& folder) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, content] : captured_) {
    const auto name = std::filesystem::path(path).filename();
    std::ofstream out(std::filesystem::path(folder) / name, std::ios::binary);
    out << content;
    if (!out.flush()) throw std::runtime_error("cannot write the captured files");
  }
}

}  // namespace segmentflow::test
