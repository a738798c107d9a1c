// The answer that a call in flight owes its client. Only for the sources of this library.
#pragma once

#include <functional>
#include <memory>

#include "mcp/calls_in_flight.hpp"
#include "mcp/request.hpp"

namespace mcp {

// Sends the answer to a request on its way: the outcome, or null when the call was cancelled, so
// that nothing is to be said.
using Deliver = std::function<void(const jsonrpc::Outcome*)>;

// What answers the request: at most once, and at the latest when nobody holds it any more. `calls`
// has the request registered (CallsInFlight::begin) and forgets it; null: nobody counts the call.
Answer answer_of(RequestPtr request, std::shared_ptr<CallsInFlight> calls, Deliver deliver);

}  // namespace mcp
