// Which route answers a method and a path. Pure; immutable after construction, so any number of
// threads may match at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transport/http/server.hpp"

namespace transport::http {

constexpr std::size_t kPathSegmentsMax = 32;  // longer paths are unknown

struct Match {
  enum class Outcome {
    Found,             // `route` and `captures` are set
    NotFound,          // no route has this path
    MethodNotAllowed,  // the path exists; `allow` lists its methods (RFC 9110 §10.2.1)
    Options,           // OPTIONS on a path that exists; `allow` lists its methods
    BadEncoding,       // a segment is not valid percent-encoded UTF-8
  };
  Outcome outcome = Outcome::NotFound;
  const Route* route = nullptr;  // lives as long as the router
  std::vector<std::pair<std::string, std::string>> captures;
  std::string allow;
};

class Router {
 public:
  // Paths begin with '/' and consist of literal and {capture} segments. Throws
  // std::invalid_argument for any other path, for two routes that would answer the same requests,
  // and for no handler.
  explicit Router(std::vector<Route> routes);

  // HEAD finds the GET route where it has none of its own. A trailing slash makes another path; a
  // capture is never empty; where a literal and a capture fit, the literal wins, left to right.
  Match match(std::string_view method, std::string_view path) const;

 private:
  struct Segment {
    bool capture = false;
    std::string text;  // the literal, or the capture's name
  };
  struct Entry {
    Route route;
    std::vector<Segment> segments;
  };
  static Entry compile(Route route);
  static bool goes_before(const Entry& left, const Entry& right);
  static bool same_requests(const Entry& left, const Entry& right);
  static bool fits(const Entry& entry, const std::vector<std::string>& segments);
  std::string allowed_methods(const std::vector<const Entry*>& fitting) const;

  std::vector<std::vector<Entry>> by_length_;  // index: number of segments; best match first
};

}  // namespace transport::http
