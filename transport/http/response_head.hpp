// The bytes before a response's body, written by hand: one string, one write. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "transport/http/server.hpp"

namespace transport::http {

enum class Persistence {
  Default,    // HTTP/1.1 stays open: no header
  KeepAlive,  // HTTP/1.0 client that asked for it: said aloud
  Close,      // connection: close
};

// What must not be written, as a sentence that names the header but not its value: a status outside
// 200-599, a header of the server's own, control characters (response splitting), a bad name.
std::optional<std::string> response_defect(const Response& response);

// How the end of the body is told (RFC 9112 §6).
enum class Framing { Length, Chunked, EndOfConnection };

// Status line and headers with the empty line. `response` has no defect.
std::string response_head(const Response& response, std::string_view request_id,
                          Persistence persistence, Framing framing = Framing::Length);

// 204 and 304 carry no body and no content-length (RFC 9110 §8.6).
bool status_has_body(int status);

std::string_view reason_phrase(int status);

// Sets the body of a response that makes it late. A sentence when making it failed.
std::optional<std::string> make_body(Response& response);

}  // namespace transport::http
