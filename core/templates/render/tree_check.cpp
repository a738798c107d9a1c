#include "core/templates/render/tree_check.hpp"

#include <array>

namespace segmentflow::render {
namespace {

class Walk {
 public:
  Walk(Spec& spec, const ItemReads& item_reads, const Budget& budget,
       std::vector<Finding>& findings)
      : spec_(spec),
        item_reads_(item_reads),
        budget_(budget),
        findings_(findings),
        seen_(spec.nodes.size()),
        open_(spec.nodes.size()) {}

  void visit(std::uint32_t at, bool in_repeat, std::size_t depth) {
    if (error || seen_[at][in_repeat]) return;
    Node& node = spec_.nodes[at];
    if (depth > budget_.depth_max) {
      const std::string message = "Elements are nested deeper than " +
                                  std::to_string(budget_.depth_max) + " levels; flatten them.";
      error = Error{ErrorCode::ValidationFailed, message, {{path_of(node), message}}};
      return;
    }
    if (!in_repeat) note_item_read(at);
    open_[at] = true;
    if (node.component == Component::Preview) spec_.has_preview = true;
    const bool below = in_repeat || node.repeat.has_value();
    std::erase_if(node.children, [&](std::uint32_t child) {
      if (open_[child]) note_cycle(node, spec_.nodes[child]);
      return open_[child];
    });
    for (const std::uint32_t child : node.children) visit(child, below, depth + 1);
    open_[at] = false;
    seen_[at][in_repeat] = true;
  }

  bool has_seen(std::uint32_t at) const { return seen_[at][0] || seen_[at][1]; }

  static std::string path_of(const Node& node) { return "/elements/" + escape_step(node.key); }

  std::optional<Error> error;

 private:
  void note_item_read(std::uint32_t at) {
    const auto read = item_reads_.find(at);
    if (read == item_reads_.end()) return;
    findings_.push_back({"repeat_item_outside_scope", Severity::Error, read->second,
                         "$item, $index and $bindItem have a value only below a repeated element; "
                         "the repeated element's own props are outside."});
  }

  void note_cycle(const Node& from, const Node& to) {
    findings_.push_back({"cycle", Severity::Error, path_of(from) + "/children",
                         "Element " + to.key + " is an ancestor of " + from.key +
                             " and cannot be its child as well."});
  }

  Spec& spec_;
  const ItemReads& item_reads_;
  const Budget& budget_;
  std::vector<Finding>& findings_;
  std::vector<std::array<bool, 2>> seen_;  // outside and inside a repeat
  std::vector<bool> open_;                 // ancestors of the element being visited
};

void check_root(const Spec& spec, const std::string& root_key, std::vector<Finding>& findings) {
  if (spec.nodes.empty()) {
    findings.push_back(
        {"empty_spec", Severity::Error, "/elements", "The template has no elements."});
  } else if (root_key.empty()) {
    findings.push_back({"missing_root", Severity::Error, "/root",
                        "The template names no root; set it to the key of its Html element."});
  } else if (!spec.root) {
    findings.push_back({"root_not_found", Severity::Error, "/root",
                        "There is no element " + root_key + " for the root."});
  } else if (spec.nodes[*spec.root].component != Component::Html) {
    findings.push_back({"root_not_html", Severity::Warning, "/root",
                        "The root should be an Html element, so that a whole document is sent."});
  }
}

}  // namespace

std::optional<Error> check_tree(Spec& spec, const std::string& root_key,
                                const ItemReads& item_reads, const Budget& budget,
                                std::vector<Finding>& findings) {
  check_root(spec, root_key, findings);
  Walk walk(spec, item_reads, budget, findings);
  if (!spec.root) return std::nullopt;
  walk.visit(*spec.root, false, 1);
  if (walk.error) return walk.error;
  for (std::uint32_t at = 0; at < spec.nodes.size(); ++at) {
    if (walk.has_seen(at)) continue;
    findings.push_back({"orphaned_element", Severity::Warning, Walk::path_of(spec.nodes[at]),
                        "No element has this one as its child; it is not sent."});
  }
  return std::nullopt;
}

}  // namespace segmentflow::render
