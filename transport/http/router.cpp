#include "transport/http/router.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "transport/http/target.hpp"

namespace transport::http {
namespace {

// The pieces between slashes, without the one before the first; at most `max` + 1 of them.
std::vector<std::string_view> split_path(std::string_view path, std::size_t max) {
  std::vector<std::string_view> pieces;
  if (path.empty() || path.front() != '/') return pieces;
  path.remove_prefix(1);
  while (pieces.size() <= max) {
    const std::size_t slash = path.find('/');
    pieces.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return pieces;
}

}  // namespace

Router::Router(std::vector<Route> routes) : by_length_(kPathSegmentsMax + 1) {
  for (Route& route : routes) {
    Entry entry = compile(std::move(route));
    auto& bucket = by_length_[entry.segments.size()];
    for (const Entry& other : bucket) {
      if (same_requests(entry, other)) {
        throw std::invalid_argument("two routes answer " + entry.route.method + " " +
                                    entry.route.path + " (the other is " + other.route.path + ")");
      }
    }
    bucket.push_back(std::move(entry));
  }
  for (auto& bucket : by_length_) std::sort(bucket.begin(), bucket.end(), goes_before);
}

Router::Entry Router::compile(Route route) {
  Entry entry;
  const auto pieces = split_path(route.path, kPathSegmentsMax);
  if (pieces.empty() || pieces.size() > kPathSegmentsMax || route.method.empty() ||
      !route.handler) {
    throw std::invalid_argument("the route '" + route.method + " " + route.path +
                                "' needs a method, a handler and a path that begins with '/'");
  }
  for (const std::string_view piece : pieces) {
    const bool capture = piece.size() > 2 && piece.front() == '{' && piece.back() == '}';
    const std::string_view text = capture ? piece.substr(1, piece.size() - 2) : piece;
    if (text.find_first_of("{}%?#") != std::string_view::npos) {
      throw std::invalid_argument("the route path '" + route.path +
                                  "' has a segment that is neither literal nor {capture}");
    }
    entry.segments.push_back({capture, std::string(text)});
  }
  entry.route = std::move(route);
  return entry;
}

bool Router::goes_before(const Entry& left, const Entry& right) {
  return std::lexicographical_compare(
      left.segments.begin(), left.segments.end(), right.segments.begin(), right.segments.end(),
      [](const Segment& a, const Segment& b) { return !a.capture && b.capture; });
}

bool Router::same_requests(const Entry& left, const Entry& right) {
  if (left.route.method != right.route.method) return false;
  return std::equal(left.segments.begin(), left.segments.end(), right.segments.begin(),
                    right.segments.end(), [](const Segment& a, const Segment& b) {
                      return a.capture == b.capture && (a.capture || a.text == b.text);
                    });
}

bool Router::fits(const Entry& entry, const std::vector<std::string>& segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& wanted = entry.segments[i];
    if (wanted.capture ? segments[i].empty() : segments[i] != wanted.text) return false;
  }
  return true;
}

std::string Router::allowed_methods(const std::vector<const Entry*>& fitting) const {
  std::set<std::string> methods{"OPTIONS"};
  for (const Entry* entry : fitting) {
    methods.insert(entry->route.method);
    if (entry->route.method == "GET") methods.insert("HEAD");
  }
  std::string allow;
  for (const std::string& method : methods) allow += (allow.empty() ? "" : ", ") + method;
  return allow;
}

Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  const auto pieces = split_path(path, kPathSegmentsMax);
  if (pieces.empty() || pieces.size() > kPathSegmentsMax) return match;
  std::vector<std::string> segments;
  segments.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    auto decoded = percent_decode(piece, false);
    if (!decoded) {
      match.outcome = Match::Outcome::BadEncoding;
      return match;
    }
    segments.push_back(std::move(*decoded));
  }

  std::vector<const Entry*> fitting;
  for (const Entry& entry : by_length_[segments.size()]) {
    if (fits(entry, segments)) fitting.push_back(&entry);
  }
  const auto with_method = [&fitting](std::string_view wanted) {
    const auto found = std::find_if(fitting.begin(), fitting.end(), [wanted](const Entry* entry) {
      return entry->route.method == wanted;
    });
    return found == fitting.end() ? nullptr : *found;
  };
  const Entry* entry = with_method(method);
  if (entry == nullptr && method == "HEAD") entry = with_method("GET");
  if (entry == nullptr) {
    if (fitting.empty()) return match;
    match.outcome =
        method == "OPTIONS" ? Match::Outcome::Options : Match::Outcome::MethodNotAllowed;
    match.allow = allowed_methods(fitting);
    return match;
  }
  match.outcome = Match::Outcome::Found;
  match.route = &entry->route;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!entry->segments[i].capture) continue;
    match.captures.emplace_back(entry->segments[i].text, std::move(segments[i]));
  }
  return match;
}

}  // namespace transport::http
