// Values, rows and table-valued parameters: what repositories say to a database, whichever it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/id.hpp"

namespace segmentflow {

struct Bytes {
  std::string value;
  bool operator==(const Bytes&) const = default;
};

// NULL, integer, text, bytes. Booleans are stored as 0 and 1, times as microseconds, ids as bytes.
class SqlValue {
 public:
  SqlValue() = default;
  SqlValue(std::nullptr_t) {}
  SqlValue(std::int64_t v) : value_(v) {}
  SqlValue(int v) : value_(std::int64_t{v}) {}
  SqlValue(bool v) : value_(std::int64_t{v}) {}
  SqlValue(std::string v) : value_(std::move(v)) {}
  SqlValue(std::string_view v) : value_(std::string(v)) {}
  SqlValue(const char* v) : value_(std::string(v)) {}
  SqlValue(Bytes v) : value_(std::move(v)) {}
  SqlValue(const Uuid& v) : value_(Bytes{std::string(v.view())}) {}
  template <class T>
  SqlValue(const std::optional<T>& v) {
    if (v) *this = SqlValue(*v);
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Each getter asserts the type: a wrong one is a defect in the query's reader.
  std::int64_t integer() const { return std::get<std::int64_t>(value_); }
  bool boolean() const { return integer() != 0; }
  const std::string& text() const { return std::get<std::string>(value_); }
  const std::string& bytes() const { return std::get<Bytes>(value_).value; }
  Uuid uuid() const;  // of sixteen bytes
  std::optional<std::string> optional_text() const;
  std::optional<Uuid> optional_uuid() const;
  std::optional<std::int64_t> optional_integer() const;

  using Variant = std::variant<std::monostate, std::int64_t, std::string, Bytes>;
  const Variant& variant() const { return value_; }

 private:
  Variant value_;
};

using SqlRow = std::vector<SqlValue>;
using SqlRows = std::vector<SqlRow>;

enum class SqlType { Integer, Text, Bytes };

struct SqlColumn {
  std::string_view name;
  SqlType type;
};

// A table-valued parameter: the statement refers to it as `{input}`, a table with these columns.
//   "SELECT i.n, t.id FROM {input} AS i JOIN templates AS t ON t.id = i.id"
// PostgreSQL gets it as one array per column (unnest); SQLite runs the prepared statement once per
// row, which is its fastest way. Hence two rules: the statement must mean the same for all rows at
// once and for one row after the other, and it gives its rows in any order (carry a row number).
class SqlInput {
 public:
  explicit SqlInput(std::vector<SqlColumn> columns) : columns_(std::move(columns)) {}
  // The row's values in the order of the columns. Throws StoreDefect for another number of values
  // or one of another type: SQLite would take it, PostgreSQL's arrays would not.
  void add(SqlRow row);
  const std::vector<SqlColumn>& columns() const { return columns_; }
  const SqlRows& rows() const { return rows_; }
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<SqlColumn> columns_;
  SqlRows rows_;
};

}  // namespace segmentflow
