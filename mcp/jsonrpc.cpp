#include "mcp/jsonrpc.hpp"

#include <algorithm>
#include <utility>

#include "schemas/describe/hidden.hpp"
#include "schemas/describe/utf8.hpp"

namespace mcp::jsonrpc {
namespace {

constexpr std::size_t quoted_bytes_max = 80;

// Looks for the member "id" of the outermost object, event by event, so that it also works on a
// text that breaks off or breaks a limit. Two ids are no id.
class IdFinder : public nlohmann::json_sax<Json> {
 public:
  std::string id() const { return count_ == 1 ? id_ : std::string(no_id); }

  bool null() override { return value({}); }
  bool boolean(bool) override { return value({}); }
  bool number_integer(number_integer_t number) override { return value(number); }
  bool number_unsigned(number_unsigned_t number) override { return value(number); }
  bool number_float(number_float_t, const string_t&) override { return value({}); }
  bool string(string_t& text) override { return at_id_ ? value(std::move(text)) : true; }
  bool binary(binary_t&) override { return value({}); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return depth_ == 0 ? false : open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    settle();
    at_id_ = depth_ == 1 && name == "id";
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool value(Json given) {
    if (std::exchange(at_id_, false)) {
      pending_ = id_text(given).value_or(std::string(no_id));
    }
    return true;
  }
  bool open() {
    value({});
    ++depth_;
    return true;
  }
  bool close() {
    settle();
    --depth_;
    return true;
  }
  // An id counts once something follows it: the text may break off within a number.
  void settle() {
    if (!pending_) return;
    ++count_;
    id_ = std::move(*std::exchange(pending_, std::nullopt));
  }

  std::string id_{no_id};
  std::optional<std::string> pending_;
  int count_ = 0;
  std::size_t depth_ = 0;
  bool at_id_ = false;
};

Code code_of(describe::JsonFault fault) {
  switch (fault) {
    case describe::JsonFault::Syntax:
    case describe::JsonFault::InvalidUtf8:
      return Code::ParseError;
    default:
      return Code::InvalidRequest;
  }
}

Message invalid(std::string id, std::string sentence) {
  Message message;
  message.id = std::move(id);
  message.fault = Fault{Code::InvalidRequest, std::move(sentence)};
  return message;
}

const Json* member(const Json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

Fault fault_of(const Json& error) {
  Fault fault{Code::InternalError, "The client sent no error message."};
  if (!error.is_object()) return fault;
  const Json* code = member(error, "code");
  if (code != nullptr && code->is_number_integer())
    fault.code = static_cast<Code>(code->get<int>());
  const Json* message = member(error, "message");
  if (message != nullptr && message->is_string()) fault.message = message->get<std::string>();
  return fault;
}

Message classify_response(Json& value, std::string id) {
  const auto result = value.find("result");
  const Json* error = member(value, "error");
  if (result == value.end() && error == nullptr) {
    return invalid(std::move(id), "The member method is missing; a request names one.");
  }
  Message response;
  response.kind = Message::Kind::Response;
  response.id = std::move(id);
  if (error != nullptr) {
    response.fault = fault_of(*error);
  } else {
    response.result = std::move(*result);
  }
  return response;
}

void take_params(Json& value, Message& message) {
  auto params = value.find("params");
  if (params == value.end()) return;
  if (params->is_object()) {
    message.params = std::move(*params);
    return;
  }
  message.kind = Message::Kind::Invalid;
  message.fault = Fault{Code::InvalidParams, "The member params must be an object."};
}

bool is_plain_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

void append_escape(std::string& out, unsigned char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 0xf];
  }
}

}  // namespace

std::optional<std::string> id_text(const Json& value) {
  if (value.is_number_integer()) return value.dump();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > id_bytes_max) return std::nullopt;
  std::string out;
  append_string(out, text);
  return out;
}

std::string find_id(std::string_view text) {
  IdFinder finder;
  // The result only says whether the text was read to its end, which it need not be.
  static_cast<void>(Json::sax_parse(text.begin(), text.end(), &finder));
  return finder.id();
}

tl::expected<Json, ReadFault> read(std::string_view text, const describe::JsonLimits& limits) {
  auto value = describe::parse_json(text, limits);
  if (value) return std::move(*value);
  Fault fault{code_of(value.error().fault), std::move(value.error().message)};
  return tl::unexpected(ReadFault{std::move(fault), find_id(text)});
}

Message classify(Json value) {
  if (!value.is_object()) {
    return invalid(std::string(no_id), "A message must be a JSON object with jsonrpc and method.");
  }
  const Json* id = member(value, "id");
  std::optional<std::string> known_id;
  if (id != nullptr) known_id = id_text(*id);
  std::string answer_id = known_id.value_or(std::string(no_id));
  const Json* version = member(value, "jsonrpc");
  if (version == nullptr || *version != "2.0") {
    return invalid(std::move(answer_id), "The member jsonrpc is missing or not \"2.0\".");
  }
  const Json* method = member(value, "method");
  if (method == nullptr) return classify_response(value, std::move(answer_id));
  if (!method->is_string()) {
    return invalid(std::move(answer_id), "The member method must be a string.");
  }
  if (id != nullptr && !known_id) {
    return invalid(std::string(no_id),
                   "The id must be an integer or a string of at most 1024 bytes; a notification "
                   "has no id at all.");
  }
  Message message;
  message.kind = id != nullptr ? Message::Kind::Request : Message::Kind::Notification;
  message.id = std::move(answer_id);
  message.method = method->get<std::string>();
  message.params = Json::object();
  take_params(value, message);
  return message;
}

std::string write_result(std::string_view id, std::string_view result) {
  std::string out;
  out.reserve(id.size() + result.size() + 40);
  out += R"({"jsonrpc":"2.0","id":)";
  out += id;
  out += R"(,"result":)";
  out += result;
  out += '}';
  return out;
}

std::string write_fault(const Fault& fault) {
  std::string out = R"({"code":)";
  out += std::to_string(static_cast<int>(fault.code));
  out += R"(,"message":)";
  append_string(out, fault.message);
  if (!fault.data.empty()) out.append(R"(,"data":)").append(fault.data);
  return out += '}';
}

std::string write_error(std::string_view id, const Fault& fault) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out.append(id).append(R"(,"error":)").append(write_fault(fault));
  return out += '}';
}

std::string write_outcome(std::string_view id, const Outcome& outcome) {
  return outcome ? write_result(id, *outcome) : write_error(id, outcome.error());
}

std::string write_notification(std::string_view method, std::string_view params) {
  std::string out = R"({"jsonrpc":"2.0","method":)";
  append_string(out, method);
  return out.append(R"(,"params":)").append(params).append("}");
}

std::string write_request(std::string_view id, std::string_view method, std::string_view params) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out.append(id).append(R"(,"method":)");
  append_string(out, method);
  return out.append(R"(,"params":)").append(params).append("}");
}

void append_string(std::string& out, std::string_view text) {
  if (!is_plain_ascii(text)) {
    out += describe::dump_json(Json(text));
    return;
  }
  out += '"';
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, start, i - start);
    append_escape(out, c);
    start = i + 1;
  }
  out.append(text, start);
  out += '"';
}

std::string quoted(std::string_view shown) {
  const std::string text = describe::without_hidden(shown);
  if (text.size() <= quoted_bytes_max) return "'" + text + "'";
  return "'" + std::string(describe::utf8_beginning(text, quoted_bytes_max)) + "...'";
}

}  // namespace mcp::jsonrpc
