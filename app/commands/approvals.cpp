// What a person decides about what assistants do, and what they have done.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands/administration.hpp"
#include "app/commands/commands.hpp"
#include "core/access/audit.hpp"
#include "core/base/address.hpp"
#include "core/base/duration.hpp"
#include "core/base/secret.hpp"
#include "core/delivery/approvals.hpp"
#include "tools/untrusted.hpp"

namespace segmentflow::app {
namespace {

constexpr int kApprovalsMax = 1'000;
constexpr std::size_t kDigestShown = 16;  // hexadecimal digits
constexpr const char* kApprovalLine = "{:<36}  {:<8}  {:<24}  {:<16}  {:<16}  {:>6}  {}\n";
constexpr const char* kAuditLine = "{:<24}  {:<20}  {:<4}  {:<22}  {:<22}  {:<3}  {:<16}  {}\n";

Result<Uuid> approval_id(const std::string& text) {
  if (const auto id = Uuid::parse(text)) return *id;
  return fail(ErrorCode::ValidationFailed,
              fmt::format("\"{}\" is no id of an approval. See segmentflow approvals list.", text));
}

// "; cc a@example.com, b@example.com"
std::string copies(std::string_view name, const std::vector<Address>& addresses) {
  if (addresses.empty()) return {};
  std::vector<std::string> texts;
  for (const Address& each : addresses) texts.push_back(on_one_line(format_address(each)));
  return fmt::format("; {} {}", name, fmt::join(texts, ", "));
}

// Decides by `work`, which gives how many emails it was about.
int decide(const Settings& settings, const std::string& id_text,
           Result<std::int64_t> (*work)(Transaction&, const Uuid&), std::string_view what) {
  const auto id = approval_id(id_text);
  if (!id) return report(id.error());
  std::int64_t emails = 0;
  const auto done = administer(settings, [&](Runtime&, Transaction& tx) -> Result<void> {
    return work(tx, *id).map([&](std::int64_t count) { emails = count; });
  });
  if (!done) return report(done.error());
  fmt::print("{} {}.\n", emails == 1 ? "1 email" : fmt::format("{} emails", emails), what);
  return 0;
}

// The key of that id, or the only one of that name or with that end.
Result<std::optional<Uuid>> chosen_key(Transaction& tx, const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::vector<Uuid> matches;
  for (const ApiKey& key : list_api_keys(tx)) {
    if (key.id.to_string() == text) return key.id;
    if (key.last4 == text || key.name == text) matches.push_back(key.id);
  }
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) {
    return fail(ErrorCode::NotFound,
                fmt::format("There is no API key \"{}\". See segmentflow keys list.", text));
  }
  return fail(ErrorCode::Conflict,
              fmt::format("{} API keys are called \"{}\". Give the id instead; "
                          "see segmentflow keys list.",
                          matches.size(), text));
}

void print_audit(const AuditRow& row) {
  const AuditEntry& entry = row.entry;
  fmt::print(kAuditLine, to_iso8601(entry.called_at), row.key_name, entry.surface, entry.operation,
             entry.outcome, entry.is_dry_run ? "dry" : "",
             to_hex(entry.arguments_digest).substr(0, kDigestShown), entry.request_id);
}

}  // namespace

int run_approvals_list(const Settings& settings, bool with_decided) {
  std::vector<Approval> approvals;
  const auto done = administer(settings, [&](Runtime&, Transaction& tx) -> Result<void> {
    approvals = list_approvals(tx, !with_decided, kApprovalsMax);
    return {};
  });
  if (!done) return report(done.error());
  fmt::print(kApprovalLine, "ID", "STATE", "ASKED", "ORGANIZATION", "KEY", "EMAILS", "FIRST EMAIL");
  for (const Approval& each : approvals) {
    fmt::print(kApprovalLine, each.id.to_string(), each.state, to_iso8601(each.created_at),
               on_one_line(each.organization), on_one_line(each.key_name), each.emails,
               fmt::format("to {}: \"{}\" ({})", on_one_line(each.to_email),
                           on_one_line(each.subject), on_one_line(each.template_name)));
  }
  if (!approvals.empty())
    fmt::print(stderr, "See all of one with: segmentflow approvals show ID\n");
  return 0;
}

int run_approvals_show(const Settings& settings, const std::string& id_text) {
  const auto id = approval_id(id_text);
  if (!id) return report(id.error());
  std::vector<ApprovalEmail> emails;
  const auto done = administer(settings, [&](Runtime&, Transaction& tx) -> Result<void> {
    return emails_of_approval(tx, *id).map([&](auto found) { emails = std::move(found); });
  });
  if (!done) return report(done.error());
  for (const ApprovalEmail& each : emails) {
    fmt::print("To {}{}{}: \"{}\", from {}, template {}\n", on_one_line(each.to_email),
               copies("cc", each.cc), copies("bcc", each.bcc), on_one_line(each.subject),
               on_one_line(format_address(each.from)), on_one_line(each.template_name));
    fmt::print("  data {}\n", each.data.empty() ? "no longer kept" : on_one_line(each.data));
  }
  return 0;
}

int run_approvals_approve(const Settings& settings, const std::string& id) {
  return decide(settings, id, approve, "approved; due now");
}

int run_approvals_reject(const Settings& settings, const std::string& id) {
  return decide(settings, id, reject, "rejected; nothing is sent");
}

int run_audit(const Settings& settings, const AuditOptions& options) {
  const auto since = options.since.empty() ? std::nullopt : parse_duration(options.since);
  if (!since && !options.since.empty()) {
    return report({ErrorCode::ValidationFailed,
                   fmt::format("\"{}\" is no duration such as 1h or 7d.", options.since)});
  }
  std::vector<AuditRow> rows;
  const auto done = administer(settings, [&](Runtime& runtime, Transaction& tx) -> Result<void> {
    auto key = chosen_key(tx, options.key);
    if (!key) return tl::unexpected(key.error());
    rows = list_audit(tx, {*key, since ? runtime.clock().now() - *since : 0, options.limit});
    return {};
  });
  if (!done) return report(done.error());
  fmt::print(kAuditLine, "TIME", "KEY", "BY", "OPERATION", "OUTCOME", "", "ARGUMENTS", "REQUEST");
  for (const AuditRow& row : rows) print_audit(row);
  return 0;
}

}  // namespace segmentflow::app
