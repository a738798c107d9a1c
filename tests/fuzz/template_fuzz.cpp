// Fuzzes what is made of a template's text: reading, checking and rendering it.
// Input: JSON text, {"definition": {...}, "state": {"data", "profile", "event", "brand"}}.
#include <string>

#include "core/templates/preview.hpp"
#include "schemas/describe/json.hpp"
#include "tests/fuzz/promise.hpp"

using namespace segmentflow;
using describe::Json;
using fuzz::require;

namespace {

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// The rules of every output, whatever came in.
void check(const Preview& preview) {
  const render::Budget budget;
  require(preview.html.size() <= budget.output_bytes_max, "HTML over the budget");
  require(preview.text.size() <= budget.output_bytes_max, "text over the budget");
  require(preview.html.find("<script") == std::string::npos, "a script element");
  // Other attributes, such as alt, may hold any text.
  for (const char* address : {" href=\"javascript:", " src=\"javascript:"}) {
    require(preview.html.find(address) == std::string::npos, "a javascript: URL");
  }
  require(describe::parse_json(describe::dump_json(preview.html), {.bytes_max = std::string::npos})
              .has_value(),
          "HTML that is not UTF-8");
}

void run(const Json& input) {
  const Json* definition = member(input, "definition");
  if (definition == nullptr || !definition->is_object()) return;
  const auto compiled = compile_template(*definition);
  if (!compiled) return require(!compiled.error().message.empty(), "an error without words");
  render::State state;
  if (const Json* given = member(input, "state"); given != nullptr && given->is_object()) {
    state = {member(*given, "data"), member(*given, "profile"), member(*given, "event"),
             member(*given, "brand")};
  }
  const auto preview = preview_template(*compiled, state);
  if (!preview) return require(!preview.error().message.empty(), "an error without words");
  check(*preview);
  const auto again = preview_template(*compiled, state);
  require(again && again->html == preview->html && again->text == preview->text,
          "one rendering like the other");
  if (state.data == nullptr) return;
  if (const auto kept = compiled->without_sensitive("data", *state.data)) {
    const auto kept_again = compiled->without_sensitive("data", *kept);
    require(!kept_again || *kept_again == *kept, "nothing sensitive is left");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = describe::parse_json({reinterpret_cast<const char*>(bytes), size});
  if (input && input->is_object()) run(*input);
  return 0;
}
