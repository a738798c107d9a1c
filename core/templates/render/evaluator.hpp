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
  Evaluator(const State& state, const Json& defaults, const Budget& budget)
      : state_(state), defaults_(defaults), budget_(budget) {}

  Value evaluate(const Expression& expression, const Scope& scope);
  bool holds(const Condition& condition, const Scope& scope);
  Value read_state(const Pointer& pointer);
  // ... and notes a path that leads nowhere.
  Value read_for_prop(const Pointer& pointer);

  // Appends the filled template.
  void fill(std::string& out, const Expression::Template& text);

  // The declarations of a style prop; none for null, undefined, a number or a boolean.
  Style style(const Expression& expression, const Scope& scope);

  // Counts work and fails when it is too much.
  void spend(std::size_t steps);
  // ... for that much text made.
  void spend_for(std::size_t bytes);
  void check_size(std::size_t bytes);

  // The first failure stays; after it everything is undefined and its caller should stop.
  void fail_with(std::string message);
  bool has_failed() const { return failure_.has_value(); }
  const std::string& failure() const { return *failure_; }

  std::vector<std::string> missing_paths() const { return {missing_.begin(), missing_.end()}; }

 private:
  Value call(const Expression::Call& call, const Scope& scope);
  Value collect(const Expression::List& list, const Scope& scope);
  Value collect(const Expression::Members& members, const Scope& scope);
  Value source_of(const Condition& condition, const Scope& scope);
  const Json& whole_model();

  const State& state_;
  const Json& defaults_;
  const Budget& budget_;
  Arena arena_;
  const Json* whole_model_ = nullptr;
  std::size_t steps_ = 0;
  std::optional<std::string> failure_;
  std::set<std::string> missing_;
};

}  // namespace segmentflow::render
