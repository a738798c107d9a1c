// The oracle of work and memory: what a rendering really takes is counted from outside, by the
// hooks of the sanitizers, and must keep to what it says it takes, whatever template and data are.
//
// Memory: each allocation, those of C libraries too. Work: each comparison that the code of
// core/templates makes (it is instrumented for the fuzzers); a loop makes at least one a round.
#include <cstdlib>
#include <random>

#include "tests/unit/render/harness.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEGMENTFLOW_COUNTS
#endif
#endif

#ifdef SEGMENTFLOW_COUNTS

using namespace render_test;

namespace {

struct Counts {
  std::size_t comparisons = 0;
  std::size_t allocated_bytes = 0;
  std::size_t live_bytes = 0;
  std::size_t peak_bytes = 0;
};
thread_local Counts counts;
thread_local bool is_counting = false;

}  // namespace

extern "C" {
int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                              void (*)(const volatile void*));
std::size_t __sanitizer_get_allocated_size(const volatile void*);

// Called at comparisons of instrumented code.
void __sanitizer_cov_trace_cmp1(std::uint8_t, std::uint8_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_cmp2(std::uint16_t, std::uint16_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_cmp4(std::uint32_t, std::uint32_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_cmp8(std::uint64_t, std::uint64_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_const_cmp1(std::uint8_t, std::uint8_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_const_cmp2(std::uint16_t, std::uint16_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_const_cmp4(std::uint32_t, std::uint32_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_const_cmp8(std::uint64_t, std::uint64_t) {
  ++counts.comparisons;
}
void __sanitizer_cov_trace_switch(std::uint64_t, std::uint64_t*) {
  ++counts.comparisons;
}
}

namespace {

void on_malloc(const volatile void*, std::size_t bytes) {
  if (!is_counting) return;
  counts.allocated_bytes += bytes;
  counts.live_bytes += bytes;
  counts.peak_bytes = std::max(counts.peak_bytes, counts.live_bytes);
}

void on_free(const volatile void* pointer) {
  if (!is_counting || pointer == nullptr) return;
  counts.live_bytes -= std::min(counts.live_bytes, __sanitizer_get_allocated_size(pointer));
}

bool install_hooks() {
  static const bool installed = __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0;
  return installed;
}

// How much more than it says a rendering may take. A unit of work is a byte handled, which takes
// some comparisons; every rendering has a start.
constexpr std::size_t kComparisonsPerUnit = 24;
constexpr std::size_t kAllocatedPerUnit = 16;
constexpr std::size_t kComparisonsAtStart = 20'000;
constexpr std::size_t kAllocatedAtStart = 256 << 10;
constexpr std::size_t kMemoryAtStart = 512 << 10;

struct Measured {
  bool is_whole = false;
  std::size_t work = 0;
  Counts counts;
  std::string message;
};

Measured measure(const Json& body, const Json& data, const Budget& budget) {
  const ParsedSpec spec = parsed(body);
  REQUIRE(install_hooks());
  counts = {};
  is_counting = true;
  const auto result =
      segmentflow::render::render(*spec.spec, State{.data = &data}, "preheader", budget);
  is_counting = false;
  Measured measured;
  measured.counts = counts;
  measured.is_whole = result.has_value();
  measured.work = result ? result->work : budget.work_max;
  if (!result) measured.message = result.error().message;
  return measured;
}

// Whether it kept to what it said. A rendering that failed did at most what the budget allows.
bool keeps(const Measured& measured, const Budget& budget) {
  const auto& [comparisons, allocated, live, peak] = measured.counts;
  return comparisons <= measured.work * kComparisonsPerUnit + kComparisonsAtStart &&
         allocated <= measured.work * kAllocatedPerUnit + kAllocatedAtStart &&
         peak <= budget.memory_bytes_max + kMemoryAtStart;
}

void check_cost(const std::string& what, const Json& body, const Json& data,
                const Budget& budget = {}) {
  const Measured measured = measure(body, data, budget);
  CAPTURE(what, measured.is_whole, measured.message, measured.work, measured.counts.comparisons,
          measured.counts.allocated_bytes, measured.counts.peak_bytes);
  CHECK(keeps(measured, budget));
}

Json texts(std::size_t count, const std::string& text) {
  Json list = Json::array();
  for (std::size_t at = 0; at < count; ++at) list.push_back(text);
  return list;
}

Json members(std::size_t count, const std::string& prefix) {
  Json object = Json::object();
  Json::object_t& inner = object.get_ref<Json::object_t&>();
  for (std::size_t at = 0; at < count; ++at) {
    inner.emplace_back(prefix + std::to_string(at), static_cast<std::int64_t>(at));
  }
  return object;
}

// Data near the real limit of 256 KiB, in several shapes.
Json large_data() {
  Json data = Json::object();
  data["l"] = texts(20'000, "ab");
  data["nulls"] = Json::array();
  for (int at = 0; at < 20'000; ++at) data["nulls"].push_back(nullptr);
  data["s"] = std::string(60'000, 's');
  data["q"] = std::string(20'000, '"');
  data["o"] = members(5'000, "m");
  data["small"] = members(30, std::string(200, 'k'));
  data["rows"] = texts(50, "r");
  data["n"] = 1.5;
  data["blanks"] = std::string(60'000, ' ');
  std::string zeros;
  for (int at = 0; at < 20'000; ++at) zeros += "0 ";
  data["zeros"] = zeros;
  data["lines"] = std::string(60'000, '\n');
  return data;
}

std::string text_of_call(const std::string& function, const std::string& args) {
  return R"({"type": "Text", "props": {"text": {"$computed": ")" + function + R"(", "args": )" +
         args + "}}}";
}

// The element once for each of the 50 rows.
Json repeated(const std::string& element) {
  Json body = Json::parse(R"({"root": "r", "elements": {"r": {"type": "Section", "props": {},
    "repeat": {"statePath": "/data/rows"}, "children": ["x"]}}})");
  body["elements"]["x"] = Json::parse(element);
  return body;
}

}  // namespace

TEST_CASE("Each step of a rendering pays for what it touches") {
  const Json data = large_data();
  const std::string s = R"({"$state": "/data/s"})";
  const std::string l = R"({"$state": "/data/l"})";
  const std::vector<std::pair<std::string, std::string>> elements = {
      {"upper", text_of_call("upper", R"({"value": )" + s + "}")},
      {"lower", text_of_call("lower", R"({"value": )" + s + "}")},
      {"concat", text_of_call("concat", R"({"a": )" + s + R"(, "b": )" + s + "}")},
      {"join", text_of_call("join", R"({"value": )" + l + "}")},
      {"join of nulls", text_of_call("length", R"({"value": {"$computed": "join", "args": {"value":
          {"$state": "/data/nulls"}, "separator": ""}}})")},
      {"length", text_of_call("length", R"({"value": )" + s + "}")},
      {"formatNumber", text_of_call("formatNumber", R"({"value": {"$state": "/data/n"},
          "decimals": 20})")},
      {"add", text_of_call("add", R"({"a": {"$state": "/data/n"}, "b": 1})")},
      {"default", text_of_call("default", R"({"value": "", "fallback": )" + s + "}")},
      {"a list", R"({"type": "Text", "props": {"text": [)" + s + "," + l + "]}}"},
      {"a list of nulls", R"({"type": "Text", "props": {"text": {"$state": "/data/nulls"}}})"},
      {"an object", text_of_call("length", R"({"value": [{"a": )" + s + "}]}")},
      {"a template", R"({"type": "Text", "props": {"text": {"$template": "${/data/s}"}}})"},
      {"quotes", R"({"type": "Text", "props": {"text": {"$state": "/data/q"}}})"},
      {"an attribute", R"({"type": "Image", "props": {"src": "https://a.example/x.png",
          "alt": {"$state": "/data/l"}}})"},
      {"an address", R"({"type": "Link", "props": {"text": "x",
          "href": {"$template": "https://a.example/?q=${/data/s}"}}})"},
      {"a look-up", R"({"type": "Text", "props": {"text": {"$state": "/data/o/m4999"}}})"},
      {"a look-up that fails", R"({"type": "Text", "props": {"text": {"$state": "/data/o/x"}}})"},
      {"long names", R"({"type": "Text", "props": {"text": {"$state": "/data/small/)" +
                         std::string(200, 'k') + R"(29"}}})"},
      {"a condition", R"({"type": "Text", "props": {"text": "x"}, "visible":
          {"$state": "/data/s", "eq": {"$state": "/data/s"}}})"},
      {"a heading", R"({"type": "Heading", "props": {"text": {"$state": "/data/s"}}})"},
      {"a style", R"({"type": "Text", "props": {"text": "x", "style":
          {"fontFamily": {"$state": "/data/s"}, "color": {"$state": "/data/q"}}}})"},
      {"a style of lists", R"({"type": "Text", "props": {"text": "x", "style":
          {"fontFamily": {"$state": "/data/l"}}}})"},
      {"a whole style", R"({"type": "Button", "props": {"text": "x", "href": "https://a.example",
          "style": {"$state": "/data/small"}}})"},
      {"a preview", R"({"type": "Preview", "props": {"text": {"$state": "/data/l"}}})"},
      {"a preview of nulls",
       R"({"type": "Preview", "props": {"text": {"$state": "/data/nulls"}}})"},
      {"lines", R"({"type": "Text", "props": {"text": {"$state": "/data/lines"}}})"},
      {"a shorthand", R"({"type": "Text", "props": {"text": "x", "style":
          {"margin": {"$state": "/data/zeros"}}}})"},
      {"an address after blanks", R"({"type": "Link", "props": {"text": "x", "href":
          {"$computed": "concat", "args": {"a": {"$state": "/data/blanks"}, "b":
          {"$computed": "join", "args": {"value": {"$state": "/data/nulls"},
          "separator": ""}}}}}})"},
      {"recipients", R"({"type": "Link", "props": {"text": "x", "href":
          {"$computed": "concat", "args": {"a": "mailto:", "b": {"$state": "/data/s"}, "c":
          {"$computed": "join", "args": {"value": {"$state": "/data/l"},
          "separator": ""}}}}}})"},
      {"the whole state", text_of_call("length", R"({"value": [{"$state": "/"}]})")},
  };
  for (const auto& [what, element] : elements) {
    check_cost(what, only(element), data);
    check_cost(what + ", repeated", repeated(element), data);
  }
}

TEST_CASE("Markdown pays for what it becomes") {
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int at = 0; at < count; ++at) all += text;
    return all;
  };
  std::string deep;
  for (int at = 0; at < 20; ++at) deep += "- ";
  const std::string code = deep + "```" + times(20'000, "\n" + std::string(40, ' ') + "x");
  for (const std::string& content :
       {times(50'000, "- a\n"), times(60'000, "*a "), times(40'000, "*a*\n\n"), times(4'000, deep),
        code, times(20'000, "> "), times(30'000, "a@b.cc "), times(20'000, "[a](b) "),
        "|a|b|\n|-|-|\n" + times(30'000, "|c|d|\n"), times(40'000, "`a`"),
        times(1'000, std::string(20, '>') + " a\n\n"), times(100'000, "\n")}) {
    const Json data = Json{{"md", content}, {"s", std::string(5'000, 's')}};
    for (const std::string& more :
         {std::string(), std::string(R"(, "markdownCustomStyles": {"li": {"color":
             {"$state": "/data/s"}}, "p": {"color": {"$state": "/data/s"}}})")}) {
      for (const std::string& given :
           {R"({"$state": "/data/md"})", R"({"$template": "${/data/md}"})"}) {
        check_cost(content.substr(0, 40) + more + given,
                   only(R"({"type": "Markdown", "props": {"content": )" + given + more + "}}"),
                   data);
      }
    }
  }
}

TEST_CASE("Values within Markdown pay each time they are shown") {
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int at = 0; at < count; ++at) all += text;
    return all;
  };
  Json data = large_data();
  data["tail"] = std::string(20'000, '>');
  for (const std::string& content :
       {"[a]: x${/data/q}\n\n" + times(8'000, "[a] "),
        "[a]: https://a.example/${/data/q}\n\n" + times(8'000, "[a] "),
        times(8'000, "![${/data/s}](https://a.example/x.png) "),
        times(200, "[a](https://a.example \"${/data/s}\") "), times(400, "    ${/data/s}\n"),
        times(8'000, "&#xF0005;") + "${/data/s}", times(60'000, "](<") + "${/data/s}",
        times(40'000, "](a (") + "${/data/s}"}) {
    const Json body = only(R"({"type": "Markdown", "props": {"content": {"$template": )" +
                           Json(content).dump() + "}}}");
    check_cost(content.substr(0, 40), body, data);
  }
  Json body = only(R"({"type": "Markdown", "props": {"content": {"$computed": "join", "args":
      {"value": {"$state": "/data/nulls"}, "separator": ""}}}})");
  for (auto& [key, element] : body["elements"].items()) {
    if (element["type"] != "Markdown") continue;
    element["props"]["markdownCustomStyles"]["br"]["color"] = std::string(200'000, 'c');
  }
  check_cost("a long style of line breaks", body, data);
}

TEST_CASE("Memory is bounded whatever is joined, listed or shared") {
  Json data = large_data();
  Budget small;
  small.memory_bytes_max = 1 << 20;
  const std::string l = R"({"$state": "/data/l"})";
  const std::string s = R"({"$state": "/data/s"})";
  std::string list = s;
  for (int at = 0; at < 400; ++at) list += "," + s;
  std::string doubled = s;
  for (int at = 0; at < 8; ++at) {
    doubled = R"({"$computed": "concat", "args": {"a": )" + doubled + R"(, "b": )" + doubled + "}}";
  }
  for (const std::string& element :
       {text_of_call("join", R"({"value": )" + l + R"(, "separator": )" + s + "}"),
        text_of_call("length", R"({"value": {"$computed": "join", "args": {"value": )" + l +
                                   R"(, "separator": )" + s + "}}}"),
        text_of_call("join", R"({"value": [)" + list + "]}"),
        text_of_call("length", R"({"value": [[)" + list + "],[" + list + "]]}"),
        text_of_call("length", R"({"value": )" + doubled + "}")}) {
    for (const Budget& budget : {Budget{}, small}) {
      check_cost(element.substr(0, 100), only(element), data, budget);
      check_cost(element.substr(0, 100) + " repeated", repeated(element), data, budget);
    }
  }
}

namespace {

// Random definitions and data: each expression may hold each other one.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }

  Json expression(int depth) {
    if (depth == 0) return leaf();
    switch (below(8)) {
      case 0:
        return Json{{"$cond", condition(depth - 1)},
                    {"$then", expression(depth - 1)},
                    {"$else", expression(depth - 1)}};
      case 1: {
        Json list = Json::array();
        for (std::size_t at = below(5); at > 0; --at) list.push_back(expression(depth - 1));
        return list;
      }
      case 2:
        return Json{{"m", expression(depth - 1)}};
      case 3:
        return leaf();
      default:
        return call(depth - 1);
    }
  }

  Json condition(int depth) {
    if (depth > 0 && below(3) == 0) {
      return Json{{below(2) ? "$and" : "$or", {condition(depth - 1), condition(depth - 1)}}};
    }
    return Json{{"$state", path()}, {below(2) ? "eq" : "gt", Json{{"$state", path()}}}};
  }

  Json body() {
    Json body = Json::parse(R"({"root": "h", "elements": {"h": {"type": "Html", "props": {},
      "children": ["b"]}, "b": {"type": "Body", "props": {}}}})");
    Json children = Json::array();
    for (std::size_t at = 1 + below(6); at > 0; --at) {
      const std::string key = "e" + std::to_string(at);
      children.push_back(key);
      body["elements"][key] = element();
      if (below(3) > 0) continue;
      body["elements"][key + "r"] = {{"type", "Section"},
                                     {"props", Json::object()},
                                     {"repeat", {{"statePath", path()}}},
                                     {"children", {key}}};
      children.back() = key + "r";
    }
    body["elements"]["b"]["children"] = std::move(children);
    return body;
  }

  Json data() {
    Json data = Json::object();
    std::size_t left = below(25) == 0 ? 250'000 : 3'000;
    for (const char* name : {"a", "b", "c", "d"}) {
      const std::size_t size = below(left);
      left -= size / 2;
      data[name] = value(size);
    }
    return data;
  }

 private:
  std::string path() {
    const std::string root = std::string("/data/") + static_cast<char>('a' + below(5));
    switch (below(6)) {
      case 0:
        return root + "/m" + std::to_string(below(2'000));
      case 1:
        return root + "/0";
      case 2:
        return below(10) == 0 ? "/" : root;
      default:
        return root;
    }
  }

  Json value(std::size_t bytes) {
    switch (below(6)) {
      case 0:
        return texts(bytes / 5, "ab");
      case 1:
        return members(bytes / 12, "m");
      case 2:
        return Json::array({texts(bytes / 10, ""), members(bytes / 24, "m")});
      case 3:
        return static_cast<std::int64_t>(random_());
      default:
        return std::string(bytes, "x\"<\n_"[below(5)]);
    }
  }

  Json leaf() {
    switch (below(5)) {
      case 0:
        return "literal";
      case 1:
        return Json{{"$item", below(2) ? "" : "m1"}};
      case 2:
        return Json{{"$template", "a${" + path() + "}b${" + path() + "}"}};
      default:
        return Json{{"$state", path()}};
    }
  }

  Json call(int depth) {
    static const std::vector<std::pair<std::string, std::vector<std::string>>> functions = {
        {"upper", {"value"}},
        {"lower", {"value"}},
        {"concat", {"a", "b", "c"}},
        {"join", {"value", "separator"}},
        {"length", {"value"}},
        {"formatNumber", {"value"}},
        {"add", {"a", "b"}},
        {"multiply", {"a", "b"}},
        {"default", {"value", "fallback"}}};
    const auto& [name, arguments] = functions[below(functions.size())];
    Json args = Json::object();
    for (const std::string& argument : arguments) args[argument] = expression(depth);
    return Json{{"$computed", name}, {"args", std::move(args)}};
  }

  Json style() {
    Json style = Json::object();
    for (std::size_t at = below(4); at > 0; --at) {
      style[std::vector<std::string>{"color", "margin", "padding", "fontSize"}[at]] = expression(1);
    }
    return style;
  }

  Json element() {
    switch (below(6)) {
      case 0:
        return {{"type", "Heading"}, {"props", {{"text", expression(2)}, {"style", style()}}}};
      case 1:
        return {{"type", "Button"},
                {"props", {{"text", expression(1)}, {"href", expression(3)}, {"style", style()}}}};
      case 2:
        return {{"type", "Image"},
                {"props", {{"src", "https://a.example/x.png"}, {"alt", expression(3)}}}};
      case 3:
        return {{"type", "Text"}, {"props", {{"text", expression(3)}}}, {"visible", condition(2)}};
      default:
        return {{"type", "Text"}, {"props", {{"text", expression(4)}, {"style", style()}}}};
    }
  }

  std::mt19937_64 random_;
};

std::size_t rounds() {
  return std::getenv("SEGMENTFLOW_TEST_FULL") == nullptr ? 1'000 : 100'000;
}

}  // namespace

TEST_CASE("Random templates keep to what they say they take") {
  const char* const given = std::getenv("SEGMENTFLOW_TEST_SEED");
  const std::uint64_t first = given == nullptr ? std::random_device{}() : std::stoull(given);
  for (std::size_t round = 0; round < rounds(); ++round) {
    Maker maker(first + round);
    const Json data = maker.data();
    const Json body = maker.body();
    Budget budget;
    if (maker.below(100) > 0) {  // small ones end sooner, by the same rules
      budget.work_max = 20'000 << maker.below(4);
      budget.memory_bytes_max = 100'000 << maker.below(5);
    }
    const Measured measured = measure(body, data, budget);
    if (keeps(measured, budget)) continue;
    CAPTURE(first + round, body.dump(), measured.message, measured.work,
            measured.counts.comparisons, measured.counts.allocated_bytes,
            measured.counts.peak_bytes);
    CHECK(keeps(measured, budget));
  }
}

#endif  // SEGMENTFLOW_COUNTS
