// A mail on its way through the pool, and the promise that its `done` is called exactly once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "core/delivery/mail_transport.hpp"

namespace transport::smtp {

// How many of something are left; shut-down waits for none. Thread-safe.
class Tally {
 public:
  // False, and nothing counted, when there are already `most`.
  bool add(std::size_t most);
  void remove();
  // Whether none was left before the time was over.
  bool wait_for_none(std::chrono::milliseconds patience);

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

class Assignment {
 public:
  // The caller has counted it in `tally`; finish() takes it off.
  Assignment(segmentflow::OutgoingMail mail, segmentflow::MailTransport::BeforeDot before_dot,
             segmentflow::MailTransport::Done done, std::shared_ptr<Tally> tally);
  // Finishes it when nobody did, by the phase: after the dot the outcome is Unknown.
  ~Assignment();
  Assignment(const Assignment&) = delete;
  Assignment& operator=(const Assignment&) = delete;

  void finish(segmentflow::MailOutcome outcome);

  const segmentflow::OutgoingMail& mail() const { return mail_; }
  const segmentflow::MailTransport::BeforeDot& before_dot() const { return before_dot_; }

  segmentflow::MailPhase phase = segmentflow::MailPhase::NotStarted;
  bool repeated = false;  // has already met a connection that had died while idle

 private:
  segmentflow::OutgoingMail mail_;
  segmentflow::MailTransport::BeforeDot before_dot_;
  segmentflow::MailTransport::Done done_;
  std::shared_ptr<Tally> tally_;
};

// An outcome without a reply: Deferred, in the words of `detail`.
segmentflow::MailOutcome deferred(std::string peer, std::string detail);

}  // namespace transport::smtp
