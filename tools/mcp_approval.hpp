// The question to a person whether emails may go out, put by the MCP client.
#pragma once

#include <optional>
#include <string>

#include "mcp/exchange.hpp"
#include "tools/operation.hpp"

namespace segmentflow {

// How many emails a call sends.
std::size_t emails_in(const describe::Json& arguments);

struct ApprovalQuestion {
  std::string text;
  std::string state;  // tells what was asked about, contents of templates included
};

// The question about a call, from its arguments and the answer of its dry run: each recipient with
// all copies, subject, sender, template and data. nullopt when nothing new would go out, or more
// than a person can look through.
std::optional<ApprovalQuestion> approval_question(const describe::Json& arguments,
                                                  const Answer& preview);

mcp::InputRequired asking(const ApprovalQuestion& question);

// What the person has said to this very question; nullopt while it was not put. Given only where
// the person has ticked that it shall go out, Refused where they said no; NotAsked where nobody
// answered, so that the emails wait as those of a client that cannot ask.
std::optional<Consent> consent_to(const ApprovalQuestion& question, const mcp::Exchange& exchange);

}  // namespace segmentflow
