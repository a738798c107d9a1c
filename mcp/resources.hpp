// What a server offers as resources: things with an address that a host can read and attach.
// https://modelcontextprotocol.io/specification/2025-11-25/server/resources
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/content.hpp"
#include "mcp/jsonrpc.hpp"
#include "mcp/revision.hpp"

namespace mcp {

struct Resource {
  std::string uri;
  std::string name;
  std::string title;
  std::string description;
  std::string mime_type;
};

// Addresses with one variable: "segmentflow://templates/{id}" (RFC 6570, level 1).
struct ResourceTemplate {
  std::string uri_template;
  std::string name;
  std::string title;
  std::string description;
  std::string mime_type;
};

// The fault of a resource that is not there, in the words of the revision.
jsonrpc::Fault no_resource(Revision revision, const std::string& uri);

// The results of resources/list, resources/templates/list and resources/read as JSON text in the
// shape of `revision`.
std::string write_resource_list(const std::vector<Resource>& resources, Revision revision);
std::string write_template_list(const std::vector<ResourceTemplate>& templates, Revision revision);
std::string write_contents(const std::vector<ResourceContents>& contents);

// The value of the variable of a uri_template in the address; nullopt when it is none of its
// addresses.
std::optional<std::string> variable_in(std::string_view uri_template, std::string_view uri);

}  // namespace mcp
