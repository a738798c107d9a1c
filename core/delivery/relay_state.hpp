// What the relay thinks of us: whether deliveries pause because it cannot be reached or refuses the
// session, and which senders it refuses. A refusal that is about our settings says nothing about
// the mail: the mail waits, and is not counted an attempt.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/id.hpp"
#include "core/delivery/outcome.hpp"
#include "core/emails/email_send.hpp"

namespace segmentflow {

// Something that keeps mail waiting.
struct RelayTrouble {
  // The sender whose mail waits; nullopt: all mail.
  std::optional<Uuid> organization_id;
  std::optional<Uuid> sender_profile_id;
  std::string peer;
  MailStage stage = MailStage::Connect;
  int code = 0;          // 0 when the relay said nothing
  std::string enhanced;  // RFC 3463, may be ""
  std::string sentence;
  Time since = 0;

  bool operator==(const RelayTrouble&) const = default;
};

// Senders that are remembered; the refusals of further ones are not, their mail waits all the same.
inline constexpr std::size_t kRefusedSendersMax = 200;

// Thread-safe. Times are those of the caller's clock.
class RelayState {
 public:
  // Waits are `first` long, then twice as long each time, up to `max`; those of a sender up to
  // kSenderPauseMax.
  RelayState(Time first, Time max) : first_(first), max_(max) {}

  static constexpr Time kSenderPauseMax = 30 * kMicrosPerSecond;
  // Mail of a refused sender that is not to try it waits as long as the trouble has lasted, up to
  // this.
  static constexpr Time kHeldMax = 300 * kMicrosPerSecond;
  static constexpr Time kTroubleLasts = 3 * kHeldMax;

  // A delivery did not begin: the outcome, its words clean, is never_started(). Until when the mail
  // waits; nullopt: other mail of its sender is taken, so that this is about the mail alone.
  std::optional<Time> refused(const MailOutcome& outcome, const EmailSend& send, Time now);
  // The relay heard of the mail, and took it or refused it for itself.
  void answered(const EmailSend& send, bool is_taken, Time now);

  // The caller's clock was set back to `now`: no wait is longer for it.
  void follow_clock(Time now);

  // Whether a delivery failed to begin since the last one that did not, so that only a few try.
  bool is_shut() const;
  // While it is shut: when to try again.
  Time shut_until() const;
  // Until when mail of this sender waits; nullopt: it may be tried.
  std::optional<Time> holds(const EmailSend& send, Time now) const;

  // The relay's first, then those of senders; the oldest first. Not those that no refusal has
  // renewed for kTroubleLasts: nothing waits for them any more.
  std::vector<RelayTrouble> troubles(Time now) const;

  struct Refusal {
    MailStage stage;
    int code;
    auto operator<=>(const Refusal&) const = default;
  };
  std::map<Refusal, std::uint64_t> refusals() const;

 private:
  // Trouble that comes and goes; the log hears of its begin, its changes and its end, but not of
  // each turn where the same one comes back at once.
  struct Episode {
    // Whether the log is to be told.
    bool go_on(RelayTrouble trouble, Time now);
    bool end();
    bool lasts(Time now) const { return current && now - renewed_at < kTroubleLasts; }

    std::optional<RelayTrouble> current;
    std::optional<RelayTrouble> told;
    Time told_at = 0;
    Time renewed_at = 0;
    bool is_told = false;
  };
  struct Sender {
    Time pause = 0;
    Time held_until = 0;
    std::optional<Time> taken_at;
    Episode episode;
  };

  Time shut(const MailOutcome& outcome, Time now);
  std::optional<Time> hold(const MailOutcome& outcome, const EmailSend& send, Time now);
  void open(Time now);

  const Time first_;
  const Time max_;
  mutable std::mutex mutex_;
  Time pause_ = 0;  // 0: open
  Time shut_until_ = 0;
  Episode episode_;
  std::map<Uuid, Sender> senders_;
  std::map<Refusal, std::uint64_t> refusals_;
};

}  // namespace segmentflow
