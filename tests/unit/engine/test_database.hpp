// An empty database of a test's own. SEGMENTFLOW_TEST_POSTGRES, the URL of a PostgreSQL server
// whose role may create databases, chooses the backend: with it each test gets a database on that
// server, without it an SQLite file. SEGMENTFLOW_TEST_STRICT=1 chooses the strict mode.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "core/store/database.hpp"
#include "tests/unit/store/temp_folder.hpp"

namespace segmentflow::test {

class TestDatabase {
 public:
  TestDatabase();
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& url() const { return url_; }
  DatabaseOptions options(const Clock& clock) const;
  std::unique_ptr<Database> open(const Clock& clock) const { return open(options(clock)); }
  std::unique_ptr<Database> open(const DatabaseOptions& options) const;

  static bool is_postgres() { return !server().empty(); }

 private:
  static std::string server();

  TempFolder folder_;
  std::string name_;  // of the database on the server
  std::string url_;
};

}  // namespace segmentflow::test
