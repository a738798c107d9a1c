// Bare addresses in Markdown become links. md4c could find them as well, but then leaves spans that
// it has not entered; so it reads without them, and this looks for them in finished text.
#pragma once

#include "core/templates/render/markdown_tree.hpp"

namespace segmentflow::render {

// Makes links of the addresses in the texts of `node`, except in code, links and pictures.
void link_addresses(MarkdownNode& node);

}  // namespace segmentflow::render
