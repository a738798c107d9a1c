// Content blocks of results and messages.
// https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/describe/json.hpp"

namespace mcp {

using describe::Json;

// What a resource holds: text, or bytes as base64.
struct ResourceContents {
  std::string uri;
  std::string mime_type;
  std::string text;
  std::optional<std::string> base64;  // instead of text
};

Json text_block(std::string_view text);
Json image_block(std::string_view base64, std::string_view mime_type);
Json audio_block(std::string_view base64, std::string_view mime_type);
Json embedded_resource_block(const ResourceContents& contents);

Json contents_json(const ResourceContents& contents);

}  // namespace mcp
