#include "core/base/error.hpp"

#include <array>
#include <cassert>
#include <nlohmann/json.hpp>

namespace segmentflow {
namespace {

using enum ErrorCode;

// In the order of the enum. G1 names where the documents give one, else the same words.
constexpr std::array kKinds = {
    ErrorKind{ValidationFailed, 400, "validation_failed", "ValidationFailed", false},
    ErrorKind{IdempotencyKeyRequired, 400, "idempotency_key_required", "IdempotencyKeyRequired",
              false},
    ErrorKind{Unauthorized, 401, "unauthorized", "Unauthorized", false},
    ErrorKind{InsufficientScope, 403, "insufficient_scope", "InsufficientScope", false},
    ErrorKind{RecipientNotAllowed, 403, "recipient_not_allowed", "RecipientNotAllowed", false},
    ErrorKind{TemplateNotAllowed, 403, "template_not_allowed", "TemplateNotAllowed", false},
    ErrorKind{Misdirected, 403, "misdirected", "Misdirected", false},
    ErrorKind{NotFound, 404, "not_found", "NotFound", false},
    ErrorKind{MethodNotAllowed, 405, "method_not_allowed", "MethodNotAllowed", false},
    ErrorKind{IdempotencyConflict, 409, "idempotency_conflict", "IdempotencyConflict", false},
    ErrorKind{PayloadTooLarge, 413, "payload_too_large", "PayloadTooLarge", false},
    ErrorKind{UnsupportedMediaType, 415, "unsupported_media_type", "UnsupportedMediaType", false},
    ErrorKind{InvalidSenderProfile, 422, "invalid_sender_profile", "InvalidSenderProfile", false},
    ErrorKind{InvalidReplyTo, 422, "invalid_reply_to", "InvalidReplyTo", false},
    ErrorKind{TemplateNotTransactional, 422, "template_not_transactional",
              "TemplateNotTransactional", false},
    ErrorKind{TemplateIncomplete, 422, "template_incomplete", "TemplateIncomplete", false},
    ErrorKind{TemplateArchived, 422, "template_archived", "TemplateArchived", false},
    ErrorKind{RecipientNotResolved, 422, "recipient_not_resolved", "RecipientNotResolved", false},
    ErrorKind{RecipientConflict, 422, "recipient_conflict", "RecipientConflict", false},
    ErrorKind{Conflict, 409, "conflict", "Conflict", false},
    ErrorKind{ConfirmationRequired, 409, "confirmation_required", "ConfirmationRequired", false},
    ErrorKind{PreconditionFailed, 412, "precondition_failed", "PreconditionFailed", false},
    ErrorKind{RenderFailed, 422, "render_failed", "RenderFailed", false},
    ErrorKind{DailyLimitReached, 429, "daily_limit_reached", "DailyLimitReached", true},
    ErrorKind{RateLimited, 429, "rate_limited", "RateLimited", true},
    ErrorKind{Internal, 500, "internal", "Internal", true},
    ErrorKind{NotReady, 503, "not_ready", "NotReady", true},
};

}  // namespace

const ErrorKind& kind_of(ErrorCode code) {
  const auto& kind = kKinds.at(static_cast<std::size_t>(code));
  assert(kind.code == code);
  return kind;
}

describe::Json error_envelope(const Error& error, std::string_view request_id) {
  const ErrorKind& kind = kind_of(error.code);
  describe::Json body = describe::Json::object();
  body["error"] = std::string(kind.snake_case);
  body["errorCode"] = std::string(kind.pascal_case);
  body["message"] = error.message;
  body["statusCode"] = kind.http_status;
  if (!error.problems.empty()) {
    describe::Json details = describe::Json::array();
    for (const auto& problem : error.problems) {
      describe::Json row = describe::Json::object();
      row["path"] = problem.path;
      row["message"] = problem.message;
      details.push_back(std::move(row));
    }
    body["details"] = std::move(details);
  }
  if (!error.required_scopes.empty()) body["required"] = error.required_scopes;
  if (!request_id.empty()) body["requestId"] = std::string(request_id);
  return body;
}

}  // namespace segmentflow
