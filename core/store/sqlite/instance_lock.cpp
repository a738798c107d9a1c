#include "core/store/sqlite/instance_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/store/database.hpp"

namespace segmentflow::sqlite {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

class HeldLock {
 public:
  HeldLock(std::string path, OpenFile file) : path_(std::move(path)), file_(std::move(file)) {}
  ~HeldLock() { ::unlink(path_.c_str()); }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

 private:
  std::string path_;
  OpenFile file_;
};

std::string folder_of(const std::string& database_path) {
  return database_path + ".instances";
}

std::string file_of(const std::string& database_path, const Uuid& instance) {
  return folder_of(database_path) + "/" + instance.to_string() + ".lock";
}

// A lock of the open file, not of the process: threads and other handles of this process count too.
bool try_lock(int fd) {
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

// False when the name has meanwhile been removed or given to another file.
bool still_named(int fd, const std::string& path) {
  struct stat mine{};
  struct stat named{};
  return ::fstat(fd, &mine) == 0 && ::stat(path.c_str(), &named) == 0 &&
         mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
}

[[noreturn]] void refuse(const char* what, const std::string& path) {
  throw StoreUnavailable(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

}  // namespace

std::shared_ptr<void> hold_instance(const std::string& database_path, const Uuid& instance) {
  const std::string folder = folder_of(database_path);
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) refuse("make", folder);
  const std::string path = file_of(database_path, instance);
  while (true) {
    OpenFile file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
    if (file.fd() < 0) refuse("open", path);
    if (!try_lock(file.fd())) refuse("lock", path);
    // Another process may have judged the file abandoned between open and lock.
    if (still_named(file.fd(), path)) return std::make_shared<HeldLock>(path, std::move(file));
  }
}

bool instance_is_gone(const std::string& database_path, const Uuid& instance) {
  const std::string path = file_of(database_path, instance);
  const OpenFile file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0) return errno == ENOENT;
  if (!try_lock(file.fd())) return false;
  if (still_named(file.fd(), path)) ::unlink(path.c_str());
  return true;
}

}  // namespace segmentflow::sqlite
