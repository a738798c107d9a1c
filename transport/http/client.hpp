// A small blocking HTTP/1.1 client, http and https, for callers that wait for each answer.
// Connections are kept alive and reused. Thread-safe: concurrent requests use separate connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace transport::http {

struct ClientTimeouts {
  std::chrono::milliseconds connect{10'000};   // TCP and TLS together, after the name is resolved
  std::chrono::milliseconds exchange{60'000};  // first byte sent to last byte received
};

constexpr std::size_t kClientResponseBytesMax = 16 << 20;

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // at most kClientResponseBytesMax

  // The first header of that lower-case name, nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

using ClientHeaders = std::vector<std::pair<std::string, std::string>>;

class Client {
 public:
  // `base_url`: "http://host[:port][/prefix]" or "https://…"; certificates are checked against the
  // system's authorities (OpenSSL's SSL_CERT_FILE applies) and the host's name. The error is a
  // sentence.
  static tl::expected<std::unique_ptr<Client>, std::string> make(std::string_view base_url,
                                                                 ClientTimeouts timeouts);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One exchange; `target` begins with '/' and follows the base URL's path. Host and content-length
  // are written here. Redirects are answers like any other. A request is sent a second time only
  // when a kept connection was found closed before any answer, and the method is safe to repeat
  // (GET, HEAD, OPTIONS, PUT, DELETE) or an idempotency-key header says so. The error is a sentence
  // that names the server and what to do, never a header's value.
  tl::expected<ClientResponse, std::string> request(std::string_view method,
                                                    std::string_view target,
                                                    const ClientHeaders& headers,
                                                    std::string_view body);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport::http
