#include "transport/http/header_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "schemas/describe/utf8.hpp"
#include "transport/http/request_rules.hpp"

namespace transport::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLength = "content-length";
constexpr std::string_view kEncoding = "transfer-encoding";

// content-type may hold a comma in a quoted parameter.
const std::array kOwn = {SingleHeader{"host"},
                         SingleHeader{"content-length"},
                         SingleHeader{"transfer-encoding"},
                         SingleHeader{.name = "content-type", .may_hold_commas = true},
                         SingleHeader{"content-encoding"},
                         SingleHeader{"authorization"},
                         SingleHeader{"origin"},
                         SingleHeader{"expect"}};

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7F;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Looks at one line after the other.
class HeadReader {
 public:
  // A line without its end.
  std::optional<std::string> read(std::string_view line) {
    if (std::ranges::any_of(line, is_control)) {
      return "the head holds a control character, or a line that does not end in CR LF";
    }
    if (std::exchange(is_first_, false)) return std::nullopt;
    if (line.starts_with(' ') || line.starts_with('\t')) {
      return "a header is folded over two lines; write it in one";
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (!is_token(line.substr(0, colon)) || colon == line.size()) {
      return "a header is malformed: it is a name, a colon without a blank before it, and a value";
    }
    return read_framing(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }

 private:
  // Where the request ends: what the parser would refuse without a name, and more.
  std::optional<std::string> read_framing(const std::string& name, std::string_view value) {
    if (name != kLength && name != kEncoding) return std::nullopt;
    if (name == framing_) return "the header " + name + " is there twice; send it once";
    if (!framing_.empty()) {
      return "content-length and transfer-encoding are both there; send one of them";
    }
    framing_ = name;
    if (name == kLength && !is_digits(value)) return "the header content-length is not a number";
    return std::nullopt;
  }

  bool is_first_ = true;
  std::string framing_;
};

}  // namespace

std::optional<std::string> ambiguous_head(std::string_view head) {
  HeadReader reader;
  while (!head.empty() && !head.starts_with(kLineEnd)) {
    const std::size_t end = std::min(head.find(kLineEnd), head.size());
    if (auto problem = reader.read(head.substr(0, end))) return problem;
    head.remove_prefix(std::min(end + kLineEnd.size(), head.size()));
  }
  return std::nullopt;
}

std::optional<std::string> ambiguous_chunk_extension(std::string_view extension) {
  if (std::ranges::none_of(extension, is_control)) return std::nullopt;
  return "the extension of a chunk holds a control character";
}

HeaderRules::HeaderRules(const std::vector<SingleHeader>& more) : rules_(kOwn.begin(), kOwn.end()) {
  rules_.insert(rules_.end(), more.begin(), more.end());
}

const SingleHeader* HeaderRules::find(std::string_view name) const {
  const auto found = std::ranges::find_if(rules_, [name](const SingleHeader& rule) {
    const std::string_view wanted = rule.name;
    return wanted.ends_with('*') ? name.starts_with(wanted.substr(0, wanted.size() - 1))
                                 : name == wanted;
  });
  return found == rules_.end() ? nullptr : &*found;
}

std::optional<std::string> HeaderRules::problem(
    const std::vector<std::pair<std::string, std::string>>& headers) const {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto& [name, value] = headers[i];
    const SingleHeader* rule = find(name);
    if (rule == nullptr) continue;
    const bool is_joined = !rule->may_hold_commas && value.find(',') != std::string::npos;
    const auto same = [&name](const auto& other) { return other.first == name; };
    if (is_joined ||
        std::any_of(headers.begin() + static_cast<std::ptrdiff_t>(i) + 1, headers.end(), same)) {
      return "the header " + name + " is there twice; send it once";
    }
    if (!describe::is_valid_utf8(value)) {
      return "the header " + name + " is not valid UTF-8 text; encode it as UTF-8";
    }
  }
  return std::nullopt;
}

}  // namespace transport::http
