// Expressions and visibility conditions of the flat spec, parsed once.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/templates/render/pointer.hpp"

namespace segmentflow::render {

// What `$computed` may call; all are pure. Arguments are named; one of the wrong kind gives
// undefined unless function_table() says otherwise.
enum class Function : std::uint8_t {
  Upper,
  Lower,
  Concat,
  Join,
  Length,
  FormatNumber,
  Add,
  Subtract,
  Multiply,
  Default,
  Unknown
};
Function function_named(std::string_view name);

struct FunctionRule {
  std::string_view name;
  Function function;
  std::string_view form;  // a call, as JSON text
  std::string_view doc;
};
std::span<const FunctionRule> function_table();

struct Condition;

struct Expression {
  struct Absent {};
  struct Literal {
    Json value;
  };
  struct ReadState {
    Pointer pointer;
  };
  struct ReadItem {
    Pointer pointer;
  };
  struct ReadIndex {};
  struct Choice {
    std::vector<Condition> condition;  // exactly one; a vector because the type is recursive
    std::vector<Expression> branches;  // then, else
  };
  struct Template {
    struct Piece {
      std::string literal;
      std::optional<Pointer> pointer;  // follows the literal
    };
    std::vector<Piece> pieces;
  };
  struct Call {
    Function function;
    std::vector<std::string> names;
    std::vector<Expression> arguments;
  };
  struct List {
    std::vector<Expression> items;
  };
  struct Members {
    std::vector<std::string> names;
    std::vector<Expression> values;
  };

  std::variant<Absent, Literal, ReadState, ReadItem, ReadIndex, Choice, Template, Call, List,
               Members>
      form;

  bool is_absent() const { return std::holds_alternative<Absent>(form); }
  const Json* literal() const {
    const auto* constant = std::get_if<Literal>(&form);
    return constant == nullptr ? nullptr : &constant->value;
  }
};

struct Condition {
  enum class Kind : std::uint8_t { Always, Never, All, Any, Test, Invalid };
  enum class Source : std::uint8_t { State, Item, Index };
  enum class Operator : std::uint8_t {
    Truthy,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual
  };

  Kind kind = Kind::Invalid;
  std::vector<Condition> parts;  // of All and Any
  Source source = Source::State;
  Pointer pointer;  // of State and Item
  Operator op = Operator::Truthy;
  Json right{};                           // compared with
  std::optional<Pointer> right_in_state;  // instead of `right`
  bool negated = false;
};

// What parsing of expressions tells its caller; paths are those given with the values.
class ExpressionObserver {
 public:
  virtual ~ExpressionObserver() = default;
  virtual void on_state_path(const Pointer& pointer, const std::string& path) = 0;
  virtual void on_item_read(const std::string& path) = 0;
  virtual void on_invalid_condition(const std::string& path) = 0;
  // An object that looks like an expression and is none; `name` is its member with a $.
  virtual void on_unknown_expression(const std::string& name, const std::string& path) = 0;
  virtual void on_unknown_function(const std::string& name, const std::string& path) = 0;
  // A text that is shown as it stands; of a template, what stands around its paths.
  virtual void on_literal(const std::string& text, const std::string& path) = 0;
};

// A value in the place of a prop. Nesting is that of the JSON, which its reader has limited.
Expression parse_expression(const Json& value, const std::string& path,
                            ExpressionObserver& observer);
Condition parse_condition(const Json& value, const std::string& path, ExpressionObserver& observer);

// Splits "... ${/path} ..." into pieces; after `values_max` paths the rest is a literal.
Expression::Template parse_template(
    std::string_view text, std::size_t values_max = std::numeric_limits<std::size_t>::max());

}  // namespace segmentflow::render
