// Replies of an SMTP server (RFC 5321 §4.2), read from bytes that may come in any pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/delivery/mail_transport.hpp"

namespace transport::smtp {

// RFC 5321 §4.5.3.1.5 says 512 bytes to a line; real servers exceed it. The code stands in the
// first bytes, so no length makes a reply unreadable: to take a 250 or a 550 for garbage after the
// dot would double a mail.
inline constexpr std::size_t kReplyLineBytesMax = 2'048;  // what is kept of a line
inline constexpr std::size_t kReplyBytesMax = 64 << 10;   // what is read of a reply
inline constexpr std::size_t kReplyTextBytesMax = 512;    // what an outcome keeps

struct Reply {
  int code = 0;
  std::string body;  // the lines after their codes, each ended by \n
  // Its end was not read: the session cannot go on after it.
  bool cut = false;

  bool positive() const { return code >= 200 && code < 300; }
  bool transient() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500 && code < 600; }
};

struct ParsedReply {
  enum class Status { Complete, Partial, Malformed };
  Status status = Status::Partial;
  std::size_t consumed = 0;  // bytes of the input, when Complete
  Reply reply;          // when Partial what has come of it; code 0 as long as the code is not known
  std::string problem;  // when Malformed: "a line without a reply code"
};

// Reads one reply from the start of `input`. Lines may end in CRLF or LF. A reply that does not end
// within kReplyBytesMax is Complete and cut.
ParsedReply parse_reply(std::string_view input);

// For outcomes: enhanced code (RFC 3463) taken off the lines, text printable ASCII in one line.
segmentflow::MailReply to_mail_reply(const Reply& reply);

}  // namespace transport::smtp
