#include "core/store/row_versions.hpp"

#include <fmt/format.h>

namespace segmentflow {

std::map<Uuid, Time> row_versions(Transaction& tx, std::string_view table,
                                  const std::vector<Uuid>& ids) {
  SqlInput wanted({{"id", SqlType::Bytes}});
  for (const Uuid& id : ids) wanted.add({id});
  std::map<Uuid, Time> versions;
  for (const auto& row : tx.query(fmt::format("SELECT r.id, r.updated_at FROM {{input}} AS i "
                                              "JOIN {} r ON r.id = i.id",
                                              table),
                                  wanted)) {
    versions[row[0].uuid()] = row[1].integer();
  }
  return versions;
}

}  // namespace segmentflow
