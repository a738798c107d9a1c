// Evaluates expressions and conditions against the state, counting the work.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/templates/render/expression.hpp"
#include "core/templates/render/render.hpp"
#include "core/templates/render/style.hpp"

namespace segmentflow::render {

// The innermost repeat.
struct Scope {
  std::optional<Value> item;
  std::size_t index = 0;
};

class Evaluator {
 public:
  Evaluator(const State& state, const Json& defaults, const Budget& budget, Meter& meter)
      : state_(state),
        defaults_(defaults),
        budget_(budget),
        meter_(meter),
        arena_(meter),
        finder_(meter) {}

  Value evaluate(const Expression& expression, const Scope& scope);
  // What an address holds. As evaluate(), but that values within it are percent-encoded: each one
  // in a `$template`, `concat` or `join` that does not stand at its very start.
  Value address(const Expression& expression, const Scope& scope);
  bool holds(const Condition& condition, const Scope& scope);
  Value read_state(const Pointer& pointer);
  // ... and notes a path that leads nowhere.
  Value read_for_prop(const Pointer& pointer);
  // Below the item of the innermost repeat.
  Value read_item(const Pointer& pointer, const Scope& scope);

  // Appends the filled template.
  void fill(Output& out, const Expression::Template& text);

  // The declarations of a style prop; none for null, undefined, a number or a boolean.
  Style style(const Expression& expression, const Scope& scope);
  // Pays for writing an object of style declarations, or an object of such objects. False when it
  // is too much.
  bool pay_for_style(const Value& style);

  Meter& meter() { return meter_; }
  // The longest text that an expression may make.
  std::size_t text_bytes_max() const { return budget_.output_bytes_max; }
  // The first failure stays; after it everything is undefined and its caller should stop.
  void fail_with(std::string message) { meter_.fail_with(std::move(message)); }
  bool has_failed() const { return meter_.has_failed(); }
  const std::string& failure() const { return meter_.failure(); }

  std::vector<std::string> missing_paths() const { return {missing_.begin(), missing_.end()}; }

 private:
  Value call(const Expression::Call& call, const Scope& scope);
  Value collect(const Expression::List& list, const Scope& scope);
  Value collect(const Expression::Members& members, const Scope& scope);
  Value source_of(const Condition& condition, const Scope& scope);
  bool all_hold(const std::vector<Condition>& parts, const Scope& scope);
  bool any_holds(const std::vector<Condition>& parts, const Scope& scope);
  bool compare(Condition::Operator op, const Value& left, const Value& right);
  Value whole_model();

  // Appends a value as text; an object fails.
  void append_text(Output& out, const Value& value);
  Value address_in_case(const Expression::Call& call, const Scope& scope);
  void append_address(Output& out, const Expression& expression, const Scope& scope);
  void append_address_call(Output& out, const Expression::Call& call, const Scope& scope);
  void append_joined_address(Output& out, const Expression::Call& call, const Scope& scope);
  // Appends a value to an address (escape.hpp, append_address_part).
  void append_part(Output& out, const Value& value);
  std::size_t style_bytes(const Value& style);
  // Whether a style may have so many declarations; pays for comparing them.
  bool check_declarations(std::size_t count);
  Style style_of_members(const Expression::Members& members, const Scope& scope);

  const State& state_;
  const Json& defaults_;
  const Budget& budget_;
  Meter& meter_;
  Arena arena_;
  Finder finder_;
  std::optional<Value> whole_model_;
  std::set<std::string> missing_;
};

}  // namespace segmentflow::render
