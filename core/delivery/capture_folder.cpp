#include "core/delivery/capture_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace segmentflow {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;

std::string failure(std::string_view doing, const std::filesystem::path& path, int error_number) {
  return fmt::format(
      "Capture could not {} {}: {}. Check the folder, its permissions and the free "
      "space.",
      doing, path.string(), std::generic_category().message(error_number));
}

int open_folder(const std::filesystem::path& path) {
  return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

// Gives 0 or the error number. An fsync that failed is never repeated on the same descriptor.
int fsync_folder(const std::filesystem::path& path) {
  const int descriptor = open_folder(path);
  if (descriptor < 0) return errno;
  const int result = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return result;
}

int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

CaptureFolder::CaptureFolder(const std::filesystem::path& path) : path_(path) {
  if (!path_.has_filename()) path_ = path_.parent_path();  // "mail/" is "mail"
  error_ = open_or_make();
}

CaptureFolder::~CaptureFolder() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::optional<std::string> CaptureFolder::open_or_make() {
  descriptor_ = open_folder(path_);
  if (descriptor_ >= 0) return std::nullopt;
  if (errno != ENOENT) return failure("open the folder", path_, errno);
  if (::mkdir(path_.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return failure("make the folder", path_, errno);
  }
  const auto parent = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  if (const int error_number = fsync_folder(parent); error_number != 0) {
    return failure("sync the parent of the folder", path_, error_number);
  }
  descriptor_ = open_folder(path_);
  if (descriptor_ < 0) return failure("open the folder", path_, errno);
  return std::nullopt;
}

std::optional<std::string> CaptureFolder::write_temporary(const std::string& name,
                                                          std::string_view content) const {
  const int file = ::openat(descriptor_, name.c_str(),
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (file < 0) return failure("create the file", path_ / name, errno);
  int error_number = write_all(file, content);
  if (error_number == 0 && ::fsync(file) != 0) error_number = errno;
  if (::close(file) != 0 && error_number == 0) error_number = errno;
  if (error_number != 0) return failure("write the file", path_ / name, error_number);
  return std::nullopt;
}

std::optional<std::string> CaptureFolder::write(const std::string& name,
                                                std::string_view content) const {
  const std::string temporary = "." + name + ".part";
  auto error = write_temporary(temporary, content);
  if (!error && ::renameat(descriptor_, temporary.c_str(), descriptor_, name.c_str()) != 0) {
    error = failure("rename to the file", path_ / name, errno);
  }
  // Best effort: a part left behind is overwritten by the next attempt.
  if (error) ::unlinkat(descriptor_, temporary.c_str(), 0);
  return error;
}

std::optional<std::string> CaptureFolder::sync() const {
  if (::fsync(descriptor_) == 0) return std::nullopt;
  return failure("sync the folder", path_, errno);
}

}  // namespace segmentflow
