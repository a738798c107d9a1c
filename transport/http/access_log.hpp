// One request as one JSON line, and the counts of all requests.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "transport/http/server.hpp"

namespace transport::http {

constexpr std::size_t kLoggedPathBytesMax = 1024;

struct AccessRecord {
  std::string method;  // empty when the request line was never understood
  std::string path;    // without the query: queries may hold secrets
  int status = 0;
  std::chrono::microseconds duration{0};
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::string remote;
  std::string request_id;
  bool aborted = false;  // the client was gone or too slow before the last byte of the answer
  std::vector<std::pair<std::string, std::string>> extra;  // Response::log
};

// A JSON object without line end or time. A pair of `extra` never replaces a field of the record.
std::string access_line(const AccessRecord& record);

// Thread-safe; each count is exact, a reading is not one instant.
class Tally {
 public:
  void count_response(int status);  // 200-599
  Counters read() const;

  std::atomic<std::uint64_t> connections_open{0};

 private:
  static constexpr int kStatusMax = 599;
  std::array<std::atomic<std::uint64_t>, kStatusMax + 1> by_status_{};
};

}  // namespace transport::http
