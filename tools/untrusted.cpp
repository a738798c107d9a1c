#include "tools/untrusted.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schemas/describe/hidden.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using describe::Kind;
using describe::Type;

// A text of plain ASCII, as nearly all are, needs no closer look.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t'; });
}

// True when something was taken out.
bool clean_text(std::string& text) {
  if (is_plain(text)) return false;
  std::string clean = without_hidden(text);
  const bool is_changed = clean.size() != text.size();
  text = std::move(clean);
  return is_changed;
}

bool clean_members(Json& object) {
  bool is_changed = false;
  bool is_renamed = false;
  for (const auto& [name, member] : object.items()) {
    is_changed = clean_json(member) || is_changed;
    is_renamed = is_renamed || (!is_plain(name) && without_hidden(name) != name);
  }
  if (!is_renamed) return is_changed;
  Json renamed = Json::object();
  for (const auto& [name, member] : object.items()) {
    std::string clean = without_hidden(name);
    while (renamed.contains(clean)) clean += '~';  // two names that look the same stay two
    renamed[clean] = std::move(member);
  }
  object = std::move(renamed);
  return true;
}

class Cleaner {
 public:
  std::vector<std::string> paths;

  // `is_untrusted`: of the field that holds the value.
  void visit(const Type& type, Json& value, const std::string& path, bool is_untrusted = false) {
    if (type.kind == Kind::Object && value.is_object()) return members(type, value, path);
    if (type.element != nullptr && value.is_array()) {
      for (Json& element : value) visit(*type.element, element, path + "/*", is_untrusted);
      return;
    }
    // Which alternative it is does not matter: what is not there is passed over.
    for (const Type* alternative : type.alternatives) visit(*alternative, value, path);
    if (!type.alternatives.empty() || value.is_null()) return;
    const bool is_changed = clean_json(value);
    if (is_changed || (is_untrusted && !value.empty())) note(path);
  }

 private:
  void members(const Type& type, Json& value, const std::string& path) {
    for (const auto& field : type.fields) {
      const auto member = value.find(std::string(field.name));
      if (member == value.end()) continue;
      visit(*field.type, *member, path + "/" + std::string(field.name), field.rules.untrusted);
    }
  }

  void note(const std::string& path) {
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  }
};

}  // namespace

std::vector<std::string> clean_untrusted(const Type& type, Json& body) {
  Cleaner cleaner;
  cleaner.visit(type, body, "");
  return std::move(cleaner.paths);
}

bool clean_json(Json& value) {
  if (value.is_string()) return clean_text(value.get_ref<std::string&>());
  if (value.is_object()) return clean_members(value);
  bool is_changed = false;
  if (!value.is_array()) return is_changed;
  for (Json& element : value) is_changed = clean_json(element) || is_changed;
  return is_changed;
}

std::string without_hidden(std::string_view text) {
  return describe::without_hidden(text);
}

std::string on_one_line(std::string_view text) {
  std::string line = without_hidden(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

}  // namespace segmentflow
