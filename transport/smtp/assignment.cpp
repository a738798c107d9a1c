#include "transport/smtp/assignment.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace transport::smtp {

using segmentflow::MailOutcome;
using segmentflow::MailPhase;
using segmentflow::MailResult;

bool Tally::add(std::size_t most) {
  const std::lock_guard lock(mutex_);
  if (count_ >= most) return false;
  ++count_;
  return true;
}

void Tally::remove() {
  const std::lock_guard lock(mutex_);
  if (--count_ == 0) none_.notify_all();
}

bool Tally::wait_for_none(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, patience, [this] { return count_ == 0; });
}

Assignment::Assignment(segmentflow::OutgoingMail mail,
                       segmentflow::MailTransport::BeforeDot before_dot,
                       segmentflow::MailTransport::Done done, std::shared_ptr<Tally> tally)
    : mail_(std::move(mail)),
      before_dot_(std::move(before_dot)),
      done_(std::move(done)),
      tally_(std::move(tally)) {}

Assignment::~Assignment() {
  if (!done_) return;
  MailOutcome outcome = deferred({}, "The delivery was broken off by an internal error.");
  outcome.phase = phase;
  if (phase >= MailPhase::DotWritten) outcome.result = MailResult::Unknown;
  finish(std::move(outcome));
}

void Assignment::finish(MailOutcome outcome) {
  const auto done = std::exchange(done_, nullptr);
  try {
    done(std::move(outcome));
  } catch (const std::exception& error) {
    spdlog::error("smtp: recording the outcome of mail {} failed: {}", mail_.message_id,
                  error.what());
  }
  tally_->remove();
}

MailOutcome deferred(std::string peer, std::string detail) {
  MailOutcome outcome;
  outcome.result = MailResult::Deferred;
  outcome.peer = std::move(peer);
  outcome.detail = std::move(detail);
  return outcome;
}

}  // namespace transport::smtp
