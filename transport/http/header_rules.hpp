// What a request's head must be before anything is read out of it: one meaning, whoever reads it.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/http/server.hpp"

namespace transport::http {

// A sentence about bytes of a head, up to and with its empty line, that two readers might take
// differently: folded lines (RFC 9112 §5.2), bare CR or LF (§2.2), blanks before a colon (§5.1),
// control characters, two headers that say where it ends (§6.3). nullopt: there are none.
std::optional<std::string> ambiguous_head(std::string_view head);

// A sentence about the extension of a chunk that two readers might take differently: with a line
// end, or another control character, in it (RFC 9112 §7.1.1).
std::optional<std::string> ambiguous_chunk_extension(std::string_view extension);

// The headers that somebody reads as one value.
class HeaderRules {
 public:
  // Those of HTTP itself, and `more`.
  explicit HeaderRules(const std::vector<SingleHeader>& more);

  // A sentence about one of them that is there twice, in two lines or joined with a comma, or that
  // is not UTF-8. Others are not looked at: nobody reads them.
  std::optional<std::string> problem(
      const std::vector<std::pair<std::string, std::string>>& headers) const;

 private:
  const SingleHeader* find(std::string_view name) const;

  std::vector<SingleHeader> rules_;
};

}  // namespace transport::http
