#include "app/commands/doctor_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "app/shell.hpp"

namespace segmentflow::app {
namespace {

namespace fs = std::filesystem;

constexpr ::mode_t kNotOwner = 077;
// A configuration may belong to root and be read by the service's group.
constexpr ::mode_t kOthers = 007;

bool is_open(const fs::path& path, ::mode_t to) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & to) != 0;
}

bool any_open_within(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (is_open(entry.path(), kNotOwner)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> find_open_files(const Settings& settings) {
  std::vector<std::string> findings;
  const auto check = [&](std::string_view what, const fs::path& path, ::mode_t to,
                         std::string_view mode) {
    if (!is_open(path, to)) return;
    findings.push_back(fmt::format("{} {} can be read by other users; run chmod {} {}", what,
                                   path.string(), mode, shell_word(path.string())));
  };
  if (settings.secret.empty()) check("the secret", settings.data_dir / "secret", kNotOwner, "600");
  check("the demo's key", settings.data_dir / "demo.key", kNotOwner, "600");
  constexpr std::string_view kSqlite = "sqlite:";
  if (settings.database_url.starts_with(kSqlite)) {
    const std::string file = settings.database_url.substr(kSqlite.size());
    for (const char* end : {"", "-wal", "-shm"}) {
      check("the database's file", file + end, kNotOwner, "600");
    }
  }
  if (const auto captured = settings.data_dir / "captured";
      is_open(captured, kNotOwner) || any_open_within(captured)) {
    findings.push_back(
        fmt::format("captured mail in {} can be read by other users; run "
                    "chmod -R go= {}",
                    captured.string(), shell_word(captured.string())));
  }
  if (!settings.config_file.empty()) {
    check("the configuration", settings.config_file, kOthers, "o=");
  }
  return findings;
}

}  // namespace segmentflow::app
