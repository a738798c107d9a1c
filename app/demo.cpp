#include "app/demo.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "app/demo_templates.hpp"
#include "app/template_file.hpp"
#include "core/access/scopes.hpp"
#include "core/profiles/profiles.hpp"
#include "core/senders/senders.hpp"

namespace segmentflow::app {
namespace {

constexpr std::string_view kOrganization = "Acme (demo)";
constexpr std::string_view kDomain = "example.com";
constexpr std::string_view kProfileId = "018f7a35-5555-7555-8555-555555555555";
constexpr std::string_view kProfileEmail = "alex@example.com";

struct DemoTemplate {
  std::string_view id;
  std::string_view text;
  std::string_view sender;
};

// The ids that the documents' samples use.
constexpr std::array kTemplates = {
    DemoTemplate{"2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70", kReceiptTemplate,
                 "Acme Receipts <receipts@example.com>"},
    DemoTemplate{"d0df2e4d-8e44-4792-b2d5-8d3f2ea3d54b", kPasswordResetTemplate,
                 "Acme Support <support@example.com>"},
};

Result<void> make_templates(Runtime& runtime, Transaction& tx, const Uuid& organization_id) {
  for (const auto& demo : kTemplates) {
    const auto sender =
        add_sender_profile(tx, runtime.ids(), organization_id, parse_address(demo.sender).value());
    if (!sender) return tl::unexpected(sender.error());
    const Uuid id = Uuid::parse(demo.id).value();
    // A template that the user has edited since is left alone.
    if (retrieve_template(tx, organization_id, id)) continue;
    auto wanted = read_template_file(demo.text);
    if (!wanted) return tl::unexpected(wanted.error());
    wanted->id = id;
    wanted->sender_profile_id = sender->id;
    const auto saved = import_template(tx, runtime.ids(), organization_id, *wanted);
    if (!saved) return tl::unexpected(saved.error());
  }
  return {};
}

Result<void> make_profile(Runtime& runtime, Transaction& tx, const Uuid& organization_id) {
  const Uuid profile_id = Uuid::parse(kProfileId).value();
  tx.query(
      "INSERT INTO profiles (id, organization_id, email, email_key, properties, created_at, "
      "updated_at) VALUES ($1, $2, $3, $3, $4, $5, $5) ON CONFLICT DO NOTHING",
      {profile_id, organization_id, kProfileEmail,
       fmt::format(R"({{"firstName":{{"value":"Alex","source":"manual","updatedAt":"{}"}}}})",
                   to_iso8601(tx.now())),
       tx.now()});
  const auto opt_in = add_subscription_group(tx, runtime.ids(), organization_id, "Product updates",
                                             SubscriptionPolicy::OptIn);
  if (!opt_in) return tl::unexpected(opt_in.error());
  const auto opt_out = add_subscription_group(tx, runtime.ids(), organization_id, "Service notices",
                                              SubscriptionPolicy::OptOut);
  if (!opt_out) return tl::unexpected(opt_out.error());
  set_subscription(tx, organization_id, opt_in->id, profile_id, true);
  return {};
}

// The demo brings a key with all scopes: it has no place beside real data.
bool holds_other_data(Transaction& tx) {
  const auto organizations = list_organizations(tx);
  return !organizations.empty() &&
         std::none_of(organizations.begin(), organizations.end(),
                      [](const Organization& each) { return each.name == kOrganization; });
}

// The key in the file when it is still live, else a new one.
Result<std::string> keep_or_make_key(Runtime& runtime, Transaction& tx,
                                     const Organization& organization,
                                     const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string kept;
  if (std::getline(file, kept) && find_api_key(tx, kept)) return kept;
  const auto scopes = parse_scopes("all");
  return create_api_key(tx, runtime.ids(), runtime.entropy(), organization, "demo", *scopes, false)
      .secret;
}

Result<void> write_key_file(const std::filesystem::path& path, const std::string& key) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::string line = key + "\n";
  const bool written = fd >= 0 && ::fchmod(fd, 0600) == 0 &&
                       ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (fd >= 0) ::close(fd);
  if (written) return {};
  return fail(ErrorCode::NotReady, fmt::format("Cannot write {}.", path.string()));
}

}  // namespace

Result<std::string> make_demo(Runtime& runtime) {
  const auto path = runtime.settings().data_dir / "demo.key";
  std::string key;
  const auto made = runtime.committer().run([&](Transaction& tx) -> Result<void> {
    if (holds_other_data(tx)) {
      return fail(ErrorCode::Conflict,
                  "This folder holds an installation of your own. Choose another folder for the "
                  "demo with --data-dir or SEGMENTFLOW_DATA_DIR.");
    }
    const Organization organization = ensure_organization(tx, runtime.ids(), kOrganization);
    const auto domain = add_sending_domain(tx, runtime.ids(), organization.id, kDomain);
    if (!domain) return tl::unexpected(domain.error());
    if (auto done = make_templates(runtime, tx, organization.id); !done) return done;
    if (auto done = make_profile(runtime, tx, organization.id); !done) return done;
    if (load_delivery_url(tx, runtime.secret()).value_or("").empty()) {
      store_delivery_url(tx, runtime.secret(), runtime.entropy(), "capture:");
    }
    return keep_or_make_key(runtime, tx, organization, path).map([&](std::string kept) {
      key = std::move(kept);
    });
  });
  if (!made) return tl::unexpected(made.error());
  if (auto written = write_key_file(path, key); !written) return tl::unexpected(written.error());
  return key;
}

}  // namespace segmentflow::app
