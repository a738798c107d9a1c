// Transactions: envelope, content, final dot.
#include "transport/smtp/session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>

namespace transport::smtp {

namespace asio = boost::asio;
using segmentflow::MailOutcome;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using segmentflow::OutgoingMail;

namespace {

constexpr int kStartMailInput = 354;
constexpr int kClosing = 421;
// "Authentication required": about our settings, not about the mail, so no mail is lost for it.
constexpr int kAuthRequired = 530;

constexpr std::string_view kAtMail = "waiting for its answer to MAIL";
constexpr std::string_view kAtRcpt = "waiting for its answer to RCPT";
constexpr std::string_view kAtData = "waiting for its answer to DATA";
constexpr std::string_view kAtContent = "taking the content";
constexpr std::string_view kAtDot = "waiting for its answer to the final dot";
constexpr std::string_view kDot = ".\r\n";

}  // namespace

struct Session::Transaction {
  Transaction(Assignment& the_job, const std::string& peer) : job(the_job), mail(the_job.mail()) {
    outcome.peer = peer;
  }

  Assignment& job;
  const OutgoingMail& mail;
  ContentFacts facts;
  bool smtp_utf8 = false;
  MailOutcome outcome;
  bool stale = false;
};

asio::awaitable<Delivery> Session::deliver(Assignment& job) {
  Transaction transaction(job, peer_);
  const std::string problem = unfit(transaction);
  if (!problem.empty()) {
    transaction.outcome.result = MailResult::Rejected;
    transaction.outcome.detail = problem;
  } else {
    const bool ready = co_await envelope(transaction);
    if (ready) co_await content(transaction);
    gate_ = nullptr;
    ++transactions_;
    needs_reset_ = transaction.outcome.result != MailResult::Accepted;
  }
  transaction.outcome.phase = job.phase;
  Delivery delivery;
  delivery.outcome = std::move(transaction.outcome);
  delivery.stale = transaction.stale && !aborted_;
  co_return delivery;
}

// What this mail cannot be sent for here, as a sentence; "" when it can.
std::string Session::unfit(Transaction& transaction) const {
  const OutgoingMail& mail = transaction.mail;
  if (mail.recipients.empty()) return "The mail has no recipient.";
  if (!mail.content) return "The mail has no content.";
  const auto bad = std::find_if_not(mail.recipients.begin(), mail.recipients.end(), can_be_path);
  if (bad != mail.recipients.end()) {
    return fmt::format("Recipient {} of the mail has an address that SMTP cannot carry.",
                       bad - mail.recipients.begin() + 1);
  }
  if (!mail.mail_from.empty() && !can_be_path(mail.mail_from)) {
    return "The envelope sender is an address that SMTP cannot carry.";
  }
  transaction.smtp_utf8 = !is_ascii(mail.mail_from) ||
                          !std::all_of(mail.recipients.begin(), mail.recipients.end(), is_ascii);
  if (transaction.smtp_utf8 && !extensions_.smtp_utf8) {
    return fmt::format("{} takes no addresses outside ASCII (no SMTPUTF8).", peer_);
  }
  transaction.facts = inspect_content(*mail.content);
  if (!transaction.facts.problem.empty()) return transaction.facts.problem;
  if (transaction.facts.eight_bit && !extensions_.eight_bit_mime) {
    return fmt::format("The content has bytes outside ASCII and {} offers no 8BITMIME.", peer_);
  }
  if (extensions_.size_max > 0 && mail.content->size() > extensions_.size_max) {
    return fmt::format("The mail has {} bytes and {} takes at most {}.", mail.content->size(),
                       peer_, extensions_.size_max);
  }
  return {};
}

std::vector<Session::Command> Session::envelope_commands(const Transaction& transaction) const {
  const OutgoingMail& mail = transaction.mail;
  std::vector<Command> commands;
  commands.reserve(mail.recipients.size() + 2);
  std::string from = "MAIL FROM:<" + mail.mail_from + '>';
  if (extensions_.size) from += " SIZE=" + std::to_string(mail.content->size());
  if (transaction.facts.eight_bit) from += " BODY=8BITMIME";
  if (transaction.smtp_utf8) from += " SMTPUTF8";
  commands.push_back({std::move(from) + "\r\n", kAtMail, options_.timeouts.mail});
  for (const auto& recipient : mail.recipients) {
    commands.push_back({"RCPT TO:<" + recipient + ">\r\n", kAtRcpt, options_.timeouts.rcpt});
  }
  return commands;
}

// Gives true when the server waits for the content. With a single recipient DATA is in the same
// flight; with copies it waits until the primary recipient was accepted.
asio::awaitable<bool> Session::envelope(Transaction& transaction) {
  std::vector<Command> commands = envelope_commands(transaction);
  const Command data{"DATA\r\n", kAtData, options_.timeouts.data};
  const bool one_flight = extensions_.pipelining && transaction.mail.recipients.size() == 1;
  if (one_flight) commands.push_back(data);
  transaction.job.phase = MailPhase::EnvelopeSent;
  const bool answered = co_await exchange(transaction, commands);
  if (!answered) co_return false;
  const bool accepted = judge_envelope(transaction, commands);
  if (one_flight && !accepted) {
    const bool waits_for_content = commands.back().reply->code == kStartMailInput;
    const bool no_recipient = !commands[1].reply->positive();
    if (waits_for_content) co_await abandon_data(no_recipient);
  }
  if (!accepted) co_return false;
  if (one_flight) co_return judge_data(transaction, commands.back());
  commands.assign(1, data);
  const bool data_answered = co_await exchange(transaction, commands);
  if (!data_answered) co_return false;
  co_return judge_data(transaction, commands.front());
}

// Writes the commands and reads their replies: all at once with PIPELINING, else in turn until MAIL
// or the primary recipient is refused. Gives false when the connection ended.
asio::awaitable<bool> Session::exchange(Transaction& transaction, std::vector<Command>& commands) {
  std::string flight;
  for (const auto& command : commands) flight += command.line;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Command& command = commands[i];
    bool written = true;
    if (!extensions_.pipelining) {
      written = co_await connection_.write(command.line, options_.timeouts.block);
    } else if (i == 0) {
      written = co_await connection_.write(flight, options_.timeouts.block);
    }
    if (written) command.reply = co_await connection_.read_reply(command.timeout);
    const bool closing = command.reply && command.reply->code == kClosing;
    if (!command.reply || closing) {
      transaction.stale = transactions_ > 0 && command.stage == kAtMail;
      if (closing) refuse(transaction, *command.reply, command.stage);
      break_off(transaction, command.stage);
      co_return false;
    }
    const bool decides = i < 2 && !command.reply->positive() && command.stage != kAtData;
    if (decides && !extensions_.pipelining) co_return true;
  }
  co_return true;
}

// Gives true when MAIL and the primary recipient were accepted; keeps the copies that were not.
bool Session::judge_envelope(Transaction& transaction, const std::vector<Command>& commands) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (commands[i].reply->positive()) continue;
    refuse(transaction, *commands[i].reply, commands[i].stage);
    return false;
  }
  const auto& recipients = transaction.mail.recipients;
  for (std::size_t i = 1; i < recipients.size(); ++i) {
    const Reply& reply = *commands[i + 1].reply;
    if (reply.positive()) continue;
    transaction.outcome.refused_copies.push_back({recipients[i], to_mail_reply(reply)});
  }
  return true;
}

bool Session::judge_data(Transaction& transaction, const Command& data) {
  if (data.reply->code == kStartMailInput) return true;
  refuse(transaction, *data.reply, data.stage);
  return false;
}

// The server waits for content that will not come. Without a recipient the lone dot of RFC 2920
// §3.1 ends that; with one it would send an empty mail, so the connection goes.
asio::awaitable<void> Session::abandon_data(bool no_recipient) {
  if (!no_recipient) {
    usable_ = false;
    connection_.close("was left");
    co_return;
  }
  std::optional<Reply> reply;
  const bool written = co_await connection_.write(kDot, options_.timeouts.block);
  if (written) reply = co_await connection_.read_reply(options_.timeouts.dot);
  if (!reply || reply->code == kClosing) usable_ = false;
}

// The content leaves while the caller decides; the dot only after `go(true)`.
asio::awaitable<void> Session::content(Transaction& transaction) {
  gate_ = std::make_shared<DotGate>(loop_);
  try {
    transaction.job.before_dot()(gate_->handle());
  } catch (const std::exception& error) {
    spdlog::error("smtp: asking for the dot of mail {} failed: {}", transaction.mail.message_id,
                  error.what());
    gate_->answer(false);
  }
  std::string stuffed;
  if (transaction.facts.needs_stuffing) stuffed = dot_stuffed(*transaction.mail.content);
  const std::string_view bytes = stuffed.empty() ? *transaction.mail.content : stuffed;
  const bool written = co_await connection_.write(bytes, options_.timeouts.block);
  // Also after a failed write: the caller is told the outcome only after it has given its answer.
  const bool go = co_await gate_->wait(options_.timeouts.before_dot);
  const auto pending = connection_.pending();
  if (pending == Connection::Pending::Bytes) {
    co_await early_answer(transaction);
  } else if (!written || pending == Connection::Pending::Closed) {
    break_off(transaction, kAtContent);
  } else if (!go) {
    transaction.outcome.detail =
        "The mail was withdrawn, or not released in time, before its final dot.";
    break_off(transaction, kAtContent);
  } else {
    co_await dot(transaction);
  }
}

// A server that answers before the dot has given the mail up; nothing was taken.
asio::awaitable<void> Session::early_answer(Transaction& transaction) {
  const auto reply = co_await connection_.read_reply(options_.timeouts.data);
  if (reply && (reply->transient() || reply->permanent())) {
    refuse(transaction, *reply, kAtContent);
  } else if (reply) {
    transaction.outcome.detail = fmt::format("{} answered before the end of the content.", peer_);
  }
  break_off(transaction, kAtContent);
}

// From here to the reply nobody knows whether the server took the mail.
asio::awaitable<void> Session::dot(Transaction& transaction) {
  MailOutcome& outcome = transaction.outcome;
  transaction.job.phase = MailPhase::DotWritten;
  outcome.result = MailResult::Unknown;
  std::optional<Reply> reply;
  const bool written = co_await connection_.write(kDot, options_.timeouts.block);
  if (written) reply = co_await connection_.read_reply(options_.timeouts.dot);
  if (!reply) {
    break_off(transaction, kAtDot);
    co_return;
  }
  outcome.reply = to_mail_reply(*reply);
  const bool judged = reply->positive() || reply->transient() || reply->permanent();
  if (!judged) {
    outcome.detail = fmt::format("{} answered the final dot with {}.", peer_, reply->code);
    break_off(transaction, kAtDot);
    co_return;
  }
  transaction.job.phase = MailPhase::Replied;
  outcome.result = reply->positive()    ? MailResult::Accepted
                   : reply->transient() ? MailResult::Deferred
                                        : MailResult::Rejected;
  if (reply->code == kClosing) break_off(transaction, kAtDot);
}

// The reply decides; one that is no refusal at all is a broken server, and the connection goes.
void Session::refuse(Transaction& transaction, const Reply& reply, std::string_view stage) {
  transaction.outcome.reply = to_mail_reply(reply);
  const bool for_good = reply.permanent() && reply.code != kAuthRequired;
  transaction.outcome.result = for_good ? MailResult::Rejected : MailResult::Deferred;
  if (reply.permanent() || reply.transient()) return;
  transaction.outcome.detail =
      fmt::format("{} gave the unexpected answer {} while {}.", peer_, reply.code, stage);
  break_off(transaction, stage);
}

// Ends the connection, and says why when no reply and nobody else did.
void Session::break_off(Transaction& transaction, std::string_view stage) {
  usable_ = false;
  connection_.close("was left");
  MailOutcome& outcome = transaction.outcome;
  if (outcome.reply.code == 0 && outcome.detail.empty()) outcome.detail = sentence(stage);
}

}  // namespace transport::smtp
