// One of the streams that a server may have open. Internal to transport/http.
#pragma once

#include "transport/http/session.hpp"

namespace transport::http {

// Given back at the end of the exchange.
class StreamShare {
 public:
  StreamShare() = default;
  StreamShare(const StreamShare&) = delete;
  StreamShare& operator=(const StreamShare&) = delete;
  ~StreamShare() {
    if (service_) --service_->streams;
  }

  // False when there are too many; then nothing is taken.
  bool take(Service& service) {
    if (service.streams.fetch_add(1) >= service.limits.streams_max) {
      --service.streams;
      return false;
    }
    service_ = &service;
    return true;
  }

 private:
  Service* service_ = nullptr;
};

}  // namespace transport::http
