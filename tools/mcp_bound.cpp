#include "tools/mcp_bound.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schemas/describe/pointer.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::size_t kLettersPerToken = 4;
constexpr std::size_t kDigitsPerToken = 2;
// An object with more is a map, and not a thing with a fixed set of members.
constexpr std::size_t kMembersMax = 48;
// Members of a map are not cut to less than this.
constexpr std::size_t kMemberTokensMin = 100;
constexpr std::size_t kSentencesMax = 10;

enum class Sort { Letter, Digit, Blank, Mark, Other };

Sort sort_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Sort::Letter;
  if (c >= '0' && c <= '9') return Sort::Digit;
  if (c == ' ') return Sort::Blank;
  return byte < 0x80 ? Sort::Mark : Sort::Other;
}

// Counts the tokens of a text character by character.
class Counter {
 public:
  void add(char c) {
    const Sort sort = sort_of(c);
    const bool is_capital = c >= 'A' && c <= 'Z';
    const bool goes_on = sort == sort_ && !(is_capital && !was_capital_);
    run_ = goes_on ? run_ + 1 : 1;
    sort_ = sort;
    was_capital_ = is_capital;
    tokens += cost(c);
  }
  std::size_t tokens = 0;

 private:
  std::size_t cost(char c) const {
    switch (sort_) {
      case Sort::Letter:
        return run_ % kLettersPerToken == 1 ? 1 : 0;
      case Sort::Digit:
        return run_ % kDigitsPerToken == 1 ? 1 : 0;
      case Sort::Blank:
        return run_ % kLettersPerToken == 2 ? 1 : 0;  // one alone goes with the next word
      case Sort::Mark:
        return 1;
      case Sort::Other:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0xC0) return 0;  // goes on
    return byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  }

  Sort sort_ = Sort::Blank;
  std::size_t run_ = 0;
  bool was_capital_ = false;
};

std::size_t cost_of(const Json& value) {
  if (value.is_string()) return tokens_in(value.get_ref<const std::string&>()) + 2;
  if (value.is_number()) return tokens_in(value.dump());
  if (!value.is_structured()) return 1;
  std::size_t tokens = 2;
  if (value.is_array()) {
    for (const Json& element : value) tokens += cost_of(element) + 1;
    return tokens;
  }
  for (const auto& [name, member] : value.items()) {
    tokens += tokens_in(name) + 3 + cost_of(member);
  }
  return tokens;
}

class Cutter {
 public:
  std::vector<std::string> sentences;

  // Cuts the value to so many tokens; gives what it costs then.
  std::size_t fit(Json& value, std::size_t most) {
    const std::size_t whole = cost_of(value);
    if (whole <= most || !(value.is_string() || value.is_structured())) return whole;
    if (value.is_string()) return fit_text(value, most);
    return value.is_array() ? fit_array(value, most) : fit_object(value, most);
  }

 private:
  void say(std::size_t kept, std::size_t whole, std::string_view what) {
    if (sentences.size() == kSentencesMax) sentences.back() = "and more";
    if (sentences.size() >= kSentencesMax) return;
    sentences.push_back(fmt::format("{}: {} of {} {}", path_, kept, whole, what));
  }

  std::size_t fit_text(Json& value, std::size_t most) {
    const auto& text = value.get_ref<const std::string&>();
    Counter counter;
    std::size_t end = 0;
    while (end < text.size()) {
      counter.add(text[end]);
      if (counter.tokens + 3 > most) break;
      ++end;
    }
    const std::string kept(describe::utf8_beginning(text, end));
    say(kept.size(), text.size(), "bytes");
    value = kept + "…";
    return counter.tokens + 3;
  }

  std::size_t fit_array(Json& value, std::size_t most) {
    std::size_t cost = 2;
    std::size_t kept = 0;
    for (; kept < value.size(); ++kept) {
      const std::size_t next = cost_of(value[kept]) + 1;
      if (cost + next > most) break;
      cost += next;
    }
    const std::size_t whole = value.size();
    if (kept == 0 && whole > 0) {  // the first alone is too long
      cost += below(std::size_t{0}, value[0], most > 3 ? most - 3 : 0) + 1;
      kept = 1;
    }
    value.erase(value.begin() + static_cast<std::ptrdiff_t>(kept), value.end());
    if (kept < whole) say(kept, whole, "elements");
    return cost;
  }

  // The small members stay whole; the others share what is left.
  std::size_t fit_object(Json& value, std::size_t most) {
    const std::size_t whole = value.size();
    drop_members(value, most);
    std::vector<std::pair<std::size_t, std::string>> by_cost;
    std::size_t used = 2;
    for (const auto& [name, member] : value.items()) {
      by_cost.emplace_back(cost_of(member), name);
      used += tokens_in(name) + 3;
    }
    std::ranges::sort(by_cost);
    std::size_t left = by_cost.size();
    for (const auto& [cost, name] : by_cost) {
      const std::size_t share = used < most ? (most - used) / left : 0;
      used += cost <= share ? cost : below(name, value[name], share);
      --left;
    }
    if (value.size() < whole) say(value.size(), whole, "members");
    return used;
  }

  // Of a map the first members are kept, as many as there is room for.
  static void drop_members(Json& value, std::size_t most) {
    const std::size_t room = std::max(most / kMemberTokensMin, std::size_t{1});
    if (value.size() <= kMembersMax || value.size() <= room) return;
    Json kept = Json::object();
    for (const auto& [name, member] : value.items()) {
      if (kept.size() == room) break;
      kept[name] = member;
    }
    value = std::move(kept);
  }

  template <class Step>
  std::size_t below(Step step, Json& value, std::size_t most) {
    const std::size_t length = path_.size();
    describe::append_step(path_, step);
    const std::size_t cost = fit(value, most);
    path_.resize(length);
    return cost;
  }

  std::string path_;
};

}  // namespace

std::size_t tokens_in(std::string_view text) {
  Counter counter;
  for (const char c : text) counter.add(c);
  return counter.tokens;
}

std::vector<std::string> bound_answer(Json& answer, std::size_t tokens_max) {
  Cutter cutter;
  cutter.fit(answer, tokens_max);
  return std::move(cutter.sentences);
}

}  // namespace segmentflow
