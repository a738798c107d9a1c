#include "mcp/content.hpp"

namespace mcp {
namespace {

Json data_block(const char* type, std::string_view base64, std::string_view mime_type) {
  return {{"type", type}, {"data", std::string(base64)}, {"mimeType", std::string(mime_type)}};
}

}  // namespace

Json text_block(std::string_view text) {
  return {{"type", "text"}, {"text", std::string(text)}};
}

Json image_block(std::string_view base64, std::string_view mime_type) {
  return data_block("image", base64, mime_type);
}

Json audio_block(std::string_view base64, std::string_view mime_type) {
  return data_block("audio", base64, mime_type);
}

Json embedded_resource_block(const ResourceContents& contents) {
  return {{"type", "resource"}, {"resource", contents_json(contents)}};
}

Json contents_json(const ResourceContents& contents) {
  Json json = {{"uri", contents.uri}};
  if (!contents.mime_type.empty()) json["mimeType"] = contents.mime_type;
  if (contents.base64) {
    json["blob"] = *contents.base64;
  } else {
    json["text"] = contents.text;
  }
  return json;
}

}  // namespace mcp
