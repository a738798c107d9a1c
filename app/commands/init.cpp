#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/demo.hpp"
#include "app/runtime.hpp"

namespace segmentflow::app {
namespace {

Result<void> make_organization(Runtime& runtime, const std::string& name) {
  return runtime.committer().run([&](Transaction& tx) -> Result<void> {
    // A later init without a name leaves what is there.
    if (name != InitOptions{}.organization || list_organizations(tx).empty()) {
      ensure_organization(tx, runtime.ids(), name);
    }
    return {};
  });
}

Result<std::string> stored_delivery_url(Runtime& runtime) {
  Result<std::string> url = std::string();
  const auto read = runtime.database().read(
      [&](Transaction& tx) { url = load_delivery_url(tx, runtime.secret()); });
  if (!read) return tl::unexpected(read.error());
  return url;
}

}  // namespace

int run_init(const Settings& settings, const InitOptions& options) {
  if (auto done = initialise(settings); !done) return report(done.error());
  auto runtime = Runtime::open(settings);
  if (!runtime) return report(runtime.error());
  if (options.demo) {
    if (auto key = make_demo(**runtime); !key) return report(key.error());
  } else if (auto made = make_organization(**runtime, options.organization); !made) {
    return report(made.error());
  }
  const auto url = stored_delivery_url(**runtime);
  if (!url) return report(url.error());
  fmt::print("Data folder: {}\nDelivery:    {}\n", settings.data_dir.string(),
             describe_delivery(settings, *url));
  if (options.demo) {
    fmt::print("Demo key:    in {}\n", (settings.data_dir / "demo.key").string());
  } else {
    fmt::print(R"(Next:
  segmentflow domains add mail.example.com
  segmentflow senders add "Acme <hello@mail.example.com>"
  segmentflow templates import FILE --sender hello@mail.example.com
  segmentflow keys create --name backend --scopes emails:write,emails:read
)");
  }
  return 0;
}

}  // namespace segmentflow::app
