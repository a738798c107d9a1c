#include "core/store/postgres/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace segmentflow::postgres {
namespace {

// Data that a type or a constraint does not take.
constexpr std::array kConstraint = {"22", "23", "42804"};
// Syntax, names, types, the number of parameters, a write in a read.
constexpr std::array kDefect = {"42", "08P01", "25001", "25P01", "25P02"};
// Lost or ending connections, a standby or a demoted primary, idle_in_transaction_session_timeout,
// a prepared statement over a new schema, one that a pooler has lost.
constexpr std::array kConnection = {"08", "57P", "25006", "25P03", "0A000", "26000"};

template <std::size_t N>
bool is_any(const std::array<const char*, N>& classes, const std::string& sqlstate) {
  return std::any_of(classes.begin(), classes.end(),
                     [&](std::string_view each) { return sqlstate.starts_with(each); });
}

// The first line, without the server's own prefix.
std::string_view first_line(std::string_view words) {
  constexpr std::string_view kPrefix = "ERROR:  ";
  if (words.starts_with(kPrefix)) words.remove_prefix(kPrefix.size());
  return words.substr(0, words.find('\n'));
}

}  // namespace

bool ends_connection(const std::string& sqlstate) {
  return is_any(kConnection, sqlstate) && !is_any(kDefect, sqlstate);
}

void throw_failure(const std::string& sqlstate, std::string_view words, std::string_view doing) {
  // The words of data exceptions quote the data.
  const bool quotes_data = sqlstate.starts_with("22");
  const std::string message =
      fmt::format("PostgreSQL failed while {}: {}SQLSTATE {}", doing,
                  quotes_data ? "" : fmt::format("{}, ", first_line(words)), sqlstate);
  if (is_any(kConstraint, sqlstate)) throw StoreConstraint(message);
  if (is_any(kDefect, sqlstate)) throw StoreDefect(message);
  throw StoreUnavailable(message);
}

}  // namespace segmentflow::postgres
