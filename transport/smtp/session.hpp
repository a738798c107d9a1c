// The SMTP dialogue on one connection: opening it, transactions one after the other, QUIT.
// Used on the loop's thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/smtp/answer_watch.hpp"
#include "transport/smtp/assignment.hpp"
#include "transport/smtp/connection.hpp"
#include "transport/smtp/content.hpp"
#include "transport/smtp/dot_gate.hpp"
#include "transport/smtp/refusal.hpp"
#include "transport/smtp/smtp_options.hpp"

namespace transport::smtp {

// What the server announced in its answer to EHLO.
struct Extensions {
  bool pipelining = false;      // RFC 2920
  bool starttls = false;        // RFC 3207
  bool eight_bit_mime = false;  // RFC 6152
  bool smtp_utf8 = false;       // RFC 6531
  bool size = false;            // RFC 1870
  std::uint64_t size_max = 0;   // 0 = no fixed limit
  bool auth_plain = false;      // RFC 4616
  bool auth_login = false;

  // From the body of a reply to EHLO; the first line is the greeting.
  static Extensions read(std::string_view body);
};

// "mail.example.org:25 has said nothing for 12 s, waiting for its greeting."
std::string silence_sentence(const SmtpOptions& options, const AnswerWatch::Silence& silence);

struct OpenFailure {
  segmentflow::MailStage stage;
  segmentflow::MailReply reply;  // code 0 when none decided
  std::string detail;            // a sentence
  bool refuses_us = false;       // as in MailOutcome
};

struct Delivery {
  segmentflow::MailOutcome outcome;
  // The failure may be the used session's and not the mail's: worth a repeat on a fresh one.
  bool stale = false;
};

class Session {
 public:
  // What is passed by reference must outlive the session.
  Session(std::shared_ptr<boost::asio::io_context> loop, const SmtpOptions& options,
          boost::asio::ssl::context& tls, AnswerWatch& watch);
  ~Session();

  // Connects, greets, STARTTLS and AUTH as the options say. nullopt = ready.
  boost::asio::awaitable<std::optional<OpenFailure>> open();
  // One transaction; the session must be usable.
  boost::asio::awaitable<Delivery> deliver(Assignment& job);
  boost::asio::awaitable<void> settle();  // RSET when the last transaction failed
  boost::asio::awaitable<void> quit();

  // Ends what is under way; its result comes at once. `why` follows the name of the peer.
  void abort(std::string_view why);
  bool peer_has_left();  // or said something unasked: for idle sessions
  bool usable() const { return usable_ && connection_.open(); }
  bool spent() const { return spent_; }  // the peer takes no more mails in this session
  bool past_data() const { return gate_ != nullptr; }
  std::size_t transactions() const { return transactions_; }
  bool is_secure() const { return connection_.secure(); }
  const std::string& hello_name() const { return hello_name_; }  // that was said, "" before

 private:
  struct Transaction;
  struct Command {
    std::string line;
    segmentflow::MailStage stage;
    std::chrono::milliseconds timeout;
    Reply reply = {};  // code 0 until it came
  };

  // session_open.cpp
  boost::asio::awaitable<std::optional<Reply>> command(std::string line,
                                                       segmentflow::MailStage stage,
                                                       std::chrono::milliseconds timeout);
  boost::asio::awaitable<std::optional<Reply>> read_reply(segmentflow::MailStage stage,
                                                          std::chrono::milliseconds timeout);
  boost::asio::awaitable<bool> greet();
  boost::asio::awaitable<bool> say_hello();
  boost::asio::awaitable<bool> secure();
  boost::asio::awaitable<bool> handshake();
  boost::asio::awaitable<bool> authenticate();
  boost::asio::awaitable<bool> authenticate_login();
  bool must_verify() const;
  std::optional<std::string> auth_obstacle() const;
  bool fail_open(segmentflow::MailStage stage, std::string detail);
  bool fail_open(const Reply& reply, segmentflow::MailStage stage);
  bool fail_auth(const Reply& reply);
  bool fail_open_network(segmentflow::MailStage stage);

  // session.cpp
  boost::asio::awaitable<bool> envelope(Transaction& transaction);
  boost::asio::awaitable<bool> exchange(Transaction& transaction, std::vector<Command>& commands);
  boost::asio::awaitable<void> abandon_data(bool no_recipient);
  boost::asio::awaitable<void> content(Transaction& transaction);
  boost::asio::awaitable<void> early_answer(Transaction& transaction);
  boost::asio::awaitable<void> dot(Transaction& transaction);
  std::string unfit(Transaction& transaction) const;
  std::string choose_recipients(Transaction& transaction) const;
  std::vector<Command> envelope_commands(const Transaction& transaction) const;

  // session_judge.cpp: what replies mean for the mail
  void end_early(Transaction& transaction, const std::vector<Command>& commands, std::size_t at);
  bool judge_envelope(Transaction& transaction, const std::vector<Command>& commands);
  void note_refused_copies(Transaction& transaction, const std::vector<Command>& commands,
                           std::size_t end) const;
  void refuse_copies(Transaction& transaction);
  bool judge_data(Transaction& transaction, const Command& data);
  void judge_dot(Transaction& transaction, const Reply& reply);
  void refuse(Transaction& transaction, const Reply& reply, segmentflow::MailStage stage);
  void refuse_us(Transaction& transaction, Fault fault) const;
  void break_off(Transaction& transaction, segmentflow::MailStage stage);
  std::string sentence(segmentflow::MailStage stage) const;
  bool logged_in() const { return !options_.user.empty(); }

  std::shared_ptr<boost::asio::io_context> loop_;
  const SmtpOptions& options_;
  boost::asio::ssl::context& tls_;
  AnswerWatch& watch_;
  const std::string peer_;
  Connection connection_;
  Extensions extensions_;
  std::string hello_name_;
  std::optional<OpenFailure> open_failure_;
  std::shared_ptr<DotGate> gate_;  // from 354 to the end of the transaction
  std::size_t transactions_ = 0;
  bool usable_ = false;
  bool spent_ = false;
  bool needs_reset_ = false;
  bool aborted_ = false;
};

}  // namespace transport::smtp
