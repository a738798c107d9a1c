#include "core/store/database.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/store/sqlite/sqlite_database.hpp"

namespace segmentflow {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kPostgres[] = {"postgresql:", "postgres:"};
constexpr std::string_view kVfs = "vfs=";

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::ValidationFailed, "Database URL: " + std::move(message));
}

}  // namespace

Result<void> Database::read(const std::function<void(Transaction&)>& work) {
  try {
    run_read(work);
    return {};
  } catch (const StoreUnavailable& failure) {
    spdlog::warn("A read failed: {}", failure.what());
    return tl::unexpected(database_not_ready());
  }
}

Error database_not_ready() {
  Error error{ErrorCode::NotReady, "The database cannot serve now; try again in a moment."};
  error.retry_after_s = kRetryAfterSeconds;
  return error;
}

Result<std::unique_ptr<Database>> open_database(std::string_view url, const Clock& clock,
                                                int readers_max) {
  // The URL itself may hold a password, so messages name its scheme or its path only.
  for (const std::string_view scheme : kPostgres) {
    if (url.starts_with(scheme)) {
      return refuse("this build has no PostgreSQL backend; use sqlite:/absolute/path.db.");
    }
  }
  if (!url.starts_with(kSqlite)) {
    return refuse("it must have the form sqlite:/absolute/path.db.");
  }
  std::string_view path = url.substr(kSqlite.size());
  std::string_view query;
  if (const auto mark = path.find('?'); mark != std::string_view::npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  if (!path.starts_with('/') || path.ends_with('/')) {
    return refuse(
        fmt::format("`{}` is not an absolute path of a file; write sqlite:/absolute/path.db, "
                    "because a relative "
                    "one would depend on where each process was started.",
                    path));
  }
  if (path.find('\0') != std::string_view::npos) return refuse("the path has a NUL character.");
  if (!query.empty() && !query.starts_with(kVfs)) {
    return refuse(fmt::format("`{}` is not an option of sqlite:.", query));
  }
  if (readers_max < 1) {
    return fail(ErrorCode::ValidationFailed, "The number of read connections must be at least 1.");
  }
  if (!query.empty()) query.remove_prefix(kVfs.size());
  return sqlite::open({std::string(path), std::string(query), readers_max}, clock);
}

}  // namespace segmentflow
