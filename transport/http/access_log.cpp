#include "transport/http/access_log.hpp"

#include <nlohmann/json.hpp>

namespace transport::http {

std::string access_line(const AccessRecord& record) {
  nlohmann::ordered_json line;
  line["method"] = record.method;
  line["path"] = record.path.substr(0, kLoggedPathBytesMax);
  line["status"] = record.status;
  line["duration_us"] = record.duration.count();
  line["bytes_in"] = record.bytes_in;
  line["bytes_out"] = record.bytes_out;
  line["remote"] = record.remote;
  line["requestId"] = record.request_id;
  if (record.aborted) line["aborted"] = true;
  for (const auto& [name, value] : record.extra) {
    if (!line.contains(name)) line[name] = value;
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void Tally::count_response(int status) {
  by_status_.at(static_cast<std::size_t>(status)).fetch_add(1, std::memory_order_relaxed);
}

Counters Tally::read() const {
  Counters counters;
  counters.connections_open = connections_open.load(std::memory_order_relaxed);
  for (int status = 0; status <= kStatusMax; ++status) {
    const auto count = by_status_[static_cast<std::size_t>(status)].load(std::memory_order_relaxed);
    if (count == 0) continue;
    counters.responses[status] = count;
    counters.requests += count;
  }
  return counters;
}

}  // namespace transport::http
