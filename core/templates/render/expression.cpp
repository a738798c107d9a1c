#include "core/templates/render/expression.hpp"

#include <array>

namespace segmentflow::render {
namespace {

constexpr std::array<FunctionRule, 10> kFunctions = {{
    {"upper", Function::Upper, R"({"$computed": "upper", "args": {"value": "a"}})",
     "The text in capitals (Unicode)."},
    {"lower", Function::Lower, R"({"$computed": "lower", "args": {"value": "A"}})",
     "The text in small letters (Unicode)."},
    {"concat", Function::Concat, R"({"$computed": "concat", "args": {"a": "x", "b": "y"}})",
     "All arguments in their order as one text; null is nothing, an object an error."},
    {"join", Function::Join,
     R"({"$computed": "join", "args": {"value": ["a", "b"], "separator": ", "}})",
     "The items of an array as one text; separator is \", \" when omitted. An object is an error."},
    {"length", Function::Length, R"({"$computed": "length", "args": {"value": "abc"}})",
     "How many items an array has, or characters (UTF-16 units) a text."},
    {"formatNumber", Function::FormatNumber,
     R"({"$computed": "formatNumber", "args": {"value": 4.5, "decimals": 2}})",
     "A number with 0 to 20 decimals (2 when omitted), without grouping, as JavaScript's toFixed: "
     "halves go away from zero."},
    {"add", Function::Add, R"({"$computed": "add", "args": {"a": 1, "b": 2}})",
     "a + b. Whole numbers are exact; more digits than 64 bits or a double hold are an error."},
    {"subtract", Function::Subtract, R"({"$computed": "subtract", "args": {"a": 3, "b": 2}})",
     "a - b"},
    {"multiply", Function::Multiply, R"({"$computed": "multiply", "args": {"a": 2, "b": 3}})",
     "a * b"},
    {"default", Function::Default,
     R"({"$computed": "default", "args": {"value": "", "fallback": "there"}})",
     "fallback where value is null, missing or \"\"."},
}};

// In the order in which json-render looks for them; the first that is there counts.
constexpr std::array<std::pair<std::string_view, Condition::Operator>, 6> kOperators = {{
    {"eq", Condition::Operator::Equal},
    {"neq", Condition::Operator::NotEqual},
    {"gt", Condition::Operator::Greater},
    {"gte", Condition::Operator::GreaterOrEqual},
    {"lt", Condition::Operator::Less},
    {"lte", Condition::Operator::LessOrEqual},
}};

// The string member `name`, or null.
const std::string* text_member(const Json& object, std::string_view name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get_ptr<const std::string*>()
                                                       : nullptr;
}

bool is_true_member(const Json& object, std::string_view name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_boolean() && member->get<bool>();
}

class Parser {
 public:
  explicit Parser(ExpressionObserver& observer) : observer_(observer) {}

  Expression expression(const Json& value, const std::string& path) {
    if (value.is_object()) return of_object(value, path);
    if (value.is_array()) return of_array(value, path);
    if (value.is_string()) observer_.on_literal(value.get_ref<const std::string&>(), path);
    return {Expression::Literal{value}};
  }

  Condition condition(const Json& value, const std::string& path) {
    Condition result;
    if (value.is_boolean()) {
      result.kind = value.get<bool>() ? Condition::Kind::Always : Condition::Kind::Never;
      return result;
    }
    if (value.is_array()) return group(Condition::Kind::All, value, path, false);
    if (!value.is_object()) return invalid(path);
    for (const auto& [name, kind] :
         {std::pair{"$and", Condition::Kind::All}, std::pair{"$or", Condition::Kind::Any}}) {
      const auto members = value.find(name);
      if (members == value.end()) continue;
      if (!members->is_array()) return invalid(path + "/" + name);
      return group(kind, *members, path + "/" + name, true);
    }
    return test(value, path);
  }

 private:
  Expression of_object(const Json& value, const std::string& path) {
    if (value.empty()) return {Expression::Literal{value}};
    if (const std::string* text = text_member(value, "$state"))
      return read_state(*text, path + "/$state");
    if (const std::string* text = text_member(value, "$item")) {
      observer_.on_item_read(path);
      return {Expression::ReadItem{text->empty() ? Pointer{} : parse_pointer(*text)}};
    }
    if (is_true_member(value, "$index")) {
      observer_.on_item_read(path);
      return {Expression::ReadIndex{}};
    }
    if (const std::string* text = text_member(value, "$bindState")) {
      return read_state(*text, path + "/$bindState");
    }
    if (const std::string* text = text_member(value, "$bindItem")) {
      observer_.on_item_read(path);
      return {Expression::ReadItem{parse_bound_path(*text)}};
    }
    if (value.contains("$cond") && value.contains("$then") && value.contains("$else")) {
      return choice(value, path);
    }
    if (const std::string* name = text_member(value, "$computed")) return call(*name, value, path);
    if (const std::string* text = text_member(value, "$template"))
      return of_template(*text, path + "/$template");
    return of_members(value, path);
  }

  Expression read_state(const std::string& text, const std::string& path) {
    Pointer pointer = parse_pointer(text);
    observer_.on_state_path(pointer, path);
    return {Expression::ReadState{std::move(pointer)}};
  }

  Expression choice(const Json& value, const std::string& path) {
    Expression::Choice result;
    result.condition.push_back(condition(value["$cond"], path + "/$cond"));
    result.branches.push_back(expression(value["$then"], path + "/$then"));
    result.branches.push_back(expression(value["$else"], path + "/$else"));
    return {std::move(result)};
  }

  Expression call(const std::string& name, const Json& value, const std::string& path) {
    Expression::Call result{function_named(name), {}, {}};
    if (result.function == Function::Unknown) observer_.on_unknown_function(name, path);
    const auto arguments = value.find("args");
    if (arguments != value.end() && arguments->is_object()) {
      for (const auto& [key, argument] : arguments->items()) {
        result.names.push_back(key);
        result.arguments.push_back(expression(argument, path + "/args/" + key));
      }
    }
    return {std::move(result)};
  }

  Expression of_template(const std::string& text, const std::string& path) {
    Expression::Template result = parse_template(text);
    bool constant = true;
    for (const auto& piece : result.pieces) {
      observer_.on_literal(piece.literal, path);
      if (!piece.pointer) continue;
      constant = false;
      observer_.on_state_path(*piece.pointer, path);
    }
    if (constant) return {Expression::Literal{Json(text)}};
    return {std::move(result)};
  }

  Expression of_array(const Json& value, const std::string& path) {
    Expression::List list;
    Json constant = Json::array();
    for (std::size_t at = 0; at < value.size(); ++at) {
      list.items.push_back(expression(value[at], path + "/" + std::to_string(at)));
      if (const Json* literal = list.items.back().literal()) constant.push_back(*literal);
    }
    if (constant.size() == list.items.size()) return {Expression::Literal{std::move(constant)}};
    return {std::move(list)};
  }

  Expression of_members(const Json& value, const std::string& path) {
    Expression::Members members;
    Json constant = Json::object();
    for (const auto& [name, member] : value.items()) {
      if (name.starts_with('$')) observer_.on_unknown_expression(name, path);
      members.names.push_back(name);
      members.values.push_back(expression(member, path + "/" + name));
      if (const Json* literal = members.values.back().literal()) constant[name] = *literal;
    }
    if (constant.size() == members.values.size()) {
      return {Expression::Literal{std::move(constant)}};
    }
    return {std::move(members)};
  }

  Condition group(Condition::Kind kind, const Json& members, const std::string& path, bool nests) {
    Condition result;
    result.kind = kind;
    for (std::size_t at = 0; at < members.size(); ++at) {
      const std::string below = path + "/" + std::to_string(at);
      if (nests) {
        result.parts.push_back(condition(members[at], below));
      } else {
        result.parts.push_back(members[at].is_object() ? test(members[at], below) : invalid(below));
      }
    }
    return result;
  }

  Condition test(const Json& value, const std::string& path) {
    Condition result;
    result.kind = Condition::Kind::Test;
    if (value.contains("$index")) {
      result.source = Condition::Source::Index;
      observer_.on_item_read(path);
    } else if (const auto item = value.find("$item"); item != value.end()) {
      if (!item->is_string()) return invalid(path + "/$item");
      result.source = Condition::Source::Item;
      result.pointer = parse_pointer(item->get_ref<const std::string&>());
      observer_.on_item_read(path);
    } else if (const auto state = value.find("$state"); state != value.end()) {
      if (!state->is_string()) return invalid(path + "/$state");
      result.pointer = parse_pointer(state->get_ref<const std::string&>());
      observer_.on_state_path(result.pointer, path + "/$state");
    }  // else the whole model, which is truthy: `visible: {}` shows
    for (const auto& [name, op] : kOperators) {
      const auto right = value.find(name);
      if (right == value.end()) continue;
      result.op = op;
      set_right(result, *right, path + "/" + std::string(name));
      break;
    }
    result.negated = is_true_member(value, "not");
    return result;
  }

  void set_right(Condition& condition, const Json& right, const std::string& path) {
    const std::string* state = right.is_object() ? text_member(right, "$state") : nullptr;
    if (state == nullptr) {
      condition.right = right;
      return;
    }
    condition.right_in_state = parse_pointer(*state);
    observer_.on_state_path(*condition.right_in_state, path + "/$state");
  }

  Condition invalid(const std::string& path) {
    observer_.on_invalid_condition(path);
    return {};
  }

  ExpressionObserver& observer_;
};

}  // namespace

Function function_named(std::string_view name) {
  for (const FunctionRule& rule : kFunctions) {
    if (rule.name == name) return rule.function;
  }
  return Function::Unknown;
}

std::span<const FunctionRule> function_table() {
  return kFunctions;
}

Expression parse_expression(const Json& value, const std::string& path,
                            ExpressionObserver& observer) {
  return Parser(observer).expression(value, path);
}

Condition parse_condition(const Json& value, const std::string& path,
                          ExpressionObserver& observer) {
  return Parser(observer).condition(value, path);
}

Expression::Template parse_template(std::string_view text, std::size_t values_max) {
  Expression::Template result;
  std::size_t literal_start = 0;
  std::size_t from = 0;
  while (result.pieces.size() < values_max) {
    const std::size_t open = text.find("${", from);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open + 2);
    if (close == std::string_view::npos) break;
    from = close + 1;
    if (close == open + 2) continue;  // "${}" names nothing and stays as it is
    Pointer pointer = parse_pointer(text.substr(open + 2, close - open - 2));
    result.pieces.push_back(
        {std::string(text.substr(literal_start, open - literal_start)), std::move(pointer)});
    literal_start = from;
  }
  if (literal_start < text.size() || result.pieces.empty()) {
    result.pieces.push_back({std::string(text.substr(literal_start)), std::nullopt});
  }
  return result;
}

}  // namespace segmentflow::render
