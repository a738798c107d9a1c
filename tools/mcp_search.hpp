// Finding tools by what somebody wants to do, said in a sentence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mcp/tools.hpp"

namespace segmentflow {

// The words of a text, in lower case.
std::vector<std::string> words_of(std::string_view text);

// The tools that have any of the query's words in their name, title or description, the best first:
// what a tool is called counts more than what is said of it, and a word that few tools have more
// than one that many have. Small words are passed over, endings too ("sending" finds "send").
// Without a query, or with small words only, all in their order.
std::vector<const mcp::Tool*> ranked_tools(const std::vector<mcp::Tool>& tools,
                                           std::string_view query);

}  // namespace segmentflow
