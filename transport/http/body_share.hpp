// What the bodies of all requests may take together, shared out. Internal to transport/http.
#pragma once

#include <cstddef>

#include "transport/http/session.hpp"

namespace transport::http {

// A request's part of what all bodies may take, given back at the end of the exchange.
class BodyShare {
 public:
  BodyShare() = default;
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { give_back(); }

  void give_back() {
    if (service_) service_->body_bytes -= bytes_;
    service_ = nullptr;
  }

  // False when there is no room; then nothing is taken.
  bool take(Service& service, std::size_t bytes) {
    if (service.body_bytes.fetch_add(bytes) + bytes > service.limits.bodies_bytes_max) {
      service.body_bytes -= bytes;
      return false;
    }
    service_ = &service;
    bytes_ = bytes;
    return true;
  }

 private:
  Service* service_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace transport::http
