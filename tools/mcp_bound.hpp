// Keeps an answer within what hosts hand on to a model: Claude Code, for one, refuses a tool's
// result of more than 25,000 tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/describe/json.hpp"

namespace segmentflow {

// Of a whole answer, by the count below. Below the limit of hosts, because each tokenizer counts
// otherwise, and the answer is not all that a host wraps up.
inline constexpr std::size_t kAnswerTokensMax = 18'000;

// About how many tokens a text costs; more for what tokenizers do badly at, such as ids and marks.
std::size_t tokens_in(std::string_view text);

// Cuts texts, arrays and large objects of `answer` until it costs at most so many tokens. Members
// of objects of a usual size stay, so that the answer is still of its type. Gives what was cut, a
// sentence each with its JSON Pointer; empty when nothing was.
std::vector<std::string> bound_answer(describe::Json& answer,
                                      std::size_t tokens_max = kAnswerTokensMax);

}  // namespace segmentflow
