#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "app/commands/commands.hpp"
#include "app/demo.hpp"
#include "app/runtime.hpp"
#include "app/shell.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow::app {
namespace {

constexpr const char* kFirstOrganization = "Default";
constexpr std::size_t kOrganizationNameBytesMax = 200;

// The organization that the next steps are for, and what there is beside it.
struct Organizations {
  std::string chosen;
  bool is_new = false;
  std::vector<std::string> all;  // in the order in which they were made
};

Result<void> check_name(const InitOptions& options) {
  const std::string& name = options.organization;
  if (options.demo && !name.empty()) {
    return fail(ErrorCode::ValidationFailed,
                "--demo makes an organization of its own; leave --organization out.");
  }
  if (name.size() > kOrganizationNameBytesMax || !describe::is_valid_utf8(name) ||
      describe::has_control_character(name)) {
    return fail(ErrorCode::ValidationFailed,
                fmt::format("--organization must be a line of text of at most {} bytes.",
                            kOrganizationNameBytesMax));
  }
  return {};
}

// A later init without a name leaves what is there.
Result<Organizations> make_organization(Runtime& runtime, const std::string& name) {
  Organizations made;
  const auto done = runtime.committer().run([&](Transaction& tx) -> Result<void> {
    made = {};
    for (const auto& known : list_organizations(tx)) made.all.push_back(known.name);
    const std::string fallback = made.all.empty() ? kFirstOrganization : made.all.front();
    made.chosen = name.empty() ? fallback : name;
    made.is_new = std::ranges::find(made.all, made.chosen) == made.all.end();
    if (!made.is_new) return {};
    ensure_organization(tx, runtime.ids(), made.chosen);
    made.all.push_back(made.chosen);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return made;
}

void print_next_steps(const Organizations& made) {
  std::string named;
  fmt::print("Organization: {}\n", made.chosen);
  if (made.all.size() > 1) {
    fmt::print("{}There are {} organizations: {}. Commands want the name of one.\n",
               made.is_new ? "A further one was made. " : "", made.all.size(),
               fmt::join(made.all, ", "));
    named = " --organization " + shell_word(made.chosen);
  }
  fmt::print(R"(Next:
  segmentflow domains add mail.example.com{0}
  segmentflow senders add "Acme <hello@mail.example.com>"{0}
  segmentflow templates import FILE --sender hello@mail.example.com{0}
  segmentflow keys create --name backend --scopes emails:write,emails:read{0}
)",
             named);
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
  if (auto checked = check_name(options); !checked) return report(checked.error());
  if (auto done = initialise(settings); !done) return report(done.error());
  auto runtime = Runtime::open(settings);
  if (!runtime) return report(runtime.error());
  Result<Organizations> organizations;
  if (options.demo) {
    if (auto key = make_demo(**runtime); !key) return report(key.error());
  } else {
    organizations = make_organization(**runtime, options.organization);
    if (!organizations) return report(organizations.error());
  }
  const auto url = stored_delivery_url(**runtime);
  if (!url) return report(url.error());
  fmt::print("Data folder:  {}\nDelivery:     {}\n", settings.data_dir.string(),
             describe_delivery(*url, capture_folder(settings)));
  if (options.demo) {
    fmt::print("Demo key:     in {}\n", (settings.data_dir / "demo.key").string());
  } else {
    print_next_steps(*organizations);
  }
  return 0;
}

}  // namespace segmentflow::app
