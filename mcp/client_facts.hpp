// What a client says of itself: in the handshake (legacy era) or with each request (modern era).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "schemas/describe/json.hpp"

namespace mcp {

using describe::Json;

struct ClientFacts {
  Json capabilities = Json::object();  // ClientCapabilities of the specification

  // Whether it declares the capability: "sampling", "roots", or "elicitation", which stands for
  // forms: clients that only open addresses say so by a member `url` alone.
  bool can(std::string_view capability) const {
    if (!has_object(capabilities, capability)) return false;
    if (capability != "elicitation") return true;
    const Json& ways = capabilities.at("elicitation");
    return ways.empty() || ways.contains("form");
  }

  // Whether it declares the extension: "io.modelcontextprotocol/tasks".
  bool has_extension(std::string_view name) const {
    const auto extensions = capabilities.find("extensions");
    return extensions != capabilities.end() && has_object(*extensions, name);
  }

 private:
  static bool has_object(const Json& in, std::string_view name) {
    if (!in.is_object()) return false;
    const auto found = in.find(name);
    return found != in.end() && found->is_object();
  }
};

}  // namespace mcp
