#include "mcp/tools.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <stdexcept>

#include "schemas/describe/parse.hpp"

namespace mcp {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

void check_name(const std::string& name) {
  if (!name.empty() && name.size() <= tool_name_bytes_max &&
      std::all_of(name.begin(), name.end(), is_name_character)) {
    return;
  }
  throw std::invalid_argument("Tool name " + jsonrpc::quoted(name) +
                              " must be 1 to 64 of A-Z a-z 0-9 _ - and the full stop.");
}

// A message is one line. In JSON text a raw line end is always white space between tokens.
void prepare_schema(const Tool& tool, std::string& schema) {
  std::erase_if(schema, [](char c) { return c == '\n' || c == '\r'; });
  if (schema.size() >= 2 && schema.front() == '{' && schema.back() == '}') return;
  throw std::invalid_argument("A schema of tool " + jsonrpc::quoted(tool.name) +
                              " must be the text of a JSON object.");
}

// The part of a header's name: a token (RFC 9110 §5.6.2).
std::string lower_token(const Tool& tool, const std::string& text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  std::string lower;
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_plain = is_letter || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
    if (!is_plain) break;
    lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!text.empty() && lower.size() == text.size()) return lower;
  throw std::invalid_argument("An x-mcp-header of tool " + jsonrpc::quoted(tool.name) +
                              " is no name of a header: " + jsonrpc::quoted(text) + ".");
}

// https://modelcontextprotocol.io/specification/2026-07-28/server/tools#x-mcp-header
std::vector<HeaderParameter> header_parameters_of(const Tool& tool) {
  constexpr const char* annotation = "x-mcp-header";
  std::vector<HeaderParameter> parameters;
  if (tool.input_schema.find(annotation) == std::string::npos) return parameters;
  const Json schema = Json::parse(tool.input_schema);
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return parameters;
  for (const auto& [name, property] : properties->items()) {
    const auto header = property.find(annotation);
    if (header == property.end() || !header->is_string()) continue;
    parameters.push_back(
        {name, "mcp-param-" + lower_token(tool, header->get_ref<const std::string&>())});
  }
  return parameters;
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  jsonrpc::append_string(out, text);
}

void append_hint(std::string& out, std::string_view name, bool value) {
  out += ",\"";
  out += name;
  out += value ? "\":true" : "\":false";
}

void append_annotations(std::string& out, const Tool& tool) {
  out += R"(,"annotations":{"title":)";
  jsonrpc::append_string(out, tool.title);
  append_hint(out, "readOnlyHint", tool.hints.read_only);
  append_hint(out, "destructiveHint", tool.hints.destructive);
  append_hint(out, "idempotentHint", tool.hints.idempotent);
  append_hint(out, "openWorldHint", tool.hints.open_world);
  out += '}';
}

void append_tool(std::string& out, const Tool& tool, Revision revision) {
  out += R"({"name":)";
  jsonrpc::append_string(out, tool.name);
  if (has_titles(revision)) append_member(out, "title", tool.title);
  append_member(out, "description", tool.description);
  out += R"(,"inputSchema":)";
  out += tool.input_schema;
  if (has_structured_output(revision) && !tool.output_schema.empty()) {
    out += R"(,"outputSchema":)";
    out += tool.output_schema;
  }
  if (has_annotations(revision)) append_annotations(out, tool);
  out += '}';
}

std::string write_tools(const std::vector<Tool>& tools, Revision revision) {
  std::string out = "[";
  for (const Tool& tool : tools) {
    if (out.back() == '}') out += ',';
    append_tool(out, tool, revision);
  }
  return out += ']';
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::string hex(hash.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  hex.pop_back();
  return hex;
}

}  // namespace

ToolList::ToolList(std::vector<Tool> tools) : tools_(std::move(tools)), positions_(tools_.size()) {
  for (Tool& tool : tools_) {
    check_name(tool.name);
    prepare_schema(tool, tool.input_schema);
    if (!tool.output_schema.empty()) prepare_schema(tool, tool.output_schema);
    tool.header_parameters = header_parameters_of(tool);
  }
  std::iota(positions_.begin(), positions_.end(), std::size_t{0});
  std::ranges::sort(positions_, {},
                    [this](std::size_t i) -> std::string_view { return tools_[i].name; });
  for (std::size_t position : positions_) names_.push_back(tools_[position].name);
  auto twice = std::ranges::adjacent_find(names_);
  if (twice != names_.end()) {
    throw std::invalid_argument("Tool name " + jsonrpc::quoted(*twice) + " is used twice.");
  }
}

const Tool* ToolList::find(std::string_view name) const {
  auto found = std::ranges::lower_bound(names_, name);
  if (found == names_.end() || *found != name) return nullptr;
  return &tools_[positions_[static_cast<std::size_t>(found - names_.begin())]];
}

std::string ToolList::nearest(std::string_view name) const {
  // A name of more than twice the longest legal length is no slip of the pen, and dear to compare.
  if (name.size() > 2 * tool_name_bytes_max) return {};
  return describe::nearest_name(name, names_);
}

const std::string& ToolList::digest() const {
  std::call_once(digested_, [&] {
    digest_ = "sha256:" + sha256_hex(write_tools(tools_, latest_legacy_revision));
  });
  return digest_;
}

const std::string& ToolList::list_json(Revision revision) const {
  const std::size_t shape = std::min(static_cast<std::size_t>(revision), shapes - 1);
  std::call_once(written_[shape], [&] {
    texts_[shape] = R"({"_meta":{"toolsDigest":")" + digest() + R"("},"tools":)" +
                    write_tools(tools_, revision) + "}";
  });
  return texts_[shape];
}

jsonrpc::Outcome write_tool_result(const ToolResult& result, Revision revision) {
  std::string structured;
  if (result.structured) {
    if (!result.structured->is_object()) {
      return tl::unexpected(jsonrpc::Fault{jsonrpc::Code::InternalError,
                                           "The tool's structured result is not an object. This is "
                                           "a defect of the server; please report it."});
    }
    structured = describe::dump_json(*result.structured);
  }
  const std::string& text = result.text.empty() ? structured : result.text;
  std::string out;
  out.reserve(text.size() + structured.size() + text.size() / 8 + 96);
  out += R"({"content":[)";
  for (const Json& block : result.content) {
    if (out.back() == '}') out += ',';
    out += describe::dump_json(block);
  }
  if (result.content.empty() && !text.empty()) {
    out += R"({"type":"text","text":)";
    jsonrpc::append_string(out, text);
    out += '}';
  }
  out += ']';
  if (result.structured && has_structured_output(revision)) {
    out += R"(,"structuredContent":)";
    out += structured;
  }
  if (result.is_error) out += R"(,"isError":true)";
  out += '}';
  return out;
}

}  // namespace mcp
