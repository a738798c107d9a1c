// Renders one template over and over on one thread, parsed once.
// Arguments: a file with {"body", "state"}, seconds, `html` or `both`.
// Prints {"renders", "cpu_s", "html_bytes", "text_bytes"}.
#include <fmt/format.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "core/templates/render/render.hpp"

namespace segmentflow {
namespace {

constexpr int kRendersBetweenLooks = 64;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

int bench(const char* file, double seconds, render::Parts parts) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const auto input = describe::Json::parse(text.str());
  const auto parsed = render::parse_spec(input.at("body"));
  if (!parsed) throw std::runtime_error(parsed.error().message);
  const render::State state{&input.at("state").at("data"), nullptr, nullptr, nullptr};
  const auto render_one = [&] {
    auto rendered = render::render(*parsed->spec, state, {}, {}, parts);
    if (!rendered) throw std::runtime_error(rendered.error().message);
    return std::move(*rendered);
  };
  const auto first = render_one();
  std::int64_t renders = 0;
  const double start = cpu_seconds();
  double spent = 0;
  while (spent < seconds) {
    for (int i = 0; i < kRendersBetweenLooks; ++i) render_one();
    renders += kRendersBetweenLooks;
    spent = cpu_seconds() - start;
  }
  fmt::print("{{\"renders\": {}, \"cpu_s\": {}, \"html_bytes\": {}, \"text_bytes\": {}}}\n",
             renders, spent, first.html.size(), first.text.size());
  return 0;
}

}  // namespace
}  // namespace segmentflow

int main(int argc, char** argv) {
  using segmentflow::render::Parts;
  if (argc != 4) {
    std::fprintf(stderr, "usage: renders_bench FILE SECONDS html|both\n");
    return 2;
  }
  try {
    const bool both = std::string_view(argv[3]) == "both";
    return segmentflow::bench(argv[1], std::atof(argv[2]), both ? Parts::HtmlAndText : Parts::Html);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
