// Expected failures: one Error type, and one table that says what each code is on every surface.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "schemas/describe/parse.hpp"

namespace segmentflow {

enum class ErrorCode {
  ValidationFailed,          // 400: the input breaks a rule of its description
  IdempotencyKeyRequired,    // 400: a write came without its key
  Unauthorized,              // 401: no key, or an unknown or revoked one
  InsufficientScope,         // 403: the key lacks a scope
  RecipientNotAllowed,       // 403: the key may not write to this address
  TemplateNotAllowed,        // 403: the key may not use this template
  Misdirected,               // 403: the Host header names another server (DNS rebinding)
  NotFound,                  // 404: no such thing, or another organisation's
  MethodNotAllowed,          // 405
  IdempotencyConflict,       // 409: the key was used for another effective request
  PayloadTooLarge,           // 413
  UnsupportedMediaType,      // 415
  InvalidSenderProfile,      // 422: no valid transactional sender on a verified domain
  InvalidReplyTo,            // 422: the domain is not a verified one of the organisation
  TemplateNotTransactional,  // 422
  TemplateIncomplete,        // 422
  TemplateArchived,          // 422
  RecipientNotResolved,      // 422: externalId of nobody, or a Profile without an address
  RecipientConflict,         // 422: the identities given are not one Profile
  Conflict,                  // 409: the state of the thing does not allow it
  ConfirmationRequired,      // 409: the key has to confirm the call by a second one
  PreconditionFailed,        // 412: the thing has changed since the caller read it
  RenderFailed,              // 422: a template that cannot be rendered with the given state
  DailyLimitReached,         // 429: the key has sent what it may send today
  RateLimited,               // 429: a named queue or concurrency limit is full
  Internal,                  // 500: a defect
  NotReady,                  // 503: delivery, database or start-up is not there; try again
};

struct ErrorKind {
  ErrorCode code;
  int http_status;
  std::string_view snake_case;   // `error`, generation G1 of the API
  std::string_view pascal_case;  // `errorCode`, generation G2
  bool retryable;                // the same request may succeed later
};
const ErrorKind& kind_of(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;                        // a sentence: what, where, what to do
  std::vector<describe::Problem> problems{};  // `details`: one row per offending field
  std::vector<std::string> required_scopes{};
  int retry_after_s = 0;
};

template <class T>
using Result = tl::expected<T, Error>;

// An Error in the shape that functions returning Result<T> return.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message,
                                  std::vector<describe::Problem> problems = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(problems), {}, 0});
}

// The envelope of the API: error, errorCode, message, statusCode, details?, required?, requestId?.
describe::Json error_envelope(const Error& error, std::string_view request_id);

}  // namespace segmentflow
