// Replies of an SMTP server (RFC 5321 §4.2), read from bytes that may come in any pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/delivery/mail_transport.hpp"

namespace transport::smtp {

// RFC 5321 §4.5.3.1.5 says 512; real servers exceed it, and to take a 250 for garbage after the dot
// would double a mail. This is what Postfix takes.
inline constexpr std::size_t kReplyLineBytesMax = 2'048;
inline constexpr std::size_t kReplyBytesMax = 64 << 10;  // all lines of one reply
inline constexpr std::size_t kReplyTextBytesMax = 512;   // what an outcome keeps

struct Reply {
  int code = 0;
  std::string body;  // the lines after their codes, each ended by \n

  bool positive() const { return code >= 200 && code < 300; }
  bool transient() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500 && code < 600; }
};

struct ParsedReply {
  enum class Status { Complete, Partial, Malformed };
  Status status = Status::Partial;
  std::size_t consumed = 0;  // bytes of the input, when Complete
  Reply reply;               // when Complete
  std::string problem;       // when Malformed: "a line longer than 2048 bytes"
};

// Reads one reply from the start of `input`. Lines may end in CRLF or LF.
ParsedReply parse_reply(std::string_view input);

// For outcomes: enhanced code (RFC 3463) taken off the lines, text printable ASCII in one line.
segmentflow::MailReply to_mail_reply(const Reply& reply);

}  // namespace transport::smtp
