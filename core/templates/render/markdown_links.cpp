#include "core/templates/render/markdown_links.hpp"

#include <algorithm>
#include <utility>

#include "core/templates/render/addresses.hpp"

namespace segmentflow::render {
namespace {

using Kind = MarkdownNode::Kind;

MarkdownNode text_node(std::string_view text) {
  MarkdownNode node;
  node.kind = Kind::Text;
  node.text = text;
  return node;
}

std::string target_of(const BareAddress& address, std::string_view text) {
  switch (address.kind) {
    case BareAddress::Kind::Www:
      return "http://" + std::string(text);
    case BareAddress::Kind::Email:
      return "mailto:" + std::string(text);
    case BareAddress::Kind::Url:
      break;
  }
  return std::string(text);
}

MarkdownNode link_node(const BareAddress& address, std::string_view text) {
  MarkdownNode link;
  link.kind = Kind::Link;
  link.target = target_of(address, text);
  link.is_bare = true;
  link.children.push_back(text_node(text));
  return link;
}

void append_linked(std::vector<MarkdownNode>& nodes, MarkdownNode node) {
  std::optional<BareAddress> found;
  if (node.kind == Kind::Text) found = next_address(node.text, 0);
  if (!found) {
    nodes.push_back(std::move(node));
    return;
  }
  const std::string_view text = node.text;
  std::size_t start = 0;
  for (; found; found = next_address(text, start)) {
    if (found->start > start) {
      nodes.push_back(text_node(text.substr(start, found->start - start)));
    }
    nodes.push_back(link_node(*found, text.substr(found->start, found->end - found->start)));
    start = found->end;
  }
  if (start < text.size()) nodes.push_back(text_node(text.substr(start)));
}

// A link written as <address>.
bool is_label_its_address(const MarkdownNode& link) {
  if (link.children.size() != 1 || link.children[0].kind != Kind::Text) return false;
  const std::string& label = link.children[0].text;
  return link.target == label || link.target == "mailto:" + label;
}

}  // namespace

void link_addresses(MarkdownNode& node) {
  if (node.kind == Kind::Link) {
    node.is_bare = is_label_its_address(node);
    return;
  }
  if (node.kind == Kind::Code || node.kind == Kind::CodeBlock || node.kind == Kind::Image) return;
  std::vector<MarkdownNode> children;
  children.reserve(node.children.size());
  for (MarkdownNode& child : node.children) {
    link_addresses(child);
    append_linked(children, std::move(child));
  }
  node.children = std::move(children);
}

}  // namespace segmentflow::render
