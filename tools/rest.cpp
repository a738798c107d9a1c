#include "tools/rest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/ascii.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using describe::Carried;
using describe::Json;

constexpr std::string_view kKeyHeader = "x-api-key";
constexpr std::string_view kAuthorizationHeader = "authorization";
constexpr std::string_view kIdempotencyHeader = "idempotency-key";

const std::string* find_pair(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return &value;
  }
  return nullptr;
}

// A Structured-Field string (RFC 9651 §3.3.3) and the bare text are the same value: clients of the
// Idempotency-Key draft quote it, most others do not.
std::string unquoted(const std::string& value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  std::string text;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    text.push_back(value[i]);
  }
  return text;
}

// Whether a proxy may have joined two values of a header into this one: a quoted text that goes on
// after its end, or a bare one with a comma and a blank.
bool holds_two(std::string_view value) {
  if (!value.starts_with('"')) return value.find(", ") != std::string_view::npos;
  std::size_t end = 1;
  while (end < value.size() && value[end] != '"') end += value[end] == '\\' ? 2 : 1;
  return value.find(',', end) != std::string_view::npos;
}

// The header text that reads back as the value, also when that has quotes or blanks at its ends, or
// looks like two.
std::string quoted_if_needed(const std::string& value) {
  const auto is_edge = [](char c) { return c == '"' || c == ' '; };
  const bool has_edge = !value.empty() && (is_edge(value.front()) || is_edge(value.back()));
  if (!has_edge && !holds_two(value)) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  return text + '"';
}

Error not_text(const describe::Field& field) {
  return invalid_input({{fmt::format("/{}", field.name),
                         fmt::format("The header {} is not valid UTF-8 text; encode it as UTF-8.",
                                     field.rules.header)}});
}

bool expects_body(const Operation& operation) {
  const auto& fields = operation.request->fields;
  return std::any_of(fields.begin(), fields.end(),
                     [](const auto& field) { return field.rules.carried == Carried::Body; });
}

Result<Json> body_object(const Operation& operation, const std::string& body) {
  // Many clients send {} where nothing is expected; members would be unknown names.
  if (body.empty() && !expects_body(operation)) return Json::object();
  describe::JsonLimits limits;
  limits.bytes_max = operation.info.body_bytes_max;
  auto parsed = describe::parse_json(body, limits);
  if (!parsed) {
    const auto& fault = parsed.error();
    const auto code = fault.fault == describe::JsonFault::TooLarge ? ErrorCode::PayloadTooLarge
                                                                   : ErrorCode::ValidationFailed;
    return fail(code, fault.message, {{fault.path, fault.message}});
  }
  if (!parsed->is_object()) {
    return fail(ErrorCode::ValidationFailed, "The body must be one JSON object.",
                {{"", "The body must be one JSON object."}});
  }
  return std::move(*parsed);
}

// A field that REST carries elsewhere is not one of the body's.
std::optional<describe::Problem> misplaced(const Operation& operation, const Json& body) {
  for (const auto& field : operation.request->fields) {
    if (field.rules.carried == Carried::Body || !body.contains(std::string(field.name))) continue;
    const std::string where = field.rules.carried == Carried::Header
                                  ? fmt::format("the header {}", field.rules.header)
                                  : std::string("the URL");
    return describe::Problem{
        fmt::format("/{}", field.name),
        fmt::format("Over REST {} is given in {}, not in the body.", field.name, where)};
  }
  return std::nullopt;
}

// A parameter given several times is an array (?status=Active&status=Archived).
Result<void> take_query(const Operation& operation, const Pairs& query, Json& input) {
  std::vector<std::string_view> known;
  for (const auto& field : operation.request->fields) {
    if (field.rules.carried == Carried::Query) known.push_back(field.name);
  }
  if (!operation.info.hints.read_only) known.push_back(kDryRun);
  if (operation.info.asks_first) known.push_back(kConfirmationToken);
  std::vector<describe::Problem> problems;
  for (const auto& [name, value] : query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string near = describe::nearest_name(name, known);
      problems.push_back({fmt::format("/{}", name),
                          fmt::format("There is no query parameter with this name.{}",
                                      near.empty() ? "" : fmt::format(" Did you mean {}?", near))});
    } else if (!input.contains(name)) {
      input[name] = value;
    } else if (name == kDryRun || name == kConfirmationToken) {
      problems.push_back({fmt::format("/{}", name), fmt::format("{} is given twice.", name)});
    } else {
      input[name] = input[name].get<std::string>() + "," + value;
    }
  }
  if (problems.empty()) return {};
  return tl::unexpected(invalid_input(std::move(problems)));
}

bool is_unreserved(unsigned char c) {
  return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~';
}

// RFC 3986 §2.1.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(static_cast<unsigned char>(c))) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// How a value stands in a URL or header.
std::string plain_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return describe::dump_json(value);
  std::string joined;
  for (const Json& item : value) {
    if (!joined.empty()) joined += ',';
    joined += plain_text(item);
  }
  return joined;
}

void replace_capture(std::string& path, std::string_view name, std::string_view value) {
  const std::string capture = fmt::format("{{{}}}", name);
  const std::size_t at = path.find(capture);
  if (at != std::string::npos) path.replace(at, capture.size(), percent_encoded(value));
}

}  // namespace

Result<std::string> api_key_of(const Pairs& headers) {
  const auto* key = find_pair(headers, kKeyHeader);
  const auto* authorization = find_pair(headers, kAuthorizationHeader);
  const bool has_key = key != nullptr && !key->empty();
  if (authorization == nullptr || authorization->empty()) return has_key ? *key : "";
  constexpr std::string_view kBearer = "bearer ";
  std::string token;
  if (ascii_lower(authorization->substr(0, kBearer.size())) == kBearer) {
    const std::size_t start = authorization->find_first_not_of(' ', kBearer.size());
    if (start != std::string::npos) token = authorization->substr(start);
  }
  if (!has_key || *key == token) return token;
  return fail(ErrorCode::ValidationFailed,
              "The headers x-api-key and authorization hold different credentials; send one of "
              "them.");
}

std::optional<std::string> two_keys(const Pairs& headers) {
  const auto is_key = [](const auto& each) { return each.first == kIdempotencyHeader; };
  const auto first = std::ranges::find_if(headers, is_key);
  if (first == headers.end()) return std::nullopt;
  const bool is_twice = std::any_of(first + 1, headers.end(), is_key);
  if (!is_twice && !holds_two(first->second)) return std::nullopt;
  return "The header Idempotency-Key is there twice, in two lines or joined with a comma; send it "
         "once, and a key with a comma in it in double quotes.";
}

bool reads_idempotency_key(const Operation& operation) {
  return std::ranges::any_of(operation.request->fields, [](const auto& field) {
    return field.rules.carried == Carried::Header &&
           ascii_lower(field.rules.header) == kIdempotencyHeader;
  });
}

std::vector<std::string> operation_headers(const Registry& registry) {
  std::set<std::string> names{std::string(kKeyHeader)};
  for (const auto& operation : registry.operations()) {
    for (const auto& field : operation.request->fields) {
      if (field.rules.carried == Carried::Header) names.insert(ascii_lower(field.rules.header));
    }
  }
  names.erase(std::string(kIdempotencyHeader));
  return {names.begin(), names.end()};
}

Result<Json> rest_input(const Operation& operation, const RestRequest& request) {
  auto input = body_object(operation, request.body);
  if (!input) return input;
  if (auto problem = misplaced(operation, *input)) return tl::unexpected(invalid_input({*problem}));
  if (auto taken = take_query(operation, request.query, *input); !taken) {
    return tl::unexpected(taken.error());
  }
  for (const auto& field : operation.request->fields) {
    const std::string name(field.name);
    if (field.rules.carried == Carried::Path) {
      if (const auto* value = find_pair(request.captures, name)) (*input)[name] = *value;
    } else if (field.rules.carried == Carried::Header) {
      const auto* value = find_pair(request.headers, ascii_lower(field.rules.header));
      if (value == nullptr) continue;
      if (!describe::is_valid_utf8(*value)) return tl::unexpected(not_text(field));
      (*input)[name] = unquoted(*value);
    }
  }
  return input;
}

RestResponse rest_response(const Result<Answer>& answer, std::string_view request_id) {
  if (answer) {
    return {200, answer->headers(), [made = *answer] { return describe::dump_json(made.body()); }};
  }
  const Error& error = answer.error();
  RestResponse response{kind_of(error.code).http_status, {}, nullptr};
  response.body = [text = describe::dump_json(error_envelope(error, request_id))] { return text; };
  if (error.code == ErrorCode::Unauthorized) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"segmentflow\"");
  }
  if (kind_of(error.code).retryable) {
    response.headers.emplace_back("Retry-After", std::to_string(std::max(1, error.retry_after_s)));
  }
  return response;
}

RestCall rest_call(const Operation& operation, const Json& arguments) {
  RestCall call;
  call.method = operation.info.method;
  std::string path(operation.info.path);
  std::string query;
  Json body = arguments;
  for (const auto& field : operation.request->fields) {
    const std::string name(field.name);
    if (field.rules.carried == Carried::Body || !arguments.contains(name)) continue;
    body.erase(name);
    const Json& value = arguments.at(name);
    if (value.is_null()) continue;
    const std::string text = plain_text(value);
    if (field.rules.carried == Carried::Path) {
      replace_capture(path, name, text);
    } else if (field.rules.carried == Carried::Header) {
      call.headers.emplace_back(field.rules.header, quoted_if_needed(text));
    } else {
      query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, percent_encoded(text));
    }
  }
  if (expects_body(operation)) {
    call.body = describe::dump_json(body);
  } else if (body.contains(kDryRun)) {
    query += fmt::format("{}{}={}", query.empty() ? "?" : "&", kDryRun, plain_text(body[kDryRun]));
  }
  call.target = path + query;
  return call;
}

}  // namespace segmentflow
