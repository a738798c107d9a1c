// The words of a relay may repeat what a mail holds: its recipients, and values that its template
// calls sensitive. They are cleaned once, where an outcome enters the engine, so that database,
// log, REST and MCP get the same clean words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/delivery/mail_transport.hpp"
#include "core/emails/email_send.hpp"

namespace segmentflow {

// The values of `json` that are "[redacted]" in `kept_json`, as they may stand in a text: as they
// are, without the blanks around them, line by line, and in the encodings of URLs, HTML, JSON and
// quoted-printable. None where either is not JSON.
std::vector<std::string> sensitive_values(const std::string& json, const std::string& kept_json);

// Thread-safe.
class RelayWords {
 public:
  RelayWords(const EmailSend& send, std::vector<std::string> secrets);

  // `text` without sensitive values ("[redacted]") and without any mail address ("[address]"). The
  // local part of a hidden recipient goes also where it stands alone.
  std::string clean(std::string_view text) const;
  // All words of the outcome; the addresses of refused copies stay, they are no words.
  void clean(MailOutcome& outcome) const;

 private:
  std::vector<std::string> secrets_;
  std::vector<std::string> addresses_;
};

}  // namespace segmentflow
