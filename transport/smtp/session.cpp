// Transactions: envelope, content, final dot.
#include "transport/smtp/session.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>

#include "transport/smtp/transaction.hpp"

namespace transport::smtp {

namespace asio = boost::asio;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using segmentflow::MailStage;
using segmentflow::OutgoingMail;
using segmentflow::RefusedCopy;

namespace {

constexpr int kStartMailInput = 354;
constexpr int kClosing = 421;
constexpr std::string_view kDot = ".\r\n";

}  // namespace

asio::awaitable<Delivery> Session::deliver(Assignment& job) {
  Transaction transaction(job, peer_);
  connection_.limit(job.mail().deadline);
  const std::string problem = unfit(transaction);
  if (!problem.empty()) {
    transaction.outcome.result = MailResult::Rejected;
    transaction.outcome.stage = MailStage::Mail;
    transaction.outcome.detail = problem;
  } else {
    const bool ready = co_await envelope(transaction);
    if (ready) {
      co_await content(transaction);
    }
    gate_ = nullptr;
    ++transactions_;
    needs_reset_ = transaction.outcome.result != MailResult::Accepted;
  }
  connection_.limit(std::chrono::steady_clock::time_point::max());
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
  if (!mail.mail_from.empty() && !can_be_path(mail.mail_from)) {
    return "The envelope sender is an address that SMTP cannot carry.";
  }
  if (!is_ascii(mail.mail_from) && !extensions_.smtp_utf8) {
    return fmt::format("{} takes no sender outside ASCII (no SMTPUTF8).", peer_);
  }
  const std::string problem = choose_recipients(transaction);
  if (!problem.empty()) return problem;
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

// The recipients that this peer can be told. A copy that is none of them is refused and does not
// keep the mail from the others; the primary recipient does.
std::string Session::choose_recipients(Transaction& transaction) const {
  const OutgoingMail& mail = transaction.mail;
  transaction.smtp_utf8 = !is_ascii(mail.mail_from);
  std::string problem;
  for (std::size_t i = 0; i < mail.recipients.size(); ++i) {
    const std::string& recipient = mail.recipients[i];
    std::string obstacle;
    if (!can_be_path(recipient)) {
      obstacle =
          fmt::format("Recipient {} of the mail has an address that SMTP cannot carry.", i + 1);
    } else if (!is_ascii(recipient) && !extensions_.smtp_utf8) {
      obstacle = fmt::format("{} takes no addresses outside ASCII (no SMTPUTF8).", peer_);
    }
    if (obstacle.empty()) {
      transaction.recipients.push_back(recipient);
      transaction.smtp_utf8 = transaction.smtp_utf8 || !is_ascii(recipient);
      continue;
    }
    if (problem.empty()) problem = obstacle;
    if (i == 0 && !mail.copies_only) return problem;
    RefusedCopy copy;
    copy.recipient = recipient;
    copy.reply.enhanced = is_ascii(recipient) ? "5.1.3" : "5.6.7";  // RFC 3463, RFC 6531 §3.7.4
    copy.reply.text = std::move(obstacle);
    transaction.outcome.refused_copies.push_back(std::move(copy));
  }
  return transaction.recipients.empty() ? problem : std::string();
}

std::vector<Session::Command> Session::envelope_commands(const Transaction& transaction) const {
  const OutgoingMail& mail = transaction.mail;
  std::vector<Command> commands;
  commands.reserve(transaction.recipients.size() + 2);
  std::string from = "MAIL FROM:<" + mail.mail_from + '>';
  if (extensions_.size) from += " SIZE=" + std::to_string(mail.content->size());
  if (transaction.facts.eight_bit) from += " BODY=8BITMIME";
  if (transaction.smtp_utf8) from += " SMTPUTF8";
  commands.push_back({std::move(from) + "\r\n", MailStage::Mail, options_.timeouts.mail});
  for (const auto& recipient : transaction.recipients) {
    commands.push_back(
        {"RCPT TO:<" + recipient + ">\r\n", MailStage::Rcpt, options_.timeouts.rcpt});
  }
  return commands;
}

// Gives true when the server waits for the content. With a single recipient DATA is in the same
// flight; with copies it waits until it is known who was accepted.
asio::awaitable<bool> Session::envelope(Transaction& transaction) {
  std::vector<Command> commands = envelope_commands(transaction);
  const Command data{"DATA\r\n", MailStage::Data, options_.timeouts.data};
  const bool one_flight = extensions_.pipelining && transaction.recipients.size() == 1;
  if (one_flight) commands.push_back(data);
  transaction.job.phase = MailPhase::EnvelopeSent;
  const bool answered = co_await exchange(transaction, commands);
  if (!answered) co_return false;
  const bool accepted = judge_envelope(transaction, commands);
  if (one_flight && !accepted) {
    const bool waits_for_content = commands.back().reply.code == kStartMailInput;
    const bool no_recipient = !commands[1].reply.positive();
    if (waits_for_content) {
      co_await abandon_data(no_recipient);
    }
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
    std::optional<Reply> reply;
    if (written) {
      reply = co_await read_reply(command.stage, command.timeout);
    }
    if (reply) command.reply = std::move(*reply);
    if (command.reply.code == 0 || command.reply.code == kClosing) {
      end_early(transaction, commands, i);
      co_return false;
    }
    const bool decides = command.stage == MailStage::Mail ||
                         (command.stage == MailStage::Rcpt && i == 1 &&
                          (transaction.recipients.size() == 1 || !transaction.mail.copies_only));
    if (decides && !command.reply.positive() && !extensions_.pipelining) co_return true;
  }
  co_return true;
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
  if (written) {
    reply = co_await read_reply(MailStage::Data, options_.timeouts.dot);
  }
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
    break_off(transaction, MailStage::Content);
  } else if (!go) {
    transaction.outcome.detail =
        "The mail was withdrawn, or not released in time, before its final dot.";
    break_off(transaction, MailStage::Content);
  } else {
    co_await dot(transaction);
  }
}

// A server that answers before the dot has given the mail up; nothing was taken.
asio::awaitable<void> Session::early_answer(Transaction& transaction) {
  const auto reply = co_await read_reply(MailStage::Content, options_.timeouts.data);
  if (reply && (reply->transient() || reply->permanent())) {
    refuse(transaction, *reply, MailStage::Content);
  } else if (reply) {
    transaction.outcome.detail = fmt::format("{} answered before the end of the content.", peer_);
  }
  break_off(transaction, MailStage::Content);
}

// From here to the reply nobody knows whether the server took the mail.
asio::awaitable<void> Session::dot(Transaction& transaction) {
  connection_.limit(std::chrono::steady_clock::time_point::max());  // the answer is worth the wait
  transaction.job.phase = MailPhase::DotWritten;
  transaction.outcome.stage = MailStage::Dot;
  transaction.outcome.result = MailResult::Unknown;
  std::optional<Reply> reply;
  const bool written = co_await connection_.write(kDot, options_.timeouts.block);
  if (written) {
    reply = co_await read_reply(MailStage::Dot, options_.timeouts.dot);
  }
  if (reply) {
    judge_dot(transaction, *reply);
  } else {
    break_off(transaction, MailStage::Dot);
  }
}

}  // namespace transport::smtp
