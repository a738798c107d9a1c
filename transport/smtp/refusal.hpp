// What a refusal within a transaction is about: the relay's codes and words, read once, here.
#pragma once

#include <string>
#include <string_view>

#include "core/delivery/mail_transport.hpp"

namespace transport::smtp {

// What of our settings a relay does not take. None: the refusal is about this mail or this
// recipient, and is theirs alone.
enum class Fault {
  None,
  HelloName,  // the name in EHLO
  Login,      // none was given, or it is not enough
  Tls,        // the relay wants TLS first
  Sender,     // the address or the domain that the mail comes from
  Relaying,   // the relay passes nothing on for us
  Client,     // our address, its name in DNS or its reputation
  Account,    // the account at the provider: paused, not confirmed, its quota used up
};

// The fault of a 4xx or 5xx to MAIL, RCPT, DATA or the final dot. Codes alone say too little: 550
// 5.7.1 is said to unknown users, to spam and to clients that did not log in. So the code, the
// enhanced code (RFC 3463) and the words of real servers are looked up together; what is not known
// is about the recipient, except at MAIL, where the relay has heard of nothing but us.
// `logged_in`: the session has authenticated; "access denied" means a missing login only without.
Fault fault_of(const segmentflow::MailReply& reply, segmentflow::MailStage stage, bool logged_in);

// What an operator does about it, as the rest of a sentence.
std::string_view advice(Fault fault);

// The relay has had enough of this session, not of this mail: "too many messages in this
// connection".
bool session_is_full(const segmentflow::MailReply& reply);

// The relay takes no more recipients in this transaction (RFC 5321 §4.5.3.1.10: 452, and 552 by an
// older mistake). Not: a mailbox that is full, a mail that is too large.
bool transaction_is_full(const segmentflow::MailReply& reply);

}  // namespace transport::smtp
