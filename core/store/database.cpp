#include "core/store/database.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/store/postgres/postgres_database.hpp"
#include "core/store/postgres/url.hpp"
#include "core/store/sqlite/sqlite_database.hpp"

namespace segmentflow {
namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kPostgres[] = {"postgresql://", "postgres://"};
constexpr std::string_view kVfs = "vfs=";

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::ValidationFailed, "Database URL: " + std::move(message));
}

class AtEnd {
 public:
  explicit AtEnd(std::function<void()> action) : action_(std::move(action)) {}
  ~AtEnd() { action_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  std::function<void()> action_;
};

Result<std::unique_ptr<Database>> open_sqlite(std::string_view path,
                                              const DatabaseOptions& options) {
  std::string_view query;
  if (const auto mark = path.find('?'); mark != std::string_view::npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  if (!path.starts_with('/') || path.ends_with('/')) {
    return refuse(
        fmt::format("`{}` is not an absolute path of a file; write sqlite:/absolute/path.db, "
                    "because a relative one would depend on where each process was started.",
                    path));
  }
  if (path.find('\0') != std::string_view::npos) return refuse("the path has a NUL character.");
  if (!query.empty() && !query.starts_with(kVfs)) {
    return refuse(fmt::format("`{}` is not an option of sqlite:.", query));
  }
  if (!query.empty()) query.remove_prefix(kVfs.size());
  return sqlite::open(std::string(path), std::string(query), options);
}

}  // namespace

Transaction* Database::read_of_this_thread() {
  const std::lock_guard lock(mutex_);
  const auto found = reads_.find(std::this_thread::get_id());
  return found == reads_.end() ? nullptr : found->second;
}

Result<void> Database::read(const std::function<void(Transaction&)>& work) {
  try {
    if (Transaction* outer = read_of_this_thread(); outer != nullptr) {
      work(*outer);
      return {};
    }
    run_read([&](Transaction& tx) {
      const auto self = std::this_thread::get_id();
      {
        const std::lock_guard lock(mutex_);
        reads_[self] = &tx;
      }
      const AtEnd forget([&] {
        const std::lock_guard lock(mutex_);
        reads_.erase(self);
      });
      work(tx);
    });
    return {};
  } catch (const StoreUnavailable& failure) {
    spdlog::warn("A read failed: {}", failure.what());
    return tl::unexpected(database_not_ready());
  }
}

void Database::write(const std::function<void(Transaction&)>& work) {
  const auto self = std::this_thread::get_id();
  {
    const std::lock_guard lock(mutex_);
    if (!writing_.insert(self).second) throw StoreDefect("write() inside write() on one thread");
  }
  const AtEnd forget([&] {
    const std::lock_guard lock(mutex_);
    writing_.erase(self);
  });
  run_write(work);
}

Error database_not_ready() {
  Error error{ErrorCode::NotReady, "The database cannot serve now; try again in a moment."};
  error.retry_after_s = kRetryAfterSeconds;
  return error;
}

std::string url_without_password(const std::string& url) {
  return url.starts_with(kSqlite) ? url : postgres::without_password(url);
}

Result<std::unique_ptr<Database>> open_database(std::string_view url,
                                                const DatabaseOptions& options) {
  if (options.readers_max < 1 || options.writers < 1) {
    return fail(ErrorCode::ValidationFailed, "The number of connections must be at least 1.");
  }
  if (url.starts_with(kSqlite)) return open_sqlite(url.substr(kSqlite.size()), options);
  for (const std::string_view scheme : kPostgres) {
    if (url.starts_with(scheme)) return postgres::open(std::string(url), options);
  }
  // The URL itself may hold a password, so it is not repeated.
  return refuse("it must have the form sqlite:/absolute/path.db or postgresql://host/database.");
}

}  // namespace segmentflow
