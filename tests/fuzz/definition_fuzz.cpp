// Fuzzes whole definitions, made of the input piece by piece: elements within elements, repeats,
// expressions, texts with bare addresses and odd emphasis. Each text that is shown must stand in
// the plain text, in order.
#include <fuzzer/FuzzedDataProvider.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/templates/preview.hpp"
#include "schemas/describe/json.hpp"
#include "tests/fuzz/letters.hpp"
#include "tests/fuzz/promise.hpp"

using namespace segmentflow;
using describe::Json;
using fuzz::require;

namespace {

constexpr int kDepthMax = 6;
constexpr int kElementsMax = 40;
constexpr std::size_t kWordBytesMax = 40;

constexpr std::array kTexts = {"https://a.example/~sam~",
                               "www.a.example/*all*",
                               "sam_b_@a.example",
                               "*odd [l](https://a.example/*)",
                               "**bold** _soft_ ~~gone~~",
                               "- [x] done\n- [ ] open\n  - deep",
                               "| a | b |\n|---|---|\n| c | d |",
                               "a | b\n-|-\nc | d",
                               "> quote\n> > deeper",
                               "1. one\n2. two",
                               "# Heading https://a.example/B",
                               "one\ntwo\r\n\r\nthree",
                               "`code` ```",
                               "<b>&amp;</b>"};
constexpr std::array kComponents = {"Text",   "Heading", "Link",    "Button",   "Markdown",
                                    "Hr",     "Image",   "Section", "Row",      "Container",
                                    "Column", "Row",     "Section", "Markdown", "Text"};

class Maker {
 public:
  explicit Maker(FuzzedDataProvider& input) : input_(input) {}

  Json definition() {
    Json body = {{"root", "h"}, {"elements", Json::object()}};
    elements_["b"] = {{"type", "Body"}, {"props", Json::object()}, {"children", children(1, 4)}};
    elements_["h"] = {
        {"type", "Html"}, {"props", Json::object()}, {"children", Json::array({"b"})}};
    body["elements"] = elements_;
    return {{"from", ""}, {"subject", "s"}, {"body", body}};
  }

  Json data() const { return data_; }
  // The letters that the text part must hold.
  const std::string& expected() const { return expected_; }

 private:
  std::string word() {
    if (input_.ConsumeBool())
      return kTexts[input_.ConsumeIntegralInRange<std::size_t>(0, kTexts.size() - 1)];
    std::string made = input_.ConsumeRandomLengthString(kWordBytesMax);
    return fuzz::is_utf8(made) ? made : "word";
  }

  // An expression that gives `text` in one of several ways.
  Json giving(const std::string& text) {
    const std::string name = "v" + std::to_string(data_.size());
    switch (input_.ConsumeIntegralInRange(0, 4)) {
      case 0:
        return text;
      case 1:
        data_[name] = text;
        return {{"$state", "/data/" + name}};
      case 2:
        data_[name] = text;
        return {{"$template", "x ${/data/" + name + "} y"}};
      case 3:
        data_[name] = text;
        return {{"$computed", "concat"},
                {"args", {{"a", {{"$state", "/data/" + name}}}, {"b", " z"}}}};
      default:
        return {{"$cond", true}, {"$then", text}, {"$else", "no"}};
    }
  }

  void expect(const std::string& text) { fuzz::append_letters(expected_, text); }

  Json markdown() {
    const std::string text = word();
    Json content = giving(text);
    const bool is_value =
        content.is_object() && (content.contains("$template") || content.contains("$computed"));
    // Pictures are not read, a link's title neither.
    const bool is_plain = fuzz::has_plain_syntax(text) && text.find("](") == text.npos;
    if (is_value || is_plain) expect(text);
    return {{"content", content}};
  }

  Json props(const std::string& type) {
    if (type == "Markdown") return markdown();
    if (type == "Image") return {{"src", "https://a.example/x.png"}, {"alt", ""}};
    if (type != "Text" && type != "Heading" && type != "Link" && type != "Button") {
      return Json::object();
    }
    const std::string text = word();
    expect(text);
    Json made = {{"text", giving(text)}};
    if (type == "Link" || type == "Button") made["href"] = "https://a.example/" + type;
    return made;
  }

  Json children(int depth, int most) {
    Json keys = Json::array();
    for (int at = input_.ConsumeIntegralInRange(0, most); at > 0; --at) {
      if (elements_.size() >= kElementsMax) break;
      keys.push_back(element(depth));
    }
    return keys;
  }

  std::string element(int depth) {
    const std::string key = "e" + std::to_string(elements_.size());
    const std::string type =
        kComponents[input_.ConsumeIntegralInRange<std::size_t>(0, kComponents.size() - 1)];
    elements_[key] = Json::object();
    Json made = {{"type", type}, {"props", props(type)}};
    const bool is_container =
        type == "Section" || type == "Row" || type == "Column" || type == "Container";
    if (is_container && depth < kDepthMax) made["children"] = children(depth + 1, 3);
    if (is_container && input_.ConsumeIntegralInRange(0, 7) == 0) {
      data_["once"] = Json::array({"item"});
      made["repeat"] = {{"statePath", "/data/once"}};
    }
    elements_[key] = made;
    return key;
  }

  FuzzedDataProvider& input_;
  Json elements_ = Json::object();
  Json data_ = Json::object();
  std::string expected_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider input(bytes, size);
  Maker maker(input);
  const Json definition = maker.definition();
  const auto compiled = compile_template(definition);
  require(compiled.has_value(), "a definition that is read");
  const Json data = maker.data();
  const auto preview = preview_template(*compiled, {.data = &data});
  if (!preview) return 0;  // nested too deep
  std::string there;
  fuzz::append_letters(there, preview->text);
  require(fuzz::is_within(maker.expected(), there), "each text in the plain text, in order");
  require(preview->html.find("<script") == std::string::npos, "no script element");
  return 0;
}
