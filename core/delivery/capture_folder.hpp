// The files of the capture transport: complete and durable, or not there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace segmentflow {

// One opened folder for one batch of files. Errors are sentences naming the file and the cause.
class CaptureFolder {
 public:
  // Opens the folder and makes it, with mode 0700, when it is missing. Check error() before use.
  explicit CaptureFolder(const std::filesystem::path& path);
  ~CaptureFolder();
  CaptureFolder(const CaptureFolder&) = delete;
  CaptureFolder& operator=(const CaptureFolder&) = delete;

  // Why the folder cannot be used; nothing when it can.
  const std::optional<std::string>& error() const { return error_; }

  // Writes a file of mode 0600 under a temporary name, fsyncs and renames it; replaces an older
  // one. `name` is a plain file name. The name is durable after sync().
  std::optional<std::string> write(const std::string& name, std::string_view content) const;

  // Makes the names of all files written durable.
  std::optional<std::string> sync() const;

 private:
  std::optional<std::string> open_or_make();
  std::optional<std::string> write_temporary(const std::string& name,
                                             std::string_view content) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::optional<std::string> error_;
};

}  // namespace segmentflow
