#include "tools/email_progress.hpp"

#include <algorithm>

#include "core/delivery/attempts.hpp"
#include "core/delivery/relay_troubles.hpp"

namespace segmentflow {
namespace {

// The engine's enums and the wire's are tied by their names, not by their order.
template <class Wire, class Core>
Wire wire_enum(Core value) {
  return describe::enum_of<Wire>(to_string(value)).value();
}

std::optional<std::string> wire_time(std::optional<Time> time) {
  return time ? std::optional(to_iso8601(*time)) : std::nullopt;
}

void add_answer(wire::EmailDelivery& delivery, MailStage stage, int code,
                const std::string& enhanced, const std::string& message) {
  delivery.stage = wire_enum<wire::DeliveryStage>(stage);
  if (code != 0) delivery.code = code;
  if (!enhanced.empty()) delivery.enhanced_code = enhanced;
  delivery.message = message;
}

// The last attempt; before the first, what the relay refuses to others meanwhile.
std::optional<wire::EmailDelivery> wire_delivery(Transaction& tx, const EmailSend& send) {
  wire::EmailDelivery delivery;
  if (const auto last = read_last_attempt(tx, send)) {
    delivery.attempts = last->attempts;
    delivery.last_attempt_at = to_iso8601(last->at);
    delivery.next_attempt_at = wire_time(last->next_at);
    const MailReply& reply = last->outcome.reply;
    add_answer(delivery, last->outcome.stage, reply.code, reply.enhanced,
               describe_outcome(last->outcome));
    return delivery;
  }
  if (send.approval_id && send.status == SendStatus::Queued) return std::nullopt;
  for (const RelayTrouble& trouble : read_relay_troubles(tx, send.organization_id)) {
    if (trouble.sender_profile_id.value_or(send.sender_profile_id) != send.sender_profile_id) {
      continue;
    }
    add_answer(delivery, trouble.stage, trouble.code, trouble.enhanced, trouble.sentence);
    return delivery;
  }
  return std::nullopt;
}

wire::EmailCopy wire_copy(const Address& address) {
  wire::EmailCopy copy;
  copy.email = address.email;
  copy.status = wire::EmailSendStatus::Sent;
  return copy;
}

// Copies that were never refused have gone out with the primary recipient's mail.
std::vector<wire::EmailCopy> wire_copies(Transaction& tx, const EmailSend& send) {
  std::vector<wire::EmailCopy> copies;
  for (const Address& address : send.cc) copies.push_back(wire_copy(address));
  for (const auto& [ref, verdict] : read_copies(tx, send)) {
    const auto place = static_cast<std::size_t>(ref.place);
    if (ref.list != CopyList::Cc || place >= copies.size()) continue;
    wire::EmailCopy& copy = copies[place];
    copy.status = wire_enum<wire::EmailSendStatus>(verdict.status);
    if (verdict.failure_reason) {
      copy.failure_reason = wire_enum<wire::FailureReason>(*verdict.failure_reason);
    }
    if (verdict.status == SendStatus::Sent) continue;
    if (!verdict.message.empty()) copy.message = verdict.message;
    if (verdict.next_attempt_at != 0) copy.next_attempt_at = to_iso8601(verdict.next_attempt_at);
  }
  return copies;
}

}  // namespace

wire::EmailSend with_progress(Transaction& tx, const EmailSend& send, wire::EmailSend answer) {
  if (!send.is_final()) {
    answer.delivery = wire_delivery(tx, send);
  } else if (send.status == SendStatus::Sent) {
    if (!send.cc.empty()) answer.copies = wire_copies(tx, send);
    if (was_captured(tx, send)) answer.captured = true;
  }
  return answer;
}

}  // namespace segmentflow
