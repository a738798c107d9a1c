// What the headers of a request must be, beside its body.
// https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mcp/http_message.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/tools.hpp"

namespace mcp {

// The headers that the protocol gives a meaning, beside Mcp-Param-…; names in lower case.
std::span<const std::string_view> protocol_headers();

// A protocol header that is there twice: a gateway and we might read two different requests.
std::optional<std::string_view> doubled_header(const HttpRequest& request);

bool accepts(const HttpRequest& request, std::string_view type);
// Whether Accept lists events before JSON, so that the client wants them where both will do.
bool prefers_events(const HttpRequest& request);

// Whether the headers say that the request is one of the modern era. A session is one of the legacy
// era, whatever other headers a gateway adds.
bool names_modern_era(const HttpRequest& request);

// The version in the header has to be that of the body, where that names one. nullopt: it is.
std::optional<std::string> version_mismatch(const HttpRequest& request,
                                            const jsonrpc::Message& message);

// What the other headers of the modern era repeat has to be what the body says. nullopt: it is;
// else a sentence that says which is not.
std::optional<std::string> mismatch(const HttpRequest& request, const jsonrpc::Message& message);

// The same for the arguments that the tool wants in headers of their own (Mcp-Param-…).
std::optional<std::string> mismatch(const HttpRequest& request, const jsonrpc::Json& params,
                                    const Tool& tool);

// Refusals of whoever asks for a stream of events: it does not accept one, or has too many open.
HttpAnswer wants_no_events();
HttpAnswer too_many_streams();

}  // namespace mcp
