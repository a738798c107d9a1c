// What the replies within a transaction mean for its mail.
#include <fmt/format.h>

#include <algorithm>

#include "transport/smtp/stage.hpp"
#include "transport/smtp/transaction.hpp"

namespace transport::smtp {

using segmentflow::MailOutcome;
using segmentflow::MailPhase;
using segmentflow::MailReply;
using segmentflow::MailResult;
using segmentflow::MailStage;
using segmentflow::RefusedCopy;

namespace {

constexpr int kStartMailInput = 354;
constexpr int kClosing = 421;

// "550 5.7.1"
std::string codes(const MailReply& reply) {
  return reply.enhanced.empty() ? std::to_string(reply.code)
                                : fmt::format("{} {}", reply.code, reply.enhanced);
}

RefusedCopy refused_copy(const std::string& recipient, const Reply& reply, bool others_were_taken,
                         bool logged_in) {
  RefusedCopy copy;
  copy.recipient = recipient;
  copy.reply = to_mail_reply(reply);
  const bool is_full = transaction_is_full(copy.reply);
  copy.in_another_transaction = is_full && others_were_taken;
  copy.try_again = !reply.permanent() || is_full ||
                   fault_of(copy.reply, MailStage::Rcpt, logged_in) != Fault::None;
  return copy;
}

}  // namespace

// The connection ended at commands[at]: by 421, or without a word. A refusal that came before it
// still decides: it is about this mail, and the end may be no more than its consequence.
void Session::end_early(Transaction& transaction, const std::vector<Command>& commands,
                        std::size_t at) {
  const Command& last = commands[at];
  const bool copies_only = transaction.mail.copies_only;
  const auto deciding = commands.begin() +
                        static_cast<std::ptrdiff_t>(std::min<std::size_t>(at, copies_only ? 1 : 2));
  const auto refusal = std::find_if(commands.begin(), deciding,
                                    [](const Command& one) { return !one.reply.positive(); });
  if (copies_only && refusal == deciding) note_refused_copies(transaction, commands, at);
  const bool all_refused = copies_only && transaction.outcome.refused_copies.size() ==
                                              transaction.mail.recipients.size();
  if (refusal != deciding) {
    refuse(transaction, refusal->reply, refusal->stage);
  } else if (all_refused) {
    refuse_copies(transaction);
  } else if (last.reply.code == kClosing) {
    refuse(transaction, last.reply, last.stage);
  } else {
    transaction.stale = transactions_ > 0 && last.stage == MailStage::Mail;
  }
  break_off(transaction, last.stage);
}

// Gives true when the content may follow: MAIL was accepted and the primary recipient, or one of
// the copies where there are only such; keeps the copies that were not.
bool Session::judge_envelope(Transaction& transaction, const std::vector<Command>& commands) {
  const bool copies_only = transaction.mail.copies_only;
  const auto refused = [](const Command& one) { return !one.reply.positive(); };
  const auto deciding = commands.begin() + (copies_only ? 1 : 2);
  const auto refusal = std::find_if(commands.begin(), deciding, refused);
  if (refusal != deciding) {
    refuse(transaction, refusal->reply, refusal->stage);
    return false;
  }
  note_refused_copies(transaction, commands, commands.size());
  const auto& refused_copies = transaction.outcome.refused_copies;
  if (!copies_only || refused_copies.size() < transaction.mail.recipients.size()) return true;
  refuse_copies(transaction);
  return false;
}

// Of the commands before `end`.
void Session::note_refused_copies(Transaction& transaction, const std::vector<Command>& commands,
                                  std::size_t end) const {
  bool taken = false;
  for (std::size_t i = 0; i < transaction.recipients.size() && i + 1 < end; ++i) {
    const Reply& reply = commands[i + 1].reply;
    if (reply.positive()) {
      taken = true;
    } else {
      transaction.outcome.refused_copies.push_back(
          refused_copy(transaction.recipients[i], reply, taken, logged_in()));
    }
  }
}

// None of the copies was taken: the first that may be taken later decides, else the first.
void Session::refuse_copies(Transaction& transaction) {
  MailOutcome& outcome = transaction.outcome;
  const auto& copies = outcome.refused_copies;
  const auto later =
      std::find_if(copies.begin(), copies.end(), [](const auto& copy) { return copy.try_again; });
  outcome.stage = MailStage::Rcpt;
  outcome.result = later != copies.end() ? MailResult::Deferred : MailResult::Rejected;
  outcome.reply = later != copies.end() ? later->reply : copies.front().reply;
  const bool worn =
      transactions_ > 0 && (outcome.reply.code == kClosing || session_is_full(outcome.reply));
  if (worn) transaction.stale = spent_ = true;
  const Fault fault = fault_of(outcome.reply, MailStage::Rcpt, logged_in());
  if (fault != Fault::None) refuse_us(transaction, fault);
}

bool Session::judge_data(Transaction& transaction, const Command& data) {
  if (data.reply.code == kStartMailInput) return true;
  refuse(transaction, data.reply, data.stage);
  return false;
}

void Session::judge_dot(Transaction& transaction, const Reply& reply) {
  MailOutcome& outcome = transaction.outcome;
  outcome.reply = to_mail_reply(reply);
  const bool judged = reply.positive() || reply.transient() || reply.permanent();
  if (!judged) {
    outcome.detail = fmt::format("{} answered the final dot with {}.", peer_, reply.code);
    break_off(transaction, MailStage::Dot);
    return;
  }
  transaction.job.phase = MailPhase::Replied;
  outcome.result = reply.positive()    ? MailResult::Accepted
                   : reply.transient() ? MailResult::Deferred
                                       : MailResult::Rejected;
  if (!reply.positive()) {
    const Fault fault = fault_of(outcome.reply, MailStage::Dot, logged_in());
    if (fault != Fault::None) refuse_us(transaction, fault);
  }
  if (reply.code == kClosing) break_off(transaction, MailStage::Dot);
}

// The reply decides; one that is no refusal at all is a broken server, and the connection goes.
void Session::refuse(Transaction& transaction, const Reply& reply, MailStage stage) {
  MailOutcome& outcome = transaction.outcome;
  outcome.stage = stage;
  outcome.reply = to_mail_reply(reply);
  if (!reply.permanent() && !reply.transient()) {
    outcome.detail = fmt::format("{} gave the unexpected answer {} while {}.", peer_, reply.code,
                                 waiting_at(stage));
    break_off(transaction, stage);
    return;
  }
  const bool is_full = stage == MailStage::Rcpt && transaction_is_full(outcome.reply);
  const bool for_good = reply.permanent() && !is_full;
  outcome.result = for_good ? MailResult::Rejected : MailResult::Deferred;
  const Fault fault = fault_of(outcome.reply, stage, logged_in());
  if (fault != Fault::None) refuse_us(transaction, fault);
  // Nobody has been asked for the dot yet, so the mail can begin anew.
  const bool may_begin_anew = transactions_ > 0 && stage < MailStage::Content;
  const bool worn =
      stage == MailStage::Mail || reply.code == kClosing || session_is_full(outcome.reply);
  if (may_begin_anew && worn) transaction.stale = spent_ = true;
}

// Whatever was marked, nothing was taken, and nothing will be until the settings are mended.
void Session::refuse_us(Transaction& transaction, Fault fault) const {
  MailOutcome& outcome = transaction.outcome;
  outcome.refuses_us = true;
  outcome.result = MailResult::Deferred;
  transaction.job.phase = MailPhase::NotStarted;
  outcome.detail = fmt::format("{} refused us with {} while {}: {}.", peer_, codes(outcome.reply),
                               answering_at(outcome.stage), advice(fault));
}

// Ends the connection, and says why when no reply and nobody else did.
void Session::break_off(Transaction& transaction, MailStage stage) {
  usable_ = false;
  connection_.close("was left");
  MailOutcome& outcome = transaction.outcome;
  if (outcome.reply.code != 0) return;
  outcome.stage = stage;
  if (outcome.detail.empty()) outcome.detail = sentence(stage);
}

}  // namespace transport::smtp
