// What SQLite holds and PostgreSQL cannot take, found before anything is moved.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/store/database.hpp"
#include "core/store/tables.hpp"

namespace segmentflow {

// "email_sends id 018f7a35-…"; where the table has no ids, "jobs row_id 7".
std::string name_of_row(const Table& table, const SqlRow& row);

// The first `most` values of the tables that PostgreSQL refuses: text with a NUL or that is not
// UTF-8 (postgresql.org, "Character Types"). SQLite keeps the types of columns by itself. Each as
// "email_sends id 018f7a35-…, idempotency_key: holds a NUL character"; the value is not repeated.
// The tables are read in batches of bounded size. Throws StoreUnavailable.
std::vector<std::string> find_unfit(Database& source, const std::vector<Table>& tables,
                                    std::size_t most);

}  // namespace segmentflow
