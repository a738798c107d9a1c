// Who waits for the relay's answer, and since when: a relay that takes connections and says nothing
// is known after seconds, while the time-outs of RFC 5321 go on for minutes.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/delivery/mail_transport.hpp"

namespace transport::smtp {

// Shared by the sessions with one relay. Thread-safe. Sessions are told apart by their addresses.
class AnswerWatch {
 public:
  void asked(const void* session, segmentflow::MailStage stage);
  void answered(const void* session);
  void given_up(const void* session);  // without an answer

  struct Silence {
    segmentflow::MailStage stage;  // of the session that waits longest
    std::chrono::milliseconds lasting;
  };
  // Since when nobody has been answered, while somebody waits.
  std::optional<Silence> silence() const;

  // The address that last took a connection, "" before there was one.
  void connected_to(std::string address);
  std::string last_address() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Wait {
    segmentflow::MailStage stage;
    SteadyTime since;
  };

  mutable std::mutex mutex_;
  std::map<const void*, Wait> waits_;
  SteadyTime last_answer_{};
  std::string last_address_;
};

}  // namespace transport::smtp
