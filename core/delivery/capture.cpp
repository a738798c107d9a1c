#include "core/delivery/capture.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <unordered_set>
#include <utility>

#include "core/base/id.hpp"
#include "core/delivery/capture_folder.hpp"

namespace segmentflow {
namespace {

constexpr int kAcceptedCode = 250;
constexpr std::string_view kSensitiveNote =
    "This message holds values of sensitiveTransactionalVariablePaths. The engine does not keep "
    "them after delivery; captured messages are exempt.";

MailOutcome unwritten(MailResult result, MailPhase phase, std::string detail) {
  MailOutcome outcome;
  outcome.result = result;
  outcome.phase = phase;
  outcome.peer = "capture";
  outcome.detail = std::move(detail);
  return outcome;
}

MailOutcome deferred(std::string detail) {
  return unwritten(MailResult::Deferred, MailPhase::EnvelopeSent, std::move(detail));
}

MailOutcome accepted() {
  MailOutcome outcome;
  outcome.result = MailResult::Accepted;
  outcome.phase = MailPhase::Replied;
  outcome.stage = MailStage::Dot;
  outcome.reply = {kAcceptedCode, "2.0.0", "captured"};
  outcome.peer = "capture";
  return outcome;
}

// The value of the field Message-ID, which is not the id of the message: its left part is the id of
// the email. "" when there is none.
std::string message_id_field(std::string_view content) {
  constexpr std::string_view kField = "\r\nMessage-ID: ";
  const std::string_view header = content.substr(0, content.find("\r\n\r\n"));
  const std::size_t at = header.find(kField);
  if (at == header.npos) return {};
  const std::string_view value = header.substr(at + kField.size());
  return std::string(value.substr(0, value.find("\r\n")));
}

std::string envelope_json(const OutgoingMail& mail, const std::string& id, Time now) {
  nlohmann::ordered_json envelope = {{"messageId", id},
                                     {"mailFrom", mail.mail_from},
                                     {"recipients", mail.recipients},
                                     {"capturedAt", to_iso8601(now)}};
  if (const std::string field = message_id_field(*mail.content); !field.empty()) {
    envelope["messageIdField"] = field;
  }
  if (mail.holds_sensitive) envelope["note"] = kSensitiveNote;
  constexpr int kIndent = 2;
  return envelope.dump(kIndent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

struct Dialogue {
  OutgoingMail mail;
  MailTransport::Done done;
  std::string file_stem;  // the message id in its one spelling
};
using DialoguePtr = std::shared_ptr<Dialogue>;

}  // namespace

// Each dialogue is in exactly one of: asked_ (before_dot has not answered), waiting_, the batch
// being written. Who takes it out under the mutex calls its `done`, after the mutex is released.
class CaptureTransport::Queue {
 public:
  Queue(std::filesystem::path folder, const Clock& clock)
      : folder_(std::move(folder)), clock_(clock), writer_([this] { run(); }) {}

  // False when the transport is shut down.
  bool ask(const DialoguePtr& dialogue) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    asked_.insert(dialogue);
    return true;
  }

  void answer(const DialoguePtr& dialogue, bool go) {
    std::string refusal;
    {
      const std::lock_guard lock(mutex_);
      if (asked_.erase(dialogue) == 0) return;  // shut_down has ended it
      if (!go) {
        refusal = "The delivery was called off before the content was written.";
      } else if (waiting_.size() >= kCaptureWaitingMax) {
        refusal =
            "Too many messages wait for the capture folder; the message is tried again later.";
      } else {
        waiting_.push_back(dialogue);
      }
    }
    if (refusal.empty()) {
      wake_.notify_one();
    } else {
      dialogue->done(deferred(std::move(refusal)));
    }
  }

  void close(std::chrono::milliseconds patience) {
    std::unordered_set<DialoguePtr> unanswered;
    std::deque<DialoguePtr> unwritten_mail;
    {
      std::unique_lock lock(mutex_);
      closed_ = true;
      unanswered.swap(asked_);
    }
    end_all(unanswered);
    {
      std::unique_lock lock(mutex_);
      idle_.wait_for(lock, patience, [this] { return waiting_.empty() && !writing_; });
      unwritten_mail.swap(waiting_);
    }
    wake_.notify_one();
    end_all(unwritten_mail);
  }

  void join() { writer_.join(); }

 private:
  template <class Dialogues>
  static void end_all(const Dialogues& dialogues) {
    for (const auto& dialogue : dialogues) {
      dialogue->done(deferred("The process is shutting down; the message is tried again later."));
    }
  }

  void run() {
    while (true) {
      const auto batch = next_batch();
      if (batch.empty()) return;
      write(batch);
      const std::lock_guard lock(mutex_);
      writing_ = false;
      idle_.notify_all();
    }
  }

  // Empty when the transport is closed and nothing waits.
  std::vector<DialoguePtr> next_batch() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    std::vector<DialoguePtr> batch;
    while (!waiting_.empty() && batch.size() < kCaptureBatchMax) {
      batch.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    writing_ = !batch.empty();
    return batch;
  }

  void write(const std::vector<DialoguePtr>& batch) {
    const CaptureFolder folder(folder_);
    std::vector<std::optional<std::string>> errors;
    errors.reserve(batch.size());
    for (const auto& dialogue : batch) {
      errors.push_back(folder.error() ? folder.error() : write_one(folder, *dialogue));
    }
    const auto sync_error = folder.error() ? folder.error() : folder.sync();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& error = errors[i] ? errors[i] : sync_error;
      batch[i]->done(error ? deferred(*error) : accepted());
    }
  }

  // The envelope first, so that a folder never shows a message without one.
  std::optional<std::string> write_one(const CaptureFolder& folder, const Dialogue& dialogue) {
    const std::string envelope = envelope_json(dialogue.mail, dialogue.file_stem, clock_.now());
    if (auto error = folder.write(dialogue.file_stem + ".envelope.json", envelope)) return error;
    return folder.write(dialogue.file_stem + ".eml", *dialogue.mail.content);
  }

  const std::filesystem::path folder_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;  // something waits, or closed
  std::condition_variable idle_;  // a batch is done
  std::unordered_set<DialoguePtr> asked_;
  std::deque<DialoguePtr> waiting_;
  bool writing_ = false;
  bool closed_ = false;
  std::thread writer_;  // last: it uses all of the above
};

CaptureTransport::CaptureTransport(std::filesystem::path folder, const Clock& clock)
    : queue_(std::make_shared<Queue>(std::move(folder), clock)) {}

CaptureTransport::~CaptureTransport() {
  queue_->close(std::chrono::milliseconds(0));
  queue_->join();
}

void CaptureTransport::send(OutgoingMail mail, BeforeDot before_dot, Done done) {
  const auto id = Uuid::parse(mail.message_id);
  if (!id || !mail.content) {
    done(unwritten(MailResult::Rejected, MailPhase::NotStarted,
                   id ? "The message has no content."
                      : "The message id is not a UUID, so that no capture file can be named."));
    return;
  }
  auto dialogue =
      std::make_shared<Dialogue>(Dialogue{std::move(mail), std::move(done), id->to_string()});
  if (!queue_->ask(dialogue)) {
    dialogue->done(unwritten(MailResult::Deferred, MailPhase::NotStarted,
                             "The capture transport is shut down."));
    return;
  }
  before_dot([queue = queue_, dialogue](bool go) { queue->answer(dialogue, go); });
}

void CaptureTransport::shut_down(std::chrono::milliseconds patience) {
  queue_->close(patience);
}

}  // namespace segmentflow
