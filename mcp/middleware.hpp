// What stands between the transports and the methods: it sees each request, and may answer it
// itself, change it, or look at its outcome.
#pragma once

#include <functional>

#include "mcp/request.hpp"

namespace mcp {

// Hands the request on; the answer may be another one that calls the first.
using Next = std::function<void(RequestPtr, Answer)>;

// Called from any thread. Either calls `answer`, or `next` once.
using Middleware = std::function<void(RequestPtr request, Answer answer, const Next& next)>;

}  // namespace mcp
