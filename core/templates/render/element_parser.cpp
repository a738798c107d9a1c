#include "core/templates/render/element_parser.hpp"

#include <algorithm>
#include <array>

#include "core/templates/render/escape.hpp"
#include "core/templates/render/render.hpp"
#include "schemas/describe/parse.hpp"

namespace segmentflow::render {
namespace {

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const std::string nearest = describe::nearest_name(name, known);
  return nearest.empty() ? "" : " Did you mean " + nearest + "?";
}

constexpr std::array<std::string_view, 10> kExpressionMembers = {
    "$state", "$item", "$index", "$bindState", "$bindItem",
    "$cond",  "$then", "$else",  "$computed",  "$template"};

std::string joined(std::span<const std::string_view> names, std::string_view separator = ", ",
                   std::string_view prefix = "") {
  std::string text;
  for (const std::string_view name : names) {
    text.append(text.empty() ? "" : separator).append(prefix).append(name);
  }
  return text;
}

bool is_expression(const Json& value) {
  return value.is_object() && !value.empty() && value.begin().key().starts_with('$');
}

}  // namespace

std::string escape_step(std::string_view key) {
  std::string step;
  for (const char c : key) {
    if (c == '~') {
      step.append("~0");
    } else if (c == '/') {
      step.append("~1");
    } else {
      step.push_back(c);
    }
  }
  return step;
}

ElementParser::ElementParser(const Json& elements, const Budget& budget, Spec& spec,
                             std::vector<Finding>& findings)
    : elements_(elements), budget_(budget), spec_(spec), findings_(findings) {
  std::uint32_t at = 0;
  for (auto element = elements_.begin(); element != elements_.end(); ++element) {
    index_.emplace(element.key(), at++);
  }
}

std::optional<std::uint32_t> ElementParser::index_of(std::string_view key) const {
  const auto found = index_.find(key);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

void ElementParser::parse_all() {
  spec_.nodes.resize(elements_.size());
  at_ = 0;
  for (auto element = elements_.begin(); element != elements_.end(); ++element, ++at_) {
    Node& node = spec_.nodes[at_];
    node.key = element.key();
    path_ = "/elements/" + escape_step(node.key);
    parse(*element, node);
  }
}

void ElementParser::parse(const Json& element, Node& node) {
  const auto& type = element["type"].get_ref<const std::string&>();
  const ComponentRule* rule = component_named(type);
  if (rule == nullptr) {
    std::vector<std::string_view> known;
    for (const ComponentRule& each : component_catalog()) known.push_back(each.name);
    add("unknown_component", Severity::Error, path_ + "/type",
        "There is no component " + type + "." + did_you_mean(type, known) + " Known are " +
            joined(known) + ".");
  } else {
    node.component = rule->component;
  }
  if (const auto visible = element.find("visible"); visible != element.end()) {
    node.visible = parse_condition(*visible, path_ + "/visible", *this);
  }
  parse_repeat(element, node);
  parse_children(element, rule, node);
  const auto props = element.find("props");
  if (props == element.end() || !props->is_object()) {
    node.is_broken = true;
    add("invalid_props", Severity::Error, path_ + "/props",
        "An element must have an object of props; use {} when there are none.");
    return;
  }
  check_misplaced(*props);
  if (rule != nullptr) parse_props(*props, *rule, node);
}

void ElementParser::parse_props(const Json& props, const ComponentRule& rule, Node& node) {
  check_props(props, rule);
  for (const auto& [name, value] : props.items()) parse_prop(name, value, node);
  if (!node.markup && node.style.is_absent()) node.markup = make_markup(node.component, {}).markup;
}

void ElementParser::parse_prop(const std::string& name, const Json& value, Node& node) {
  const std::string path = path_ + "/props/" + escape_step(name);
  if (name == "text") {
    parse_text(value, path, node);
  } else if (name == "content") {
    node.text = parse_expression(value, path, *this);
  } else if (name == "style" || name == "markdownContainerStyles") {
    parse_style(value, path, node);
  } else if (name == "href" || name == "src") {
    node.address = parse_expression(value, path, *this);
    check_address(value, path);
  } else {
    constexpr std::array<std::pair<std::string_view, Expression Attributes::*>, 7> kAttributes = {{
        {"alt", &Attributes::alt},
        {"width", &Attributes::width},
        {"height", &Attributes::height},
        {"as", &Attributes::level},
        {"lang", &Attributes::language},
        {"dir", &Attributes::direction},
        {"markdownCustomStyles", &Attributes::custom_styles},
    }};
    for (const auto& [attribute, member] : kAttributes) {
      if (name == attribute) node.attributes.*member = parse_expression(value, path, *this);
    }
  }
}

void ElementParser::parse_text(const Json& value, const std::string& path, Node& node) {
  node.text = parse_expression(value, path, *this);
  const Json* literal = node.text.literal();
  if (literal == nullptr) return;
  std::string html;
  if (append_child_html(html, value_of(*literal, false))) {
    node.text_html = std::move(html);
  } else if (!is_expression(*literal)) {  // that one is a finding already
    add("invalid_prop", Severity::Error, path,
        "A text must be a string, a number or an expression.");
  }
}

void ElementParser::parse_style(const Json& value, const std::string& path, Node& node) {
  if (!value.is_object() && !value.is_null()) {
    node.is_broken = true;
    add("invalid_style", Severity::Error, path,
        "A style must be an object of camelCase CSS properties.");
    return;
  }
  if (value.size() > budget_.style_declarations_max) {
    node.is_broken = true;
    add("invalid_style", Severity::Error, path,
        "A style may have at most " + std::to_string(budget_.style_declarations_max) +
            " declarations.");
    return;
  }
  node.style = parse_expression(value, path, *this);
  const Json* literal = node.style.literal();
  if (literal == nullptr) return;
  const Style style = literal->is_object() ? style_of(value_of(*literal, false)) : Style{};
  MarkupResult made = make_markup(node.component, style);
  for (const std::string& name : made.refused) {
    add("invalid_style", Severity::Error, path + "/" + escape_step(name),
        "This is no CSS declaration: the name may hold letters, digits, - and _, the value must be "
        "a string or a number.");
  }
  node.markup = std::move(made.markup);
}

void ElementParser::parse_children(const Json& element, const ComponentRule* rule, Node& node) {
  const auto children = element.find("children");
  const bool is_there = children != element.end() && !children->is_null();
  if (is_there && !children->is_array()) {
    add("invalid_children", Severity::Error, path_ + "/children",
        "Children must be an array of element keys.");
  } else if (is_there) {
    for (std::size_t at = 0; at < children->size(); ++at) {
      const Json& child = (*children)[at];
      const auto index =
          child.is_string() ? index_of(child.get_ref<const std::string&>()) : std::nullopt;
      if (index) {
        node.children.push_back(*index);
        continue;
      }
      add("missing_child", Severity::Error, path_ + "/children/" + std::to_string(at),
          "There is no element " + describe::dump_json(child) + "; add it or remove the child.");
    }
  }
  if (rule != nullptr && !rule->takes_children && !node.children.empty()) {
    add("children_ignored", Severity::Warning, path_ + "/children",
        std::string(rule->name) + " shows no children; put them beside it.");
  }
  if (node.repeat && node.children.empty() && rule != nullptr && rule->takes_children) {
    add("repeat_without_children", Severity::Error, path_ + "/repeat",
        "A repeated element shows its children once per item; it has none.");
  }
}

void ElementParser::parse_repeat(const Json& element, Node& node) {
  const auto repeat = element.find("repeat");
  if (repeat == element.end() || repeat->is_null()) return;
  const auto path = repeat->is_object() ? repeat->find("statePath") : repeat->end();
  if (repeat->is_object() && path != repeat->end()) {
    if (path->is_string()) {
      node.repeat = Repeat{parse_pointer(path->get_ref<const std::string&>()), false};
      on_state_path(node.repeat->pointer, path_ + "/repeat/statePath");
      return;
    }
    const auto item = path->is_object() ? path->find("$item") : path->end();
    if (path->is_object() && item != path->end() && item->is_string()) {
      node.repeat = Repeat{parse_pointer(item->get_ref<const std::string&>()), true};
      on_item_read(path_ + "/repeat/statePath");
      return;
    }
  }
  node.is_broken = true;
  add("invalid_repeat", Severity::Error, path_ + "/repeat",
      "A repeat must be {\"statePath\": \"/path/of/an/array\"}, or {\"statePath\": {\"$item\": "
      "\"path\"}} inside another repeat.");
}

void ElementParser::check_props(const Json& props, const ComponentRule& rule) {
  std::vector<std::string_view> known;
  for (const PropRule& prop : rule.props) known.push_back(prop.name);
  constexpr std::array<std::string_view, 4> kMisplaced = {"visible", "on", "repeat", "watch"};
  for (const auto& [name, value] : props.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    if (std::ranges::find(kMisplaced, name) != kMisplaced.end()) continue;
    add("unknown_prop", Severity::Warning, path_ + "/props/" + escape_step(name),
        std::string(rule.name) + " has no prop " + name + "." + did_you_mean(name, known));
  }
  check_required(props, rule);
  if (rule.component == Component::Image && !props.contains("alt")) {
    add("missing_alt", Severity::Warning, path_ + "/props/alt",
        "Say what the picture shows, for those who do not see it; \"\" for mere decoration.");
  }
}

void ElementParser::check_required(const Json& props, const ComponentRule& rule) {
  for (const PropRule& prop : rule.props) {
    if (!prop.is_required) continue;
    const auto value = props.find(prop.name);
    if (value != props.end() && !value->is_null()) continue;
    add("missing_prop", Severity::Error, path_ + "/props/" + std::string(prop.name),
        std::string(rule.name) + " needs the prop " + std::string(prop.name) + ".");
  }
}

void ElementParser::check_misplaced(const Json& props) {
  for (const std::string_view name : {"visible", "on", "repeat", "watch"}) {
    if (!props.contains(name)) continue;
    add(std::string(name) + "_in_props", Severity::Error, path_ + "/props/" + std::string(name),
        std::string(name) + " belongs beside props, not inside it.");
  }
}

void ElementParser::check_address(const Json& value, const std::string& path) {
  if (is_expression(value) || value.is_null()) return;
  if (value.is_string() && is_allowed_url(value.get_ref<const std::string&>())) {
    if (!is_insecure_url(value.get_ref<const std::string&>())) return;
    add("insecure_url", Severity::Warning, path, "This is an http address; give an https one.");
    return;
  }
  add("refused_url", Severity::Warning, path,
      "Only absolute http, https, mailto, tel and cid addresses are sent; this one will be left "
      "out.");
}

void ElementParser::add(std::string code, Severity severity, std::string path,
                        std::string message) {
  findings_.push_back({std::move(code), severity, std::move(path), std::move(message)});
}

void ElementParser::on_state_path(const Pointer& pointer, const std::string& path) {
  spec_.paths_read.push_back(pointer.text);
  if (pointer.steps.empty()) return;
  const std::string_view root = pointer.steps.front().name;
  if (is_state_root(root) || spec_.state.contains(root)) return;
  add("unknown_root", Severity::Warning, path,
      "Nothing fills " + pointer.text + ": paths begin with " + joined(kStateRoots, " or ", "/") +
          "." + did_you_mean(root, kStateRoots));
}

void ElementParser::on_unknown_expression(const std::string& name, const std::string& path) {
  const bool is_known = std::ranges::find(kExpressionMembers, name) != kExpressionMembers.end();
  add("unknown_expression", Severity::Error, path,
      is_known ? "This is no whole expression: the value of " + name +
                     " has another type than it needs, or a member beside it is missing."
               : "There is no expression " + name + "." + did_you_mean(name, kExpressionMembers));
}

void ElementParser::on_item_read(const std::string& path) {
  item_reads_.emplace(at_, path);
}

void ElementParser::on_invalid_condition(const std::string& path) {
  add("invalid_visible", Severity::Error, path,
      "A condition must be true, false, an array of conditions, {\"$and\": [...]}, {\"$or\": "
      "[...]} "
      "or an object that tests $state, $item or $index.");
}

void ElementParser::on_literal(const std::string& text, const std::string& path) {
  std::string problem = placeholder_problem(text);
  if (!problem.empty()) {
    add("unfilled_placeholder", Severity::Warning, path, std::move(problem));
  }
}

void ElementParser::on_unknown_function(const std::string& name, const std::string& path) {
  std::vector<std::string_view> known;
  for (const FunctionRule& rule : function_table()) known.push_back(rule.name);
  add("unknown_function", Severity::Warning, path,
      "There is no function " + name + "; it gives nothing." + did_you_mean(name, known));
}

}  // namespace segmentflow::render
