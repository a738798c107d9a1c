// What is wrong between elements: the root, cycles, depth, orphans, items read outside a repeat.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/templates/render/element_parser.hpp"

namespace segmentflow::render {

// Adds findings, cuts the children that close a cycle, and notes whether there is a Preview.
// Error: the tree is deeper than the budget allows.
std::optional<Error> check_tree(Spec& spec, const std::string& root_key,
                                const ItemReads& item_reads, const Budget& budget,
                                std::vector<Finding>& findings);

}  // namespace segmentflow::render
