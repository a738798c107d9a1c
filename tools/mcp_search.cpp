#include "tools/mcp_search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "core/base/ascii.hpp"

namespace segmentflow {
namespace {

constexpr std::array<std::string_view, 52> kSmallWords = {
    "a",    "all",  "an",  "and",  "any",   "are",  "as",    "at",   "be",   "by",   "can",
    "do",   "does", "for", "from", "has",   "have", "how",   "i",    "in",   "into", "is",
    "it",   "its",  "me",  "my",   "no",    "not",  "of",    "on",   "one",  "or",   "our",
    "out",  "s",    "so",  "some", "that",  "the",  "their", "them", "this", "to",   "up",
    "want", "was",  "we",  "what", "which", "with", "you",   "your"};

// Where a word stands, and what it counts there.
constexpr double kInName = 3;
constexpr double kInTitle = 2;
constexpr double kInDescription = 1;

bool is_small(const std::string& word) {
  return std::ranges::find(kSmallWords, word) != kSmallWords.end();
}

// The word without its ending: crude, and the same for both sides.
std::string stem_of(std::string word) {
  for (const std::string_view ending : {"ing", "ies", "es", "ed", "s", "e", "y"}) {
    if (word.size() >= ending.size() + 3 && word.ends_with(ending)) {
      word.resize(word.size() - ending.size());
      break;
    }
  }
  return word;
}

std::set<std::string> stems_of(std::string_view text) {
  std::set<std::string> stems;
  for (const std::string& word : words_of(text)) {
    if (!is_small(word)) stems.insert(stem_of(word));
  }
  return stems;
}

// What each word of a tool counts: where it stands most prominently.
std::map<std::string, double> weights_of(const mcp::Tool& tool) {
  std::map<std::string, double> weights;
  const auto add = [&](const std::string& text, double weight) {
    for (const std::string& stem : stems_of(text)) weights.emplace(stem, weight);
  };
  add(tool.name, kInName);
  add(tool.title, kInTitle);
  add(tool.description, kInDescription);
  return weights;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (const char c : ascii_lower(text)) {
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (is_letter) {
      word.push_back(c);
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

std::vector<const mcp::Tool*> ranked_tools(const std::vector<mcp::Tool>& tools,
                                           std::string_view query) {
  const auto wanted = stems_of(query);
  std::vector<std::map<std::string, double>> weights;
  std::map<std::string, std::size_t> tools_with;
  for (const mcp::Tool& tool : tools) {
    weights.push_back(weights_of(tool));
    for (const auto& [stem, weight] : weights.back()) ++tools_with[stem];
  }
  std::vector<std::pair<double, std::size_t>> scored;  // less than 0; the least is the best
  for (std::size_t i = 0; i < tools.size(); ++i) {
    double score = wanted.empty() ? 1 : 0;
    for (const std::string& stem : wanted) {
      const auto found = weights[i].find(stem);
      if (found == weights[i].end()) continue;
      const double rarity =
          static_cast<double>(tools.size() + 1) / static_cast<double>(tools_with[stem]);
      score += found->second * std::log(rarity);
    }
    if (score > 0) scored.emplace_back(-score, i);
  }
  std::ranges::sort(scored);
  std::vector<const mcp::Tool*> ranked;
  for (const auto& [score, i] : scored) ranked.push_back(&tools[i]);
  return ranked;
}

}  // namespace segmentflow
