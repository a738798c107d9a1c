// What is wrong with a command line, in our own words.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace segmentflow::app {

// Checks of values. What they say follows the option's name: "--limit must be …".
CLI::Validator not_empty();
CLI::Validator whole_number(std::int64_t min, std::int64_t max);
CLI::Validator choice_of(std::vector<std::string> choices);

// A sentence about what the parser has refused.
std::string sentence_of(const CLI::ParseError& error);

}  // namespace segmentflow::app
