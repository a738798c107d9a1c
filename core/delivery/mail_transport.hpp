// The way out: what the delivery policy asks of an adapter (SMTP relay, capture).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace segmentflow {

// One message for one SMTP transaction. recipients[0] is the primary recipient; the rest are
// copies.
struct OutgoingMail {
  std::string message_id;  // for logs and capture files, a UUID
  std::string mail_from;   // envelope sender
  std::vector<std::string> recipients;
  std::shared_ptr<const std::string> content;  // CRLF lines, not dot-stuffed
  bool holds_sensitive = false;  // values that are not to be kept once the send is final
  // The primary recipient has its mail; these are copies that are still owed one. None decides for
  // the others: the mail goes to those that are taken, and the result is that of the final dot.
  // When none is taken: Deferred where one of them may be taken later, else Rejected.
  bool copies_only = false;
  // Beyond it the mail does not wait for a peer: it is given up as Deferred, unless its dot was
  // written.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

struct MailReply {
  int code = 0;          // 250, 451, 550 ...; 0 when the peer never answered
  std::string enhanced;  // "5.1.1" (RFC 3463), "" when none was given
  std::string text;      // the peer's words, printable, at most 512 bytes
};

// Where in a session the reply or the failure came that decided.
enum class MailStage {
  Connect,  // looking up the name, TCP
  Tls,      // the handshake, implicit or after STARTTLS
  Greeting,
  Hello,  // EHLO, HELO
  StartTls,
  Auth,
  Mail,
  Rcpt,
  Data,
  Content,  // between 354 and the dot
  Dot,
};

// A peer that says nothing while somebody waits for its answer.
struct PeerSilence {
  std::string peer;
  MailStage stage = MailStage::Greeting;  // of the session that waits longest
  std::chrono::milliseconds lasting{0};   // since the last answer to anybody
  std::string sentence;                   // "mail.example.org:25 has said nothing for 12 s ..."
};

// How far an attempt came; before DotWritten a repeat cannot double anything (RFC 5321 §4.5.3.2.6).
enum class MailPhase { NotStarted, EnvelopeSent, DotWritten, Replied };

enum class MailResult {
  Accepted,  // the peer took responsibility (2xx after the dot)
  Deferred,  // not taken, may be later: 4xx, refused connection, time-out before the dot
  Rejected,  // not taken for good: 5xx, or content the peer cannot take
  Unknown,   // the dot was written and no reply came
};

struct RefusedCopy {
  std::string recipient;
  MailReply reply;
  // May be taken later. False: refused for good.
  bool try_again = false;
  // The relay takes no more recipients in this transaction (452, and 552 said to RCPT; RFC 5321
  // §4.5.3.1.10): to be tried in another one at once.
  bool in_another_transaction = false;
};

struct MailOutcome {
  MailResult result = MailResult::Deferred;
  MailPhase phase = MailPhase::NotStarted;
  MailStage stage = MailStage::Connect;
  // The refusal is about our settings (name in EHLO, login, sender, who may relay) and not about
  // this mail: Deferred, NotStarted, and none will be taken until the settings are mended.
  bool refuses_us = false;
  MailReply reply;     // the reply that decided
  std::string peer;    // "host:port" or "capture"
  std::string detail;  // a sentence when no reply decided: "connection refused"
  // Copies that the peer refused while it took the primary recipient; of copies_only all that it
  // refused. No words of theirs are about the result.
  std::vector<RefusedCopy> refused_copies;
};

class MailTransport {
 public:
  virtual ~MailTransport() = default;

  // Asked once the peer is ready for the content and before the final dot leaves. The adapter must
  // not write the dot until `go(true)` is called (from any thread, exactly once); after `go(false)`
  // it gives the message up with phase EnvelopeSent and result Deferred.
  using BeforeDot = std::function<void(std::function<void(bool)> go)>;
  using Done = std::function<void(MailOutcome)>;

  // Starts a delivery; `done` is called exactly once, from any thread. Thread-safe.
  virtual void send(OutgoingMail mail, BeforeDot before_dot, Done done) = 0;

  // The peer's silence, once it lasts longer than is usual; nullopt otherwise. Thread-safe, cheap.
  virtual std::optional<PeerSilence> silence() const { return std::nullopt; }

  // Lets dialogues past DATA finish and ends all others as Deferred; every `done` has been called
  // when this returns or the time is over. No send may follow.
  virtual void shut_down(std::chrono::milliseconds patience) = 0;
};

}  // namespace segmentflow
