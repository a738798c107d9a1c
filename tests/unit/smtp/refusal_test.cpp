// Refusals of real servers, and what they are about.
#include <catch2/catch.hpp>
#include <map>

#include "tests/unit/smtp/fake_server.hpp"
#include "transport/smtp/refusal.hpp"
#include "transport/smtp/reply.hpp"

using namespace smtp_test;
using segmentflow::MailPhase;
using segmentflow::MailResult;
using segmentflow::MailStage;
using transport::smtp::Fault;
using transport::smtp::fault_of;
using transport::smtp::parse_reply;
using transport::smtp::to_mail_reply;

namespace {

constexpr const char* kNames[] = {"None",   "HelloName", "Login",  "Tls",
                                  "Sender", "Relaying",  "Client", "Account"};

struct Said {
  MailStage stage;
  bool logged_in;
  Fault fault;
  std::string reply;
};

void check(const Said& said) {
  INFO(said.reply);
  const auto parsed = parse_reply(said.reply + "\r\n");
  REQUIRE(parsed.status == transport::smtp::ParsedReply::Status::Complete);
  const Fault fault = fault_of(to_mail_reply(parsed.reply), said.stage, said.logged_in);
  CHECK(kNames[static_cast<int>(fault)] == std::string(kNames[static_cast<int>(said.fault)]));
}

constexpr MailStage kMail = MailStage::Mail;
constexpr MailStage kRcpt = MailStage::Rcpt;
constexpr MailStage kDot = MailStage::Dot;

}  // namespace

namespace {

const Said kAboutUs[] = {
    // Postfix
    {kRcpt, true, Fault::HelloName,
     "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"},
    {kRcpt, true, Fault::HelloName,
     "450 4.7.1 <vm.example>: Helo command rejected: Host not found"},
    {kMail, true, Fault::HelloName, "504 <vm>: Helo command rejected"},
    {kRcpt, true, Fault::Sender,
     "553 5.7.1 <a@example.com>: Sender address rejected: not owned by user relay"},
    {kRcpt, true, Fault::Sender,
     "553 5.7.1 <a@example.com>: Sender address rejected: not logged in"},
    {kRcpt, true, Fault::Sender,
     "550 5.1.0 <a@example.com>: Sender address rejected: User unknown in virtual mailbox table"},
    {kRcpt, true, Fault::Sender,
     "450 4.1.8 <a@nosuch.example>: Sender address rejected: Domain not found"},
    {kRcpt, true, Fault::Client,
     "554 5.7.1 <unknown[192.0.2.7]>: Client host rejected: Access denied"},
    {kRcpt, true, Fault::Client,
     "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.7]"},
    {kRcpt, true, Fault::Client,
     "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"},
    {kRcpt, true, Fault::Relaying, "554 5.7.1 <sam@example.org>: Relay access denied"},
    {kRcpt, true, Fault::Relaying, "454 4.7.1 <sam@example.org>: Relay access denied"},
    {kRcpt, false, Fault::Login,
     "554 5.7.1 <sam@example.org>: Recipient address rejected: Access denied"},
    {kMail, false, Fault::Tls, "530 5.7.0 Must issue a STARTTLS command first"},
    // Exim
    {kRcpt, true, Fault::Relaying, "550 relay not permitted"},
    {kRcpt, true, Fault::Login, "550 authentication required"},
    {kRcpt, false, Fault::Login, "550 Administrative prohibition"},
    {kRcpt, true, Fault::Sender,
     "550-Verification failed for <a@example.com>\r\n550-No Such User Here\r\n"
     "550 Sender verify failed"},
    {kRcpt, true, Fault::HelloName, "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)"},
    {kRcpt, true, Fault::Login,
     "550-Please turn on SMTP Authentication in your mail client.\r\n"
     "550-vm.example [192.0.2.7]:5123 is not permitted to relay through this\r\n"
     "550 server without authentication."},
    // OpenSMTPD, Haraka, sendmail, qmail, Courier, MailEnable, hMailServer
    {kMail, false, Fault::Login, "530 5.5.1 Invalid command: Must issue an AUTH command first"},
    {kRcpt, false, Fault::Relaying, "550 I cannot deliver mail for <sam@example.org>"},
    {kRcpt, true, Fault::Relaying, "550 5.7.1 <sam@example.org>... Relaying denied"},
    {kRcpt, true, Fault::Login, "550 5.7.1 <sam@example.org>... Proper authentication required."},
    {kMail, true, Fault::Sender,
     "553 5.1.8 <a@nosuch.example>... Domain of sender address a@nosuch.example does not exist"},
    {kRcpt, true, Fault::Relaying,
     "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"},
    {kRcpt, true, Fault::Relaying, "513 Relaying denied."},
    {kRcpt, false, Fault::Login,
     "503 This mail server requires authentication when attempting to send to a non-local e-mail "
     "address."},
    {kRcpt, false, Fault::Login, "530 SMTP authentication is required."},
    // Exchange and Exchange Online
    {kRcpt, false, Fault::Relaying, "550 5.7.1 Unable to relay"},
    {kRcpt, false, Fault::Relaying,
     "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"},
    {kMail, false, Fault::Login,
     "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM"},
    {kDot, true, Fault::Sender,
     "550 5.7.60 SMTP; Client does not have permissions to send as this sender"},
    {kDot, true, Fault::Sender, "554 5.2.252 SendAsDenied; a@example.com not allowed to send as b"},
    {kRcpt, false, Fault::Relaying, "550 5.7.64 TenantAttribution; Relay Access Denied"},
    {kRcpt, true, Fault::Account, "550 5.2.2 Submission quota exceeded"},
    {kRcpt, false, Fault::Client,
     "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP."},
    // Gmail
    {kMail, false, Fault::Login,
     "530-5.7.0 Authentication Required. For more information, go to\r\n"
     "530 5.7.0 https://support.google.com/mail/?p=WantAuthError"},
    {kRcpt, false, Fault::Client,
     "550-5.7.1 Invalid credentials for relay [192.0.2.7]. The IP address you've\r\n"
     "550 5.7.1 registered in your Workspace SMTP Relay service doesn't match"},
    {kMail, true, Fault::Account, "550 5.4.5 Daily user sending limit exceeded."},
    {kDot, false, Fault::Sender,
     "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n"
     "550 5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM."},
    // Amazon SES, SendGrid, Postmark, Mailgun, and providers of mailboxes
    {kDot, true, Fault::Sender,
     "554 Message rejected: Email address is not verified. The following identities failed the "
     "check in region EU-WEST-1: a@example.com"},
    {kDot, true, Fault::Account,
     "554 Access denied: User `arn:aws:iam::1:user/u' is not authorized to perform "
     "`ses:SendRawEmail'"},
    {kDot, true, Fault::Account, "554 Message rejected: Sending paused for this account."},
    {kDot, true, Fault::Sender,
     "550 The from address does not match a verified Sender Identity. Mail cannot be sent until "
     "this error is resolved."},
    {kMail, false, Fault::Sender, "550 Unauthenticated senders not allowed"},
    {kDot, true, Fault::Sender,
     "550 5.7.1 The 'From' address you supplied is not a Sender Signature on your account."},
    {kDot, true, Fault::Sender,
     "550 5.7.1 Domain mg.example.com is not allowed to send: the account is new"},
    {kRcpt, false, Fault::Relaying, "550 5.7.1 Relaying denied"},
    {kRcpt, true, Fault::Sender, "553 5.7.1 Sender address rejected: not owned by auth user."},
    {kDot, true, Fault::Sender, "551 5.7.1 Not authorised to send from this header address"},
    {kRcpt, true, Fault::Sender,
     "550-Requested action not taken: mailbox unavailable\r\n550 Sender address is not allowed."},
    {kRcpt, true, Fault::Relaying, "553 Relaying disallowed as a@example.com"},
    {kRcpt, true, Fault::Sender, "550 5.1.0 <a@example.com> sender rejected. See our pages."},
    {kDot, false, Fault::Sender,
     "554 5.7.1 Your message was rejected due to example.com's DMARC policy."},
    {kRcpt, false, Fault::Client,
     "550 5.7.1 Connections not accepted. Fix reverse DNS for 192.0.2.7"},
    // Nothing but EHLO, login and MAIL was said.
    {kMail, true, Fault::Sender, "550 5.7.0 no"},
    {kMail, true, Fault::Sender, "554 5.0.0 Service unavailable"},
};

}  // namespace

TEST_CASE("refusals of real servers that are about our settings") {
  for (const Said& said : kAboutUs) check(said);
}

TEST_CASE("refusals of real servers that are about one recipient or one mail") {
  const Said all[] = {
      {kRcpt, false, Fault::None, "550 user unknown"},
      {kRcpt, false, Fault::None,
       "550 5.1.1 <sam@example.org>: Recipient address rejected: User unknown in local recipient "
       "table"},
      {kRcpt, true, Fault::None,
       "554 5.7.1 <sam@example.org>: Recipient address rejected: Access denied"},
      {kRcpt, false, Fault::None,
       "504 5.5.2 <sam>: Recipient address rejected: need fully-qualified address"},
      {kRcpt, false, Fault::None,
       "450 4.2.0 <sam@example.org>: Recipient address rejected: Greylisted"},
      {kRcpt, false, Fault::None,
       "450 4.7.1 <192.0.2.7>: Client host rejected: Greylisted, see help"},
      {kRcpt, false, Fault::None,
       "550 5.1.2 <sam@nosuch.example>: Recipient address rejected: Domain not found"},
      {kRcpt, false, Fault::None, "550 Unrouteable address"},
      {kRcpt, false, Fault::None, "550 No Such User Here"},
      {kRcpt, false, Fault::None, "550 Invalid recipient: <relay access denied@example.org>"},
      {kRcpt, false, Fault::None, "550 5.1.1 <not owned by@example.org>... User unknown"},
      {kRcpt, false, Fault::None, "553 5.3.0 <sam@example.org>... No such user"},
      {kRcpt, false, Fault::None,
       "550 5.4.1 Recipient address rejected: Access denied. [AM1.example]"},
      {kRcpt, false, Fault::None,
       "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; "
       "authentication required"},
      {kRcpt, false, Fault::None,
       "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n"
       "550 5.1.1 double-checking the recipient's email address"},
      {kRcpt, false, Fault::None,
       "550 5.2.1 The email account that you tried to reach is disabled."},
      {kRcpt, false, Fault::None, "552 5.2.2 The recipient's inbox is out of storage space."},
      {kRcpt, false, Fault::None, "452 4.2.2 Mailbox full"},
      {kRcpt, false, Fault::None, "550 5.7.1 Message refused by policy"},
      {kDot, false, Fault::None,
       "550-5.7.1 Our system has detected that this message is likely unsolicited mail.\r\n"
       "550 5.7.1 To reduce the amount of spam, this message has been blocked."},
      {kDot, false, Fault::None, "554 5.7.1 Access denied"},
      {kDot, false, Fault::None, "550 5.6.0 Message refused: bad header"},
      {kMail, false, Fault::None, "552 5.3.4 Message size exceeds fixed limit"},
      {kMail, false, Fault::None, "452 4.3.1 Insufficient system storage"},
      {kMail, false, Fault::None, "451 4.7.1 later"},
      {kMail, false, Fault::None, "550 5.6.7 SMTPUTF8 needed"},
  };
  for (const Said& said : all) check(said);
}

TEST_CASE("what a session or a transaction has no more room for") {
  using transport::smtp::session_is_full;
  using transport::smtp::transaction_is_full;
  const auto said = [](std::string text) {
    return to_mail_reply(parse_reply(text + "\r\n").reply);
  };
  for (const std::string full : {"421 4.7.0 Too many messages in this connection",
                                 "550 5.7.0 two mails a session", "452 4.7.0 Too many messages"}) {
    CHECK(session_is_full(said(full)));
  }
  CHECK_FALSE(session_is_full(said("550 5.1.1 user unknown")));
  for (const std::string full :
       {"452 4.5.3 Error: too many recipients", "452 no more", "552 too many recipients",
        "552 5.5.3 no", "450 4.5.3 enough",
        "452-4.5.3 Domain policy size per transaction exceeded, please try this\r\n"
        "452 4.5.3 recipient in a separate transaction."}) {
    INFO(full);
    CHECK(transaction_is_full(said(full)));
  }
  for (const std::string other :
       {"452 4.2.2 over quota", "552 5.2.2 mailbox full", "552 5.3.4 message too big",
        "452 4.3.1 Insufficient system storage",
        "552 Requested mail action aborted: exceeded "
        "storage allocation",
        "451 4.7.1 greylisted", "550 5.1.1 user unknown"}) {
    INFO(other);
    CHECK_FALSE(transaction_is_full(said(other)));
  }
}

namespace {

// Answers commands that begin with a key of `answers`.
Polite answering(std::vector<std::pair<std::string, std::string>> answers) {
  Polite polite;
  polite.hook = [answers = std::move(answers)](Wire& wire, const std::string& command) {
    for (const auto& [prefix, reply] : answers) {
      if (!command.starts_with(prefix)) continue;
      wire.say(reply);
      return true;
    }
    return false;
  };
  return polite;
}

segmentflow::MailOutcome deliver_to(const Polite& polite, segmentflow::OutgoingMail mail) {
  FakeServer server(polite);
  return deliver(*transport_for(options_for(server)), std::move(mail));
}

}  // namespace

TEST_CASE("a refusal of our settings loses no mail at whatever stage it comes") {
  const struct {
    std::string command;
    MailStage stage;
    std::string reply;
  } all[] = {
      {"BANNER", MailStage::Greeting, "554 5.7.1 no service"},
      {"EHLO", MailStage::Hello, "550 5.7.1 no"},
      {"MAIL", kMail, "504 5.5.2 <vm>: Helo command rejected"},
      {"RCPT", kRcpt, "553 5.7.1 <a@b>: Sender address rejected: not owned by user"},
      {"DATA", MailStage::Data, "554 5.7.1 <vm[192.0.2.7]>: Client host rejected: Access denied"},
      {".", kDot, "550 5.7.60 SMTP; Client does not have permissions to send as this sender"},
  };
  for (const auto& one : all) {
    INFO(one.command);
    auto answers = std::vector<std::pair<std::string, std::string>>{{one.command, one.reply}};
    if (one.command == "EHLO") answers.emplace_back("HELO", one.reply);
    const auto outcome = deliver_to(answering(answers), mail_to({"primary@example.test"}));
    CHECK(outcome.refuses_us);
    CHECK(outcome.result == MailResult::Deferred);
    CHECK(outcome.phase == MailPhase::NotStarted);
    CHECK(outcome.stage == one.stage);
    CHECK(std::to_string(outcome.reply.code) == one.reply.substr(0, 3));
    CHECK(outcome.detail.find(one.reply.substr(0, 9)) != std::string::npos);
    CHECK(outcome.detail.ends_with("."));
  }
}

TEST_CASE("a refused recipient is that recipient's") {
  const auto outcome = deliver_to(answering({{"RCPT", "550 5.1.1 user unknown"}}),
                                  mail_to({"primary@example.test"}));
  CHECK(outcome.result == MailResult::Rejected);
  CHECK_FALSE(outcome.refuses_us);
  CHECK(outcome.stage == kRcpt);
}

TEST_CASE("a refusal counts that came before 421 ended the session") {
  const auto outcome = deliver_to(
      answering({{"RCPT", "550 5.1.1 user unknown"}, {"DATA", "421 4.7.0 Error: too many errors"}}),
      mail_to({"primary@example.test"}));
  CHECK(outcome.result == MailResult::Rejected);
  CHECK(outcome.reply.code == 550);
  CHECK(outcome.stage == kRcpt);
}

TEST_CASE("a refusal that may be the used session's is tried once in a fresh one") {
  for (const std::string refusal :
       {"550 5.7.0 two mails a session", "452 4.7.0 two mails a session", "421 4.7.0 enough",
        "550 5.7.1 no reason"}) {
    INFO(refusal);
    Polite polite;
    auto mails = std::make_shared<std::map<Wire*, int>>();
    polite.hook = [mails, refusal](Wire& wire, const std::string& command) {
      if (!command.starts_with("MAIL") || ++(*mails)[&wire] <= 2) return false;
      wire.say(refusal);
      return true;
    };
    FakeServer server(polite);
    auto options = options_for(server);
    options.connections_max = 1;
    auto transport = transport_for(std::move(options));
    for (int i = 0; i < 5; ++i) {
      CHECK(deliver(*transport, mail_to({"primary@example.test"})).result == MailResult::Accepted);
    }
    CHECK(server.connections() == 3);
  }
}

TEST_CASE("a session that is full at RCPT or DATA is left for a fresh one") {
  for (const std::string stage : {"RCPT", "DATA"}) {
    for (const bool pipelining : {true, false}) {
      INFO(stage << " pipelining " << pipelining);
      Polite polite;
      if (!pipelining) polite.extensions = {"8BITMIME"};
      auto mails = std::make_shared<std::map<Wire*, int>>();
      polite.hook = [mails, stage](Wire& wire, const std::string& command) {
        if (!command.starts_with(stage) || ++(*mails)[&wire] <= 1) return false;
        wire.say("450 4.7.1 Too many messages in this connection");
        return true;
      };
      FakeServer server(polite);
      auto transport = transport_for(options_for(server));
      for (int i = 0; i < 3; ++i) {
        CHECK(deliver(*transport, mail_to({"primary@example.test"})).result ==
              MailResult::Accepted);
      }
      CHECK(server.connections() == 3);
    }
  }
}

TEST_CASE("refused copies say whether and how they may be tried again") {
  Polite polite = answering({{"RCPT TO:<gone", "550 5.1.1 nobody"},
                             {"RCPT TO:<grey", "450 4.2.0 later"},
                             {"RCPT TO:<many", "452 4.5.3 too many recipients"},
                             {"RCPT TO:<old", "552 too many recipients"},
                             {"RCPT TO:<full", "552 5.2.2 mailbox full"},
                             {"RCPT TO:<relay", "554 5.7.1 Relay access denied"}});
  const auto outcome = deliver_to(
      polite, mail_to({"primary@x", "gone@x", "grey@x", "many@x", "old@x", "full@x", "relay@x"}));
  CHECK(outcome.result == MailResult::Accepted);
  REQUIRE(outcome.refused_copies.size() == 6);
  const bool again[] = {false, true, true, true, false, true};
  const bool at_once[] = {false, false, true, true, false, false};
  for (std::size_t i = 0; i < 6; ++i) {
    INFO(outcome.refused_copies[i].recipient);
    CHECK(outcome.refused_copies[i].try_again == again[i]);
    CHECK(outcome.refused_copies[i].in_another_transaction == at_once[i]);
  }
}

TEST_CASE("of copies alone each stands for itself") {
  for (const bool pipelining : {true, false}) {
    const auto send = [&](std::vector<std::string> recipients) {
      Polite polite = answering({{"RCPT TO:<gone", "550 5.1.1 nobody"},
                                 {"RCPT TO:<grey", "450 4.2.0 later"},
                                 {"RCPT TO:<many", "452 4.5.3 too many recipients"}});
      if (!pipelining) polite.extensions = {"8BITMIME"};
      auto mail = mail_to(std::move(recipients));
      mail.copies_only = true;
      return deliver_to(polite, std::move(mail));
    };
    const auto some = send({"gone@x", "taken@x", "many@x"});
    CHECK(some.result == MailResult::Accepted);
    REQUIRE(some.refused_copies.size() == 2);
    CHECK(some.refused_copies[1].in_another_transaction);
    const auto none = send({"gone@x", "grey@x"});
    CHECK(none.result == MailResult::Deferred);
    CHECK(none.reply.code == 450);
    CHECK(none.refused_copies.size() == 2);
    CHECK(send({"gone@x"}).result == MailResult::Rejected);
    CHECK(send({"gone@x"}).refused_copies.size() == 1);
    // Alone it was not refused for others: another transaction at once would be the same again.
    const auto alone = send({"many@x"});
    CHECK(alone.result == MailResult::Deferred);
    CHECK(alone.refused_copies.at(0).try_again);
    CHECK_FALSE(alone.refused_copies.at(0).in_another_transaction);
  }
}

TEST_CASE("a copy outside ASCII does not keep the mail from the others") {
  Polite polite;
  const auto outcome = deliver_to(polite, mail_to({"primary@x", "j\xc3\xb6rg@x"}));
  CHECK(outcome.result == MailResult::Accepted);
  REQUIRE(outcome.refused_copies.size() == 1);
  CHECK(outcome.refused_copies[0].reply.enhanced == "5.6.7");
  CHECK_FALSE(outcome.refused_copies[0].try_again);
}
