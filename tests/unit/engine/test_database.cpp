#include "tests/unit/engine/test_database.hpp"

#include <unistd.h>

#include <atomic>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <stdexcept>

// libpqxx 6.4 forgets a result that comes with the news that its connection is lost: make_result()
// asks for the client encoding before it owns the result, and that throws. Some kilobytes for each
// lost connection; nothing of ours. libpq is where such a result comes from.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpq.so.5\n";
}

namespace segmentflow::test {
namespace {

std::string text_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

void run_on(const std::string& server, const std::string& sql) {
  pqxx::connection session(server);
  pqxx::nontransaction(session).exec(sql);
}

// The server's URL with another database in it.
std::string with_database(const std::string& server, const std::string& name) {
  const auto path = server.find('/', server.find("://") + 3);
  const auto query = server.find('?', path);
  const std::string rest = query == std::string::npos ? "" : server.substr(query);
  return server.substr(0, path) + "/" + name + rest;
}

}  // namespace

std::string TestDatabase::server() {
  return text_of("SEGMENTFLOW_TEST_POSTGRES");
}

TestDatabase::TestDatabase() {
  if (!is_postgres()) {
    url_ = "sqlite:" + folder_.file("segmentflow.db");
    return;
  }
  static std::atomic<int> count = 0;
  name_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  run_on(server(), "CREATE DATABASE " + name_);
  url_ = with_database(server(), name_);
}

TestDatabase::~TestDatabase() {
  if (name_.empty()) return;
  try {
    run_on(server(), "DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {  // the server ends with the test run
  }
}

DatabaseOptions TestDatabase::options(const Clock& clock) const {
  DatabaseOptions options;
  options.clock = &clock;
  options.strict = text_of("SEGMENTFLOW_TEST_STRICT") == "1";
  return options;
}

std::unique_ptr<Database> TestDatabase::open(const DatabaseOptions& options) const {
  auto database = open_database(url_, options);
  if (!database) throw std::runtime_error(database.error().message);
  return std::move(*database);
}

}  // namespace segmentflow::test
