// Parses the elements of a spec into nodes, one by one, and tells what is wrong with each.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/templates/render/catalog.hpp"
#include "core/templates/render/node.hpp"
#include "core/templates/render/spec.hpp"

namespace segmentflow::render {

// A key as one step of a JSON Pointer.
std::string escape_step(std::string_view key);

// Where a node first reads the item of a repeat, by node.
using ItemReads = std::map<std::uint32_t, std::string>;

class ElementParser : private ExpressionObserver {
 public:
  // `elements` has been checked to be an object of objects that have a type.
  ElementParser(const Json& elements, const Budget& budget, Spec& spec,
                std::vector<Finding>& findings);

  void parse_all();
  std::optional<std::uint32_t> index_of(std::string_view key) const;
  const ItemReads& item_reads() const { return item_reads_; }

 private:
  void parse(const Json& element, Node& node);
  void parse_props(const Json& props, const ComponentRule& rule, Node& node);
  void parse_prop(const std::string& name, const Json& value, Node& node);
  void parse_text(const Json& value, const std::string& path, Node& node);
  void parse_style(const Json& value, const std::string& path, Node& node);
  void parse_children(const Json& element, const ComponentRule* rule, Node& node);
  void parse_repeat(const Json& element, Node& node);
  void check_props(const Json& props, const ComponentRule& rule);
  void check_required(const Json& props, const ComponentRule& rule);
  void check_misplaced(const Json& props);
  void check_address(const Json& value, const std::string& path);
  void add(std::string code, Severity severity, std::string path, std::string message);

  void on_state_path(const Pointer& pointer, const std::string& path) override;
  void on_unknown_expression(const std::string& name, const std::string& path) override;
  void on_item_read(const std::string& path) override;
  void on_invalid_condition(const std::string& path) override;
  void on_unknown_function(const std::string& name, const std::string& path) override;
  void on_literal(const std::string& text, const std::string& path) override;

  const Json& elements_;
  const Budget& budget_;
  Spec& spec_;
  std::vector<Finding>& findings_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
  ItemReads item_reads_;
  std::string path_;  // of the element being parsed
  std::uint32_t at_ = 0;
};

}  // namespace segmentflow::render
