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
  const DeliveryStatus delivery = (*runtime)->engine().delivery_status();
  fmt::print("Data folder: {}\nDelivery:    {}\n", settings.data_dir.string(), delivery.detail);
  if (options.demo) {
    fmt::print("Demo key:    in {}\n", (settings.data_dir / "demo.key").string());
  } else {
    fmt::print(
        "Next:        segmentflow domains add DOMAIN, senders add \"Name <address>\", templates "
        "import FILE, keys create --name backend --scopes emails:write,emails:read\n");
  }
  return 0;
}

}  // namespace segmentflow::app
