#include "core/brand/brand_kits.hpp"

namespace segmentflow {

std::map<Uuid, std::string> default_brands(Transaction& tx,
                                           const std::set<Uuid>& organization_ids) {
  SqlInput input({{"organization_id", SqlType::Bytes}});
  for (const Uuid& id : organization_ids) input.add({id});
  std::map<Uuid, std::string> brands;
  for (const auto& row : tx.query("SELECT b.organization_id, b.brand FROM {input} AS i "
                                  "JOIN brand_kits b ON b.organization_id = i.organization_id "
                                  "WHERE b.is_default = 1",
                                  input)) {
    brands[row[0].uuid()] = row[1].text();
  }
  return brands;
}

}  // namespace segmentflow
