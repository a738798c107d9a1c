#include "core/delivery/mime.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/ascii.hpp"
#include "core/delivery/mime_body.hpp"
#include "core/delivery/mime_header.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using Refusal = std::optional<describe::Problem>;

Refusal problem(std::string_view field, std::string message) {
  return describe::Problem{fmt::format("/{}", field), std::move(message)};
}

bool is_letter_or_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_id_character(char c) {
  return is_letter_or_digit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

// What no header value may hold; refused and not cleaned, because a caller who sends it errs or
// attacks.
Refusal check_header_text(std::string_view field, std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return problem(field,
                   fmt::format("The {} holds a line break or a NUL character; remove it.", field));
  }
  if (!describe::is_valid_utf8(text)) {
    return problem(field, fmt::format("The {} is not valid UTF-8.", field));
  }
  return std::nullopt;
}

Refusal check_address(std::string_view field, const Address& address) {
  const auto parsed = parse_address(address.email);
  if (!parsed) {
    return problem(field, fmt::format("The {} address is refused. {}", field, parsed.error()));
  }
  if (parsed->email != address.email || parsed->name) {
    return problem(field, fmt::format("The {} address must be a bare address.", field));
  }
  if (!address.name) return std::nullopt;
  if (address.name->size() > kDisplayNameMaxBytes) {
    return problem(
        field, fmt::format("The display name in {} has {} bytes; at most {} are accepted.", field,
                           address.name->size(), kDisplayNameMaxBytes));
  }
  return check_header_text(field, *address.name);
}

Refusal check_addresses(const MimeMessage& message) {
  if (message.to.empty()) return problem("to", "The message has no recipient in To; give one.");
  if (auto refusal = check_address("from", message.from)) return refusal;
  if (message.reply_to) {
    if (auto refusal = check_address("replyTo", *message.reply_to)) return refusal;
  }
  for (const auto& address : message.to) {
    if (auto refusal = check_address("to", address)) return refusal;
  }
  for (const auto& address : message.cc) {
    if (auto refusal = check_address("cc", address)) return refusal;
  }
  return std::nullopt;
}

bool is_dot_atom(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos && std::ranges::all_of(text, is_id_character);
}

Refusal check_message_id(std::string_view id) {
  const auto at = id.find('@');
  const bool well_formed = at != std::string_view::npos && id.size() <= kMessageIdMaxBytes &&
                           is_dot_atom(id.substr(0, at)) && is_dot_atom(id.substr(at + 1));
  if (well_formed) return std::nullopt;
  return problem("messageId",
                 fmt::format("The message id must have the form left@domain without angle "
                             "brackets, in ASCII, with at most {} bytes.",
                             kMessageIdMaxBytes));
}

// Fields written here, by the receiving side, or kept out of messages on purpose.
bool is_reserved(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kReserved = {
      "bcc", "cc",       "date",        "from",     "message-id", "mime-version",
      "to",  "reply-to", "return-path", "received", "subject"};
  const std::string lower = ascii_lower(name);
  return std::ranges::find(kReserved, lower) != kReserved.end() || lower.starts_with("content-") ||
         lower.starts_with("resent-");
}

Refusal check_extra_header(std::string_view name, std::string_view value) {
  static constexpr std::string_view kField = "extraHeaders";
  const bool name_ok =
      !name.empty() && name.size() <= kExtraHeaderNameMaxBytes &&
      std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '-'; });
  if (!name_ok) {
    return problem(kField,
                   fmt::format("A header name must have 1 to {} letters, digits and hyphens.",
                               kExtraHeaderNameMaxBytes));
  }
  if (is_reserved(name)) {
    return problem(kField, fmt::format("The header {} cannot be given; the message builder owns it "
                                       "or mail systems do.",
                                       name));
  }
  const bool value_ok = !value.empty() && value.front() != ' ' && value.back() != ' ' &&
                        std::ranges::all_of(value, [](char c) { return c >= 0x20 && c <= 0x7E; });
  if (!value_ok) {
    return problem(kField, fmt::format("The value of the header {} must be printable ASCII on one "
                                       "line, without blanks at its ends, and not empty.",
                                       name));
  }
  if (value.size() > kExtraHeaderValueMaxBytes || !can_fold(value)) {
    return problem(kField, fmt::format("The value of the header {} is too long: at most {} bytes, "
                                       "and less than {} without a space.",
                                       name, kExtraHeaderValueMaxBytes, kHeaderLineMaxBytes));
  }
  return std::nullopt;
}

Refusal check_bodies(const MimeMessage& message) {
  if (message.html.empty() && message.text.empty()) {
    return problem("html", "The message has neither an HTML nor a text body; give at least one.");
  }
  if (!describe::is_valid_utf8(message.html))
    return problem("html", "The HTML body is not valid UTF-8.");
  if (!describe::is_valid_utf8(message.text))
    return problem("text", "The text body is not valid UTF-8.");
  return std::nullopt;
}

Refusal check_message(const MimeMessage& message) {
  if (auto refusal = check_addresses(message)) return refusal;
  if (auto refusal = check_header_text("subject", message.subject)) return refusal;
  if (message.subject.size() > kSubjectMaxBytes) {
    return problem("subject", fmt::format("The subject has {} bytes; at most {} are accepted.",
                                          message.subject.size(), kSubjectMaxBytes));
  }
  if (auto refusal = check_message_id(message.message_id)) return refusal;
  for (const auto& [name, value] : message.extra_headers) {
    if (auto refusal = check_extra_header(name, value)) return refusal;
  }
  return check_bodies(message);
}

std::string header_block(const MimeMessage& message) {
  std::string out = fmt::format("Date: {}\r\n", to_rfc5322(message.date));
  // On one line whatever its length: receivers that thread by it do not all unfold it.
  out += fmt::format("Message-ID: <{}>\r\n", message.message_id);
  out += address_field("From", std::span(&message.from, 1));
  out += address_field("To", message.to);
  if (!message.cc.empty()) out += address_field("Cc", message.cc);
  if (message.reply_to) out += address_field("Reply-To", std::span(&*message.reply_to, 1));
  out += text_field("Subject", message.subject);
  for (const auto& [name, value] : message.extra_headers) out += plain_field(name, value);
  out += "MIME-Version: 1.0\r\n";
  return out;
}

void append_part(std::string& out, std::string_view type, const EncodedBody& body) {
  out += fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                     type, body.encoding);
  out += body.content;
}

// The n-th boundary of a message: "=_" cannot occur in quoted-printable or base64 (RFC 2045 §6.7),
// the rest is spread well and depends on nothing but the message id.
std::string derive_boundary(std::string_view message_id, std::uint64_t n) {
  static constexpr std::size_t kDigestBytesUsed = 16;
  const std::string seed = fmt::format("boundary {} {}", n, message_id);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(seed.data()), seed.size(), digest.data());
  std::string boundary = "=_";
  for (std::size_t i = 0; i < kDigestBytesUsed; ++i) boundary += fmt::format("{:02x}", digest[i]);
  return boundary;
}

std::string find_boundary(std::string_view message_id, const EncodedBody& text,
                          const EncodedBody& html) {
  // Ends: each refused boundary occurs in the content, and the content is finite.
  for (std::uint64_t n = 0;; ++n) {
    std::string boundary = derive_boundary(message_id, n);
    if (text.content.find(boundary) == std::string::npos &&
        html.content.find(boundary) == std::string::npos) {
      return boundary;
    }
  }
}

void append_alternatives(std::string& out, const MimeMessage& message) {
  const EncodedBody text = encode_body(message.text);
  const EncodedBody html = encode_body(message.html);
  const std::string boundary = find_boundary(message.message_id, text, html);
  out.reserve(out.size() + text.content.size() + html.content.size() + 512);
  out += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n--{}\r\n",
                     boundary, boundary);
  append_part(out, "text/plain", text);
  out += fmt::format("\r\n--{}\r\n", boundary);
  append_part(out, "text/html", html);
  out += fmt::format("\r\n--{}--\r\n", boundary);
}

}  // namespace

Result<std::string> build_mime(const MimeMessage& message) {
  if (auto refusal = check_message(message)) {
    std::string sentence = refusal->message;
    return fail(ErrorCode::ValidationFailed, std::move(sentence), {std::move(*refusal)});
  }
  std::string out = header_block(message);
  if (!message.html.empty() && !message.text.empty()) {
    append_alternatives(out, message);
    return out;
  }
  const bool is_html = !message.html.empty();
  append_part(out, is_html ? "text/html" : "text/plain",
              encode_body(is_html ? message.html : message.text));
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

}  // namespace segmentflow
