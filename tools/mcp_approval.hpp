// The question to a person whether emails may go out, put by the MCP client.
#pragma once

#include <optional>

#include "mcp/exchange.hpp"
#include "tools/operation.hpp"

namespace segmentflow {

// How many emails a call sends.
std::size_t emails_in(const describe::Json& arguments);

// The question about a call, from its arguments and the answer of its dry run: each recipient with
// all copies, subject and template. nullopt when nothing new would be sent.
std::optional<mcp::InputRequired> approval_question(const describe::Json& arguments,
                                                    const Answer& preview);

// The answer to it; nullptr while there is none.
const describe::Json* approval_answer(const mcp::Exchange& exchange);
// Given only where the person has ticked that it shall go out.
Consent consent_in(const describe::Json& answer);

}  // namespace segmentflow
