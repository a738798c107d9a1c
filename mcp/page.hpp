// Lists in pages: the client goes on with the cursor of the page before.
// https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/pagination
#pragma once

#include <charconv>
#include <cstddef>
#include <iterator>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "mcp/jsonrpc.hpp"

namespace mcp {

template <class Item>
struct Page {
  std::vector<Item> items;
  std::string next_cursor;  // "" on the last page
};

// Where the page of these params begins: 0 without a cursor. InvalidParams for none of ours.
inline tl::expected<std::size_t, jsonrpc::Fault> page_start(const describe::Json& params) {
  const auto cursor = params.find("cursor");
  if (cursor == params.end()) return 0;
  std::size_t start = 0;
  if (cursor->is_string()) {
    const auto& text = cursor->get_ref<const std::string&>();
    const char* end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, start);
    if (error == std::errc() && after == end) return start;
  }
  return tl::unexpected(
      jsonrpc::Fault{jsonrpc::Code::InvalidParams,
                     "params.cursor is no cursor of this server; begin anew without one."});
}

// The page of all items that the params ask for. A list that has become shorter ends there.
template <class Item>
tl::expected<Page<Item>, jsonrpc::Fault> page_of(std::vector<Item> all,
                                                 const describe::Json& params,
                                                 std::size_t items_max) {
  const auto start = page_start(params);
  if (!start) return tl::unexpected(start.error());
  Page<Item> page;
  if (*start == 0 && all.size() <= items_max) {
    page.items = std::move(all);
    return page;
  }
  const std::size_t begin = std::min(*start, all.size());
  const std::size_t end = std::min(begin + items_max, all.size());
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = all.begin() + static_cast<std::ptrdiff_t>(end);
  page.items.assign(std::make_move_iterator(first), std::make_move_iterator(last));
  if (end < all.size()) page.next_cursor = std::to_string(end);
  return page;
}

}  // namespace mcp
