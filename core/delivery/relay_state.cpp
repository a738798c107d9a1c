#include "core/delivery/relay_state.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace segmentflow {
namespace {

// A sender whose mail was taken so recently is not refused as such: the one mail waits alone.
constexpr Time kTakenRecently = 60 * kMicrosPerSecond;
// The same trouble of a sender is told again after this time at the earliest.
constexpr Time kTellAgainAfter = 60 * kMicrosPerSecond;

// Different codes are few in practice; a relay that makes them up fills no memory.
constexpr std::size_t kRefusalsMax = 200;

RelayTrouble trouble_of(const MailOutcome& outcome) {
  RelayTrouble trouble;
  trouble.peer = outcome.peer;
  trouble.stage = outcome.stage;
  trouble.code = outcome.reply.code;
  trouble.enhanced = outcome.reply.enhanced;
  trouble.sentence = describe_outcome(outcome);
  return trouble;
}

bool is_the_same(const RelayTrouble& a, const RelayTrouble& b) {
  return a.stage == b.stage && a.code == b.code && a.enhanced == b.enhanced && a.peer == b.peer;
}

Time seconds(Time micros) {
  return (micros + kMicrosPerSecond / 2) / kMicrosPerSecond;
}

}  // namespace

std::optional<Time> RelayState::refused(const MailOutcome& outcome, const EmailSend& send,
                                        Time now) {
  const std::lock_guard lock(mutex_);
  const Refusal refusal{outcome.stage, outcome.reply.code};
  if (refusals_.size() < kRefusalsMax || refusals_.contains(refusal)) ++refusals_[refusal];
  const bool in_session = outcome.refuses_us && outcome.stage >= MailStage::Mail;
  if (!in_session) return shut(outcome, now);
  open(now);
  return hold(outcome, send, now);
}

bool RelayState::Episode::go_on(RelayTrouble trouble, Time now) {
  trouble.since = lasts(now) ? current->since : now;
  renewed_at = now;
  current = std::move(trouble);
  const bool is_known =
      told && is_the_same(*told, *current) && (is_told || now - told_at < kTellAgainAfter);
  if (is_known) return false;
  told = current;
  told_at = now;
  is_told = true;
  return true;
}

bool RelayState::Episode::end() {
  current.reset();
  return std::exchange(is_told, false);
}

Time RelayState::shut(const MailOutcome& outcome, Time now) {
  if (pause_ > 0 && now < shut_until_) return shut_until_;  // of the same failure
  pause_ = std::clamp(2 * pause_, first_, max_);
  shut_until_ = now + pause_;
  if (episode_.go_on(trouble_of(outcome), now)) {
    spdlog::warn("relay: {}; all mail waits, trying again in {} s", episode_.current->sentence,
                 seconds(pause_));
  }
  return shut_until_;
}

std::optional<Time> RelayState::hold(const MailOutcome& outcome, const EmailSend& send, Time now) {
  const Uuid& id = send.sender_profile_id;
  if (senders_.size() >= kRefusedSendersMax && !senders_.contains(id)) {
    std::erase_if(senders_, [&](const auto& each) { return !each.second.episode.lasts(now); });
    if (senders_.size() >= kRefusedSendersMax) return now + kSenderPauseMax;
  }
  Sender& sender = senders_[id];
  if (sender.taken_at && now - *sender.taken_at < kTakenRecently) return std::nullopt;
  RelayTrouble trouble = trouble_of(outcome);
  trouble.organization_id = send.organization_id;
  trouble.sender_profile_id = id;
  if (sender.episode.go_on(std::move(trouble), now)) {
    spdlog::warn("relay: {}; the mail of sender profile {} waits", sender.episode.current->sentence,
                 id.to_string());
  }
  if (now < sender.held_until) return sender.held_until;
  sender.pause = std::clamp(2 * sender.pause, std::min(first_, kSenderPauseMax), kSenderPauseMax);
  sender.held_until = now + sender.pause;
  return sender.held_until;
}

void RelayState::answered(const EmailSend& send, bool is_taken, Time now) {
  const std::lock_guard lock(mutex_);
  open(now);
  const auto found = senders_.find(send.sender_profile_id);
  if (!is_taken || found == senders_.end()) return;
  Sender& sender = found->second;
  const auto trouble = sender.episode.current;
  if (sender.episode.end()) {
    spdlog::warn("relay: {} takes the mail of sender profile {} again after {} s", trouble->peer,
                 send.sender_profile_id.to_string(), seconds(now - trouble->since));
  }
  sender.pause = 0;
  sender.held_until = 0;
  sender.taken_at = now;
}

void RelayState::open(Time now) {
  pause_ = 0;
  shut_until_ = 0;
  const auto trouble = episode_.current;
  if (episode_.end()) {
    spdlog::warn("relay: {} lets us deliver again after {} s", trouble->peer,
                 seconds(now - trouble->since));
  }
}

void RelayState::follow_clock(Time now) {
  const std::lock_guard lock(mutex_);
  shut_until_ = std::min(shut_until_, now + pause_);
  for (auto& [id, sender] : senders_) {
    sender.held_until = std::min(sender.held_until, now + sender.pause);
    sender.taken_at.reset();
  }
}

bool RelayState::is_shut() const {
  const std::lock_guard lock(mutex_);
  return pause_ > 0;
}

Time RelayState::shut_until() const {
  const std::lock_guard lock(mutex_);
  return shut_until_;
}

std::optional<Time> RelayState::holds(const EmailSend& send, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = senders_.find(send.sender_profile_id);
  if (found == senders_.end() || now >= found->second.held_until) return std::nullopt;
  const Sender& sender = found->second;
  const Time lasted = sender.episode.current ? now - sender.episode.current->since : 0;
  return std::max(sender.held_until, now + std::clamp<Time>(lasted, 0, kHeldMax));
}

std::vector<RelayTrouble> RelayState::troubles(Time now) const {
  const std::lock_guard lock(mutex_);
  std::vector<RelayTrouble> all;
  for (const auto& [id, sender] : senders_) {
    if (sender.episode.lasts(now)) all.push_back(*sender.episode.current);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.since < b.since; });
  if (episode_.lasts(now)) all.insert(all.begin(), *episode_.current);
  return all;
}

std::map<RelayState::Refusal, std::uint64_t> RelayState::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

}  // namespace segmentflow
