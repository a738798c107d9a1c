// The transport that keeps mail in a folder: for trying things out, for demos and for tests.
#pragma once

#include <filesystem>
#include <memory>

#include "core/base/clock.hpp"
#include "core/delivery/mail_transport.hpp"

namespace segmentflow {

inline constexpr std::size_t kCaptureWaitingMax = 4096;  // messages past before_dot
inline constexpr std::size_t kCaptureBatchMax = 64;      // messages that share one folder fsync

// Writes `<folder>/<message_id>.eml`, the content, and `<message_id>.envelope.json` beside it:
// {"messageId", "mailFrom", "recipients": [primary, copies...], "capturedAt"}, and
// "messageIdField", the field of that name with the email's id, where the message has one. Both are
// complete and on disk before Accepted is reported (temporary name, fsync, rename, fsync of the
// folder); where the .eml is, its envelope is too. A second delivery of the same message_id
// replaces the files. The folder is made with mode 0700 when missing (its parent must exist); files
// have mode 0600.
//
// Outcomes: Accepted with peer "capture" and reply 250; Deferred with a sentence in `detail` on I/O
// errors, when kCaptureWaitingMax messages wait, after go(false) and at shut-down; Rejected when
// the message_id is not a UUID or there is no content. `done` runs on the writing thread, on the
// thread that calls `go`, `send` or `shut_down`, never under a lock; it must not throw and must not
// destroy the transport.
class CaptureTransport final : public MailTransport {
 public:
  // The clock must outlive the object.
  CaptureTransport(std::filesystem::path folder, const Clock& clock);
  // Ends what is left as shut_down(0) does and joins the writing thread.
  ~CaptureTransport() override;
  CaptureTransport(const CaptureTransport&) = delete;
  CaptureTransport& operator=(const CaptureTransport&) = delete;

  void send(OutgoingMail mail, BeforeDot before_dot, Done done) override;
  // Messages past before_dot are written while `patience` lasts, the others are Deferred at once.
  void shut_down(std::chrono::milliseconds patience) override;

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;  // shared with `go` callbacks, which may outlive the transport
};

}  // namespace segmentflow
