#include "transport/smtp/refusal.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace transport::smtp {
namespace {

using segmentflow::MailReply;
using segmentflow::MailStage;

enum class When { Always, AtMail, WithoutLogin };

// The first row that fits decides. Of `code` 0 fits any, of `enhanced` (subject.detail, without the
// class) and `words` (lower case) "" any; "7.x" fits all details of a subject.
struct Row {
  int code;
  std::string_view enhanced;
  std::string_view words;
  When when;
  Fault fault;
  std::string_view source;  // who says it, for the reader of this table
};

constexpr std::array kRows = {
    // About one recipient or one mail, in words that would pass for others below.
    Row{0, "", "greylist", When::Always, Fault::None, "Postgrey, SQLgrey, Exim"},
    Row{0, "", "graylist", When::Always, Fault::None, "milter-greylist"},
    Row{0, "", "resolver.rst", When::Always, Fault::None, "Exchange: who may write to a group"},
    Row{0, "4.1", "access denied", When::Always, Fault::None, "Exchange Online: no such user"},
    Row{504, "", "recipient address rejected", When::Always, Fault::None,
        "Postfix reject_non_fqdn_recipient"},

    // The name in EHLO.
    Row{0, "", "helo command rejected", When::Always, Fault::HelloName, "Postfix"},
    Row{0, "", "helo command [", When::Always, Fault::HelloName, "Postfix reject_rhsbl_helo"},
    Row{0, "", "need fully-qualified hostname", When::Always, Fault::HelloName, "Postfix"},
    Row{0, "", "invalid helo", When::Always, Fault::HelloName, "Exim of cPanel"},
    Row{0, "", "invalid ehlo", When::Always, Fault::HelloName, "Exim configurations"},
    Row{0, "", "bad helo", When::Always, Fault::HelloName, "Haraka, Exim configurations"},
    Row{0, "", "bad ehlo", When::Always, Fault::HelloName, "Haraka, Exim configurations"},
    Row{0, "", "helo name", When::Always, Fault::HelloName, "MDaemon, Exim configurations"},
    Row{0, "", "ehlo name", When::Always, Fault::HelloName, "MDaemon, Exim configurations"},
    Row{0, "", "helo/ehlo", When::Always, Fault::HelloName, "Exim configurations"},

    // Who the mail comes from.
    Row{0, "", "sender address rejected", When::Always, Fault::Sender, "Postfix"},
    Row{0, "", "sender address [", When::Always, Fault::Sender, "Postfix reject_rhsbl_sender"},
    Row{0, "", "sender verify", When::Always, Fault::Sender, "Exim"},
    Row{0, "", "sender verification", When::Always, Fault::Sender, "Exim configurations"},
    Row{0, "", "sender rejected", When::Always, Fault::Sender, "Cox, Spectrum"},
    Row{0, "", "dmarc policy", When::Always, Fault::Sender, "iCloud and others"},
    Row{0, "", "authentication information", When::Always, Fault::Sender, "Gmail 5.7.1: SPF, DKIM"},
    Row{0, "", "not owned by", When::Always, Fault::Sender, "Postfix, Yandex"},
    Row{0, "", "to send as", When::Always, Fault::Sender, "Exchange, MDaemon"},
    Row{0, "", "sendasdenied", When::Always, Fault::Sender, "Exchange Online 5.2.252"},
    Row{0, "", "domain of sender address", When::Always, Fault::Sender, "sendmail"},
    Row{0, "", "for sender address", When::Always, Fault::Sender, "sendmail: domain required"},
    Row{0, "", "sender domain must", When::Always, Fault::Sender, "qmail, OpenSMTPD filters"},
    Row{0, "", "envelope sender", When::Always, Fault::Sender, "qmail"},
    Row{0, "", "email address is not verified", When::Always, Fault::Sender, "Amazon SES"},
    Row{0, "", "invalid mail from address", When::Always, Fault::Sender, "Amazon SES"},
    Row{0, "", "verified sender identity", When::Always, Fault::Sender, "SendGrid"},
    Row{0, "", "unauthenticated senders", When::Always, Fault::Sender, "SendGrid"},
    Row{0, "", "sender signature", When::Always, Fault::Sender, "Postmark"},
    Row{0, "", "is not allowed to send", When::Always, Fault::Sender, "Mailgun"},
    Row{0, "", "sender is not allowed", When::Always, Fault::Sender, "Zoho"},
    Row{0, "", "sender address is not allowed", When::Always, Fault::Sender, "GMX, IONOS"},
    Row{0, "", "sender not allowed", When::Always, Fault::Sender, "Exim configurations"},
    Row{0, "", "sender not authorized", When::Always, Fault::Sender, "relays with sender lists"},
    Row{0, "", "sender is not authorized", When::Always, Fault::Sender, "relays with sender lists"},
    Row{0, "", "to send from", When::Always, Fault::Sender, "Fastmail, Brevo"},
    Row{0, "", "not one of your addresses", When::Always, Fault::Sender, "iCloud"},
    Row{0, "", "bad outbound sender", When::Always, Fault::Sender, "Exchange Online 5.1.8"},
    Row{0, "", "the sender is unauthenticated", When::Always, Fault::Sender, "Gmail 5.7.26"},
    Row{0, "7.20", "", When::Always, Fault::Sender, "RFC 7372: no passing DKIM signature"},
    Row{0, "7.23", "", When::Always, Fault::Sender, "RFC 7372: SPF"},
    Row{0, "7.24", "", When::Always, Fault::Sender, "RFC 7372: SPF"},
    Row{0, "7.26", "", When::Always, Fault::Sender, "RFC 7372: several checks failed; Gmail"},
    Row{0, "7.27", "", When::Always, Fault::Sender, "RFC 7505: sender has null MX; Gmail: SPF"},
    Row{0, "7.60", "", When::Always, Fault::Sender, "Exchange: may not send as this sender"},
    Row{0, "7.509", "", When::Always, Fault::Sender, "Exchange Online: DMARC of the sender"},
    Row{0, "7.515", "", When::Always, Fault::Sender, "Outlook.com: authentication of the sender"},
    Row{0, "1.7", "", When::Always, Fault::Sender, "RFC 3463: bad sender's mailbox syntax"},
    Row{0, "1.8", "", When::Always, Fault::Sender, "RFC 3463: bad sender's system"},

    // TLS before all else.
    Row{0, "", "starttls", When::Always, Fault::Tls, "RFC 3207: Must issue a STARTTLS command"},
    Row{0, "", "encryption required", When::Always, Fault::Tls, "RFC 4954 538, Exim"},
    Row{0, "", "encryption needed", When::Always, Fault::Tls, "Exim configurations"},
    Row{0, "", "tls required", When::Always, Fault::Tls, "OpenSMTPD, relays with their own words"},
    Row{0, "", "session encryption", When::Always, Fault::Tls, "Postfix reject_plaintext_session"},
    Row{538, "", "", When::Always, Fault::Tls, "RFC 4954"},

    // A login that is missing or not enough.
    Row{530, "", "", When::Always, Fault::Login, "RFC 4954: authentication required"},
    Row{534, "", "", When::Always, Fault::Login, "RFC 4954: mechanism too weak"},
    Row{535, "", "", When::Always, Fault::Login, "RFC 4954: credentials invalid"},
    Row{0, "", "authentication required", When::Always, Fault::Login, "Exim, Postfix, many"},
    Row{0, "", "authentication is required", When::Always, Fault::Login, "hMailServer"},
    Row{0, "", "authentication needed", When::Always, Fault::Login, "Exim configurations"},
    Row{0, "", "proper authentication", When::Always, Fault::Login, "sendmail"},
    Row{0, "", "require authentication", When::Always, Fault::Login, "many"},
    Row{0, "", "requires authentication", When::Always, Fault::Login, "MailEnable"},
    Row{0, "", "without authentication", When::Always, Fault::Login, "Exim of cPanel"},
    Row{0, "", "authentication failed", When::Always, Fault::Login, "SendGrid, Mailgun"},
    Row{0, "", "authentication unsuccessful", When::Always, Fault::Login, "Exchange"},
    Row{0, "", "authentication credentials", When::Always, Fault::Login, "Amazon SES"},
    Row{0, "", "must authenticate", When::Always, Fault::Login, "many"},
    Row{0, "", "must be authenticated", When::Always, Fault::Login, "many"},
    Row{0, "", "must first authenticate", When::Always, Fault::Login, "many"},
    Row{0, "", "authenticate first", When::Always, Fault::Login, "many"},
    Row{0, "", "please authenticate", When::Always, Fault::Login, "many"},
    Row{0, "", "not authenticated", When::Always, Fault::Login, "Exchange 5.7.57"},
    Row{0, "", "not logged in", When::Always, Fault::Login, "Postfix sender_login_maps"},
    Row{0, "", "must log in", When::Always, Fault::Login, "relays with their own words"},
    Row{0, "", "smtp auth", When::Always, Fault::Login, "Exim of cPanel, hMailServer"},
    Row{0, "", "auth command first", When::Always, Fault::Login, "OpenSMTPD"},
    Row{503, "", "auth", When::Always, Fault::Login, "MailEnable"},
    Row{0, "7.57", "", When::Always, Fault::Login, "Exchange: client was not authenticated"},

    // Mail that is not passed on for us.
    Row{0, "", "relay access denied", When::Always, Fault::Relaying, "Postfix, Exchange 5.7.64"},
    Row{0, "", "relaying denied", When::Always, Fault::Relaying, "sendmail, Courier, Mailgun"},
    Row{0, "", "relay denied", When::Always, Fault::Relaying, "Gmail"},
    Row{0, "", "relay not permitted", When::Always, Fault::Relaying, "Exim"},
    Row{0, "", "relay is not permitted", When::Always, Fault::Relaying, "Exim configurations"},
    Row{0, "", "relaying not permitted", When::Always, Fault::Relaying, "Exim configurations"},
    Row{0, "", "not permitted to relay", When::Always, Fault::Relaying, "Exim of cPanel"},
    Row{0, "", "not allowed to relay", When::Always, Fault::Relaying, "Zoho, IceWarp"},
    Row{0, "", "relay not allowed", When::Always, Fault::Relaying, "many"},
    Row{0, "", "relaying not allowed", When::Always, Fault::Relaying, "MDaemon"},
    Row{0, "", "relaying is not allowed", When::Always, Fault::Relaying, "many"},
    Row{0, "", "relaying disallowed", When::Always, Fault::Relaying, "Zoho"},
    Row{0, "", "relaying prohibited", When::Always, Fault::Relaying, "many"},
    Row{0, "", "relaying is prohibited", When::Always, Fault::Relaying, "many"},
    Row{0, "", "unable to relay", When::Always, Fault::Relaying, "Exchange 5.7.54"},
    Row{0, "", "cannot relay", When::Always, Fault::Relaying, "many"},
    Row{0, "", "we do not relay", When::Always, Fault::Relaying, "many"},
    Row{0, "", "does not relay", When::Always, Fault::Relaying, "many"},
    Row{0, "", "not an open relay", When::Always, Fault::Relaying, "many"},
    Row{0, "", "i cannot deliver mail for", When::Always, Fault::Relaying, "Haraka"},
    Row{0, "", "allowed rcpthosts", When::Always, Fault::Relaying, "qmail"},
    Row{0, "7.54", "", When::Always, Fault::Relaying, "Exchange: no accepted domain"},
    Row{0, "7.64", "", When::Always, Fault::Relaying, "Exchange Online: no tenant"},
    Row{0, "7.68", "", When::Always, Fault::Relaying, "Exchange Online: no tenant"},

    // Our address.
    Row{0, "", "client host", When::Always, Fault::Client, "Postfix: rejected, blocked using"},
    Row{0, "", "cannot find your hostname", When::Always, Fault::Client, "Postfix"},
    Row{0, "", "cannot find your reverse hostname", When::Always, Fault::Client, "Postfix"},
    Row{0, "", "reverse dns", When::Always, Fault::Client, "Exim configurations, providers"},
    Row{0, "", "credentials for relay", When::Always, Fault::Client, "Gmail: IP not registered"},
    Row{0, "", "banned sending ip", When::Always, Fault::Client, "Outlook.com"},
    Row{0, "", "not accepted from this ip", When::Always, Fault::Client, "Exchange Online 5.7.708"},
    Row{0, "", "ptr record", When::Always, Fault::Client, "Gmail, GMX"},
    Row{0, "7.25", "", When::Always, Fault::Client, "RFC 7372: reverse DNS"},

    // The account at a provider.
    Row{0, "", "user sending limit", When::Always, Fault::Account, "Gmail 5.4.5"},
    Row{0, "", "sending quota", When::Always, Fault::Account, "Gmail, Amazon SES"},
    Row{0, "", "submission quota", When::Always, Fault::Account, "Exchange Online 5.2.2"},
    Row{0, "", "sending paused", When::Always, Fault::Account, "Amazon SES"},
    Row{0, "", "sending suspended", When::Always, Fault::Account, "Amazon SES"},
    Row{0, "", "credits exceeded", When::Always, Fault::Account, "SendGrid"},
    Row{0, "", "is not authorized to perform", When::Always, Fault::Account, "Amazon SES"},

    // Enhanced codes of one recipient or one mail: its mailbox, its way, its form (RFC 3463 §3).
    Row{0, "1.1", "", When::Always, Fault::None, "no such mailbox"},
    Row{0, "1.2", "", When::Always, Fault::None, "no such system"},
    Row{0, "1.3", "", When::Always, Fault::None, "bad syntax of the recipient"},
    Row{0, "1.6", "", When::Always, Fault::None, "has moved"},
    Row{0, "1.10", "", When::Always, Fault::None, "RFC 7505: null MX of the recipient"},
    Row{0, "2.x", "", When::Always, Fault::None, "mailbox full, disabled, too large for it"},
    Row{0, "3.4", "", When::Always, Fault::None, "too large"},
    Row{0, "6.x", "", When::Always, Fault::None, "content, addresses outside ASCII"},
    Row{552, "", "", When::Always, Fault::None, "RFC 5321: too large, mailbox full"},

    // What is left where the words say too little.
    Row{0, "", "recipient address rejected: access denied", When::WithoutLogin, Fault::Login,
        "Postfix permit_sasl_authenticated, reject"},
    Row{0, "", "access denied", When::WithoutLogin, Fault::Login, "submission ports"},
    Row{0, "", "administrative prohibition", When::WithoutLogin, Fault::Login,
        "Exim: deny without a message"},
    Row{504, "", "", When::Always, Fault::HelloName, "Postfix, of the names in EHLO"},
    Row{0, "", "", When::AtMail, Fault::Sender, "nothing but EHLO, login and MAIL was said"},
};

std::string lower_case_without_addresses(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  bool within = false;
  for (const char c : text) {
    if (c == '<') within = true;
    if (!within) plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (c == '>') within = false;
  }
  return plain;
}

bool enhanced_fits(std::string_view row, std::string_view enhanced) {
  if (row.empty()) return true;
  const std::size_t dot = enhanced.find('.');
  if (dot == enhanced.npos) return false;
  const std::string_view code = enhanced.substr(dot + 1);
  return row.ends_with('x') ? code.starts_with(row.substr(0, row.size() - 1)) : code == row;
}

bool when_fits(const Row& row, const MailReply& reply, MailStage stage, bool logged_in) {
  switch (row.when) {
    case When::AtMail:
      return stage == MailStage::Mail && reply.code >= 500;
    case When::WithoutLogin:
      return !logged_in && stage < MailStage::Content;
    case When::Always:
      return true;
  }
  return false;
}

template <std::size_t Count>
bool says_any(const std::string& words, const std::array<std::string_view, Count>& fragments) {
  return std::any_of(fragments.begin(), fragments.end(),
                     [&](std::string_view fragment) { return words.find(fragment) != words.npos; });
}

}  // namespace

Fault fault_of(const MailReply& reply, MailStage stage, bool logged_in) {
  const std::string words = lower_case_without_addresses(reply.text);
  const auto* const row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& one) {
    return (one.code == 0 || one.code == reply.code) &&
           enhanced_fits(one.enhanced, reply.enhanced) && words.find(one.words) != words.npos &&
           when_fits(one, reply, stage, logged_in);
  });
  return row == kRows.end() ? Fault::None : row->fault;
}

std::string_view advice(Fault fault) {
  switch (fault) {
    case Fault::HelloName:
      return "it does not take our name in EHLO: set hello= in the SMTP URL to the full name of "
             "this machine";
    case Fault::Login:
      return "it wants a login, or another one: give user and password in the SMTP URL";
    case Fault::Tls:
      return "it wants TLS: use smtps:// or tls=required in the SMTP URL";
    case Fault::Sender:
      return "it does not take the sender: let the relay know this address and its domain, or send "
             "from one that it knows";
    case Fault::Relaying:
      return "it passes no mail on for us: give user and password in the SMTP URL, or let the "
             "relay know this machine";
    case Fault::Client:
      return "it does not take mail from this machine's address: see its name in DNS and its "
             "standing, or let the relay know it";
    case Fault::Account:
      return "its account for us is paused, limited or not confirmed: see the provider's pages";
    case Fault::None:
      break;
  }
  return "";
}

bool session_is_full(const MailReply& reply) {
  static constexpr std::array<std::string_view, 14> kFragments = {"messages in this connection",
                                                                  "messages in this session",
                                                                  "messages per connection",
                                                                  "messages per session",
                                                                  "mails per connection",
                                                                  "mails per session",
                                                                  "mails a session",
                                                                  "mails in this session",
                                                                  "mails in this connection",
                                                                  "mail transactions",
                                                                  "transactions per",
                                                                  "many messages in one",
                                                                  "too many messages",
                                                                  "too many mails"};
  return says_any(lower_case_without_addresses(reply.text), kFragments);
}

bool transaction_is_full(const MailReply& reply) {
  if (enhanced_fits("5.3", reply.enhanced)) return true;
  const std::string words = lower_case_without_addresses(reply.text);
  static constexpr std::array<std::string_view, 4> kFragments = {
      "too many recipients", "too many rcpt", "recipients per", "separate transaction"};
  if (says_any(words, kFragments)) return true;
  static constexpr std::array<std::string_view, 6> kOthers = {"quota", "full",      "storage",
                                                              "size",  "too large", "too big"};
  const bool says_other = says_any(words, kOthers) || enhanced_fits("2.x", reply.enhanced) ||
                          enhanced_fits("3.x", reply.enhanced);
  return (reply.code == 452 || reply.code == 552) && !says_other;
}

}  // namespace transport::smtp
