#include "mcp/resources.hpp"

namespace mcp {
namespace {

using jsonrpc::Code;

void add_texts(Json& json, const std::string& name, const std::string& title,
               const std::string& description, const std::string& mime_type, Revision revision) {
  json["name"] = name;
  if (has_titles(revision) && !title.empty()) json["title"] = title;
  if (!description.empty()) json["description"] = description;
  if (!mime_type.empty()) json["mimeType"] = mime_type;
}

}  // namespace

jsonrpc::Fault no_resource(Revision revision, const std::string& uri) {
  const Code code = is_modern(revision) ? Code::InvalidParams : Code::ResourceNotFound;
  std::string data = R"({"uri":)";
  jsonrpc::append_string(data, uri);
  return {code,
          "There is no resource " + jsonrpc::quoted(uri) +
              "; resources/list and resources/templates/list tell what there is.",
          data += '}'};
}

std::string write_resource_list(const std::vector<Resource>& resources, Revision revision) {
  Json list = Json::array();
  for (const Resource& each : resources) {
    Json json = {{"uri", each.uri}};
    add_texts(json, each.name, each.title, each.description, each.mime_type, revision);
    list.push_back(std::move(json));
  }
  return describe::dump_json(Json{{"resources", std::move(list)}});
}

std::string write_template_list(const std::vector<ResourceTemplate>& templates, Revision revision) {
  Json list = Json::array();
  for (const ResourceTemplate& each : templates) {
    Json json = {{"uriTemplate", each.uri_template}};
    add_texts(json, each.name, each.title, each.description, each.mime_type, revision);
    list.push_back(std::move(json));
  }
  return describe::dump_json(Json{{"resourceTemplates", std::move(list)}});
}

std::string write_contents(const std::vector<ResourceContents>& contents) {
  Json list = Json::array();
  for (const ResourceContents& each : contents) list.push_back(contents_json(each));
  return describe::dump_json(Json{{"contents", std::move(list)}});
}

std::optional<std::string> variable_in(std::string_view uri_template, std::string_view uri) {
  const std::size_t open = uri_template.find('{');
  const std::size_t close = uri_template.find('}');
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  const std::string_view before = uri_template.substr(0, open);
  const std::string_view after = uri_template.substr(close + 1);
  if (uri.size() <= before.size() + after.size() || !uri.starts_with(before) ||
      !uri.ends_with(after)) {
    return std::nullopt;
  }
  uri.remove_prefix(before.size());
  uri.remove_suffix(after.size());
  if (uri.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(uri);
}

}  // namespace mcp
