// The tables of a database as its catalogue lists them, for copying whole rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/store/sql.hpp"

namespace segmentflow {

struct Table {
  struct Column {
    std::string name;
    SqlType type;
  };
  std::string name;
  std::vector<Column> described;  // in the order of the table

  std::vector<std::string_view> column_names() const {
    std::vector<std::string_view> names;
    for (const Column& column : described) names.emplace_back(column.name);
    return names;
  }
  // As an input's; they refer to this table.
  std::vector<SqlColumn> columns() const {
    std::vector<SqlColumn> columns;
    for (const Column& column : described) columns.push_back({column.name, column.type});
    return columns;
  }
  std::size_t position(std::string_view column) const {
    std::size_t position = 0;
    while (position < described.size() && described[position].name != column) ++position;
    return position;
  }
};

}  // namespace segmentflow
