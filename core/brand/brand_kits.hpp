// Brand Kits: logo, colours and names that all templates of an organisation can use.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/base/id.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// What /brand gives in templates, as JSON text of an object, by organisation: the values of its
// default Brand Kit. Organisations without one are left out.
std::map<Uuid, std::string> default_brands(Transaction& tx, const std::set<Uuid>& organization_ids);

}  // namespace segmentflow
