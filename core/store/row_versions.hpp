// When rows have changed last, for those who watch them.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// The updated_at of each of these rows, as far as they are there. `table` has the columns id and
// updated_at. Of all organisations: who asks has checked who may know.
std::map<Uuid, Time> row_versions(Transaction& tx, std::string_view table,
                                  const std::vector<Uuid>& ids);

}  // namespace segmentflow
