// Web and email addresses that stand bare in a text, as in GitHub's Markdown ("autolinks
// (extension)" of its specification).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace segmentflow::render {

struct BareAddress {
  enum class Kind : unsigned char { Url, Www, Email };

  Kind kind = Kind::Url;
  std::size_t start = 0;  // bytes
  std::size_t end = 0;
};

// The first address in `text` that begins at `from` or later. A web address ends at a blank, a <,
// or a bracket that it did not open; punctuation at its end is not part of it. A *, _ or ~ at
// its end is, where the address has its partner. Takes time linear in `text` over all calls, each
// of which goes on where the address before it ends.
std::optional<BareAddress> next_address(std::string_view text, std::size_t from);

}  // namespace segmentflow::render
