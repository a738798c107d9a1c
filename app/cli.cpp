#include "app/cli.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "app/commands/commands.hpp"
#include "app/runtime.hpp"
#include "app/usage.hpp"
#include "schemas/emails.hpp"

namespace segmentflow::app {
namespace {

constexpr const char* kAbout =
    R"(Segmentflow sends expected email - receipts, password resets, invites - once per idempotency
key, and can say what became of it. AI assistants drive it over MCP, backends over REST, under the
same API keys.
)";

constexpr const char* kExamples = R"(
Examples:
  segmentflow init --demo && segmentflow serve      try it: mail is kept as files
  segmentflow keys create --name backend --scopes emails:write,emails:read
  segmentflow call emails.send '{"idempotencyKey": "order:1", "templateKey": "receipt-default",
                                 "to": {"email": "alex@example.com"}, "data": {"orderId": "1"}}'

Every setting is a flag, a variable (--data-dir is SEGMENTFLOW_DATA_DIR) and a key of the TOML file
(data_dir). Secrets are not flags, because other users of a machine see command lines: give
SEGMENTFLOW_API_KEY, SEGMENTFLOW_SMTP_URL and SEGMENTFLOW_SECRET as variables or in the file.

Exit codes: 0 done; 1 it could not be done; 2 the command line, a setting or a file is wrong.)";

constexpr const char* kSettingsHint =
    "\nSettings such as --data-dir work with every command; see segmentflow --help.";

constexpr std::int64_t kSendsPerDayMax = 1'000'000'000;
constexpr std::int64_t kAuditRowsMax = 100'000;

using Flags = std::map<std::string, std::string>;

// Commands before settings: that is what a newcomer looks for.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    return make_description(app) + make_usage(app, std::move(name)) + make_positionals(app) +
           make_subcommands(app, mode) + make_groups(app, mode) + '\n' + make_footer(app);
  }
};

// The command that was chosen, to be run once the settings are known.
using Chosen = std::function<int(const Settings&)>;

class CommandLine {
 public:
  CommandLine() {
    app_.name("segmentflow");
    app_.set_version_flag("--version", std::string(kVersion));
    app_.footer(kExamples);
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.fallthrough();
    app_.callback([this] { show_commands(app_); });
    app_.option_defaults()->group("Settings");
    add_settings();
    app_.option_defaults()->group("Options");
    add_running_commands();
    add_database_commands();
    add_key_commands();
    add_watching_commands();
    add_content_commands();
    add_group_commands();
    refuse_empty_values(app_);
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);
      if (!report_unknown()) report_usage(sentence_of(error));
      return 2;
    }
    if (!chosen_) return 2;
    const auto settings = load_settings(flags_, environment_settings());
    if (!settings) return report(settings.error());
    try {
      return chosen_(*settings);
    } catch (const StoreUnavailable& failure) {
      spdlog::error("The database cannot serve: {}", failure.what());
      return report(database_not_ready());
    }
  }

 private:
  // The command that was named, as far as it was, and how it is called.
  std::pair<const CLI::App*, std::string> named() const {
    const CLI::App* at = &app_;
    std::string command = app_.get_name();
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      command += " " + at->get_name();
    }
    return {at, command};
  }

  void report_usage(const std::string& sentence) const {
    fmt::print(stderr, "segmentflow: {}{} See {} --help.\n", sentence,
               sentence.ends_with('?') ? "" : ".", named().second);
  }

  // Names the first word that is no command or flag, where that is the fault.
  bool report_unknown() {
    const auto unknown = app_.remaining(true);
    if (unknown.empty()) return false;
    const auto [at, command] = named();
    const std::string& word = unknown.front();
    const bool is_flag = word.starts_with("-");
    std::vector<std::string> names;
    for (const auto* sub : at->get_subcommands({})) names.push_back(sub->get_name());
    if (is_flag) names = flag_names(*at);
    if (names.empty()) {
      report_usage(fmt::format("{} takes no further argument such as \"{}\"", command, word));
      return true;
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string near = describe::nearest_name(word, known);
    report_usage(fmt::format("there is no {} {}{}", is_flag ? "flag" : "command", word,
                             near.empty() ? "" : fmt::format(". Did you mean {}?", near)));
    return true;
  }

  // What a group without a command of it shows: the commands there are.
  void show_commands(const CLI::App& group) {
    if (!group.get_subcommands().empty()) return;
    fmt::print("{}", group.help());
    std::vector<std::string> names;
    for (const auto* sub : group.get_subcommands({})) names.push_back(sub->get_name());
    report_usage(fmt::format("choose a command: {}", fmt::join(names, ", ")));
  }

  // A value that is empty most likely comes from a variable that is not set.
  static void refuse_empty_values(CLI::App& app) {
    for (auto* option : app.get_options()) {
      if (option->get_items_expected_max() > 0) option->check(not_empty());
    }
    for (auto* sub : app.get_subcommands({})) refuse_empty_values(*sub);
  }

  std::vector<std::string> flag_names(const CLI::App& at) const {
    std::vector<std::string> names;
    for (const CLI::App* app : {&at, static_cast<const CLI::App*>(&app_)}) {
      for (const auto* option : app->get_options()) names.push_back(option->get_name());
    }
    return names;
  }

  void add_settings() {
    for (const auto& info : setting_infos()) {
      if (info.secret) continue;
      const std::string doc = info.fallback.empty()
                                  ? std::string(info.doc)
                                  : fmt::format("{} (default: {})", info.doc, info.fallback);
      app_.add_option_function<std::string>(
              flag_of(info),
              [this, name = std::string(info.name)](const std::string& value) {
                flags_[name] = value;
              },
              doc)
          ->type_name("");
    }
  }

  CLI::App* command(CLI::App* parent, const char* name, const char* doc, Chosen run) {
    CLI::App* added = parent->add_subcommand(name, doc);
    added->fallthrough();
    added->footer(kSettingsHint);
    added->callback([this, run = std::move(run)] { chosen_ = run; });
    return added;
  }

  CLI::App* group(const char* name, const char* doc) {
    CLI::App* added = app_.add_subcommand(name, doc);
    added->fallthrough();
    added->callback([this, added] { show_commands(*added); });
    added->footer(kSettingsHint);
    return added;
  }

  void add_running_commands() {
    command(&app_, "serve", "Serve REST over HTTP and deliver email", run_serve);
    auto* mcp = command(&app_, "mcp",
                        "Serve MCP on stdin and stdout, for an AI host (needs SEGMENTFLOW_API_KEY)",
                        [this](const Settings& settings) { return run_mcp(settings, mcp_); });
    mcp->add_option("--tools", mcp_.tools, "Only these groups of tools, e.g. emails,templates");
    mcp->add_flag("--read-only", mcp_.read_only, "Only tools that change nothing");
    mcp->add_flag("--compact", mcp_.compact, "Three tools that find, describe and call the others");
    mcp->add_flag("--print-tools-digest", mcp_.print_digest,
                  "Print the digest of all that the tools say of themselves, and end");
    auto* init =
        command(&app_, "init", "Make the data folder and database, or bring them up to date",
                [this](const Settings& settings) { return run_init(settings, init_); });
    init->add_flag("--demo", init_.demo, "Add a demo organization whose mail is kept as files");
    init->add_option("--organization", init_.organization,
                     "Name of an organization to make (default: Default, when there is none)");
    auto* call = command(
        &app_, "call", "Run one operation, e.g. emails.retrieve '{\"id\": \"...\"}'",
        [this](const Settings& settings) { return run_call(settings, operation_, input_); });
    call->add_option("operation", operation_, "Operation or tool name")->required();
    call->add_option("json", input_, "Its input as a JSON object (default: {})");
    command(&app_, "operations", "All operations with the JSON Schemas of their fields, as JSON",
            [](const Settings&) { return run_operations(); });
    command(&app_, "doctor", "Check folder, disk, database, keys and delivery", run_doctor);
    command(&app_, "nodes", "Who is alive on this database, and what each has under way",
            run_nodes);
  }

  void add_database_commands() {
    auto* backup = command(&app_, "backup", "Copy the SQLite database while it is in use",
                           [this](const Settings& s) { return run_backup(s, first_); });
    backup->add_option("file", first_, "The copy; what is queued in it is on hold")->required();
    command(&app_, "resume", "Deliver what is on hold because the database is a restored copy",
            run_resume);
    auto* migrate =
        command(&app_, "migrate", "Move from SQLite to PostgreSQL; stop all processes first",
                [this](const Settings& s) { return run_migrate(s, first_); });
    migrate
        ->add_option("--to", first_,
                     "The empty database: postgresql://user@host/database, its password "
                     "in\nPGPASSWORD or a PGPASSFILE")
        ->required();
  }

  void add_key_commands() {
    auto* keys = group("keys", "API keys");
    auto* create = command(keys, "create", "Make a key; only the key is printed on stdout",
                           [this](const Settings& s) { return run_keys_create(s, key_); });
    create->add_option("--name", key_.name, "What the key is for")->required();
    create->add_option("--scopes", key_.scopes, "e.g. emails:write,emails:read; or all")
        ->required();
    create->add_flag("--at-most-once", key_.at_most_once,
                     "Never repeat an email whose delivery ended without an answer");
    create->add_option("--organization", key_.organization, "Whose key, when there are several");
    create->add_option("--recipients", key_.guards.recipients,
                       "Only these may be written to: domains and addresses, with commas");
    create->add_option("--templates", key_.guards.templates,
                       "Only these may be sent: keys and ids of templates, with commas");
    create
        ->add_option("--sends-per-day", key_.guards.sends_per_day,
                     "At most so many emails a day (UTC)")
        ->check(whole_number(1, kSendsPerDayMax));
    create
        ->add_option("--ask-first", key_.guards.ask_first,
                     "human: the MCP client asks its user, else emails wait for segmentflow\n"
                     "approvals approve; operator (stronger): they always wait for it;\n"
                     "self-confirm (weaker): the caller repeats the call with a token")
        ->check(choice_of({"human", "operator", "self-confirm"}));
    create
        ->add_option("--ask-above", key_.guards.ask_above,
                     "Ask only about calls with more emails than this (default: 0)")
        ->check(whole_number(0, wire::kBatchItemsMax - 1));  // no call has more
    command(keys, "list", "List all keys, without their secrets", run_keys_list);
    auto* revoke = command(keys, "revoke", "Revoke a key at once",
                           [this](const Settings& s) { return run_keys_revoke(s, first_); });
    revoke->add_option("key", first_, "Its id, or its last four characters")->required();
  }

  void add_watching_commands() {
    auto* approvals = group("approvals", "Emails that wait for a person, of keys that ask first");
    auto* list = command(approvals, "list", "What waits", [this](const Settings& s) {
      return run_approvals_list(s, with_decided_);
    });
    list->add_flag("--all", with_decided_, "What was decided, too; the newest first");
    auto* show = command(approvals, "show", "Whom its emails go to, with all copies",
                         [this](const Settings& s) { return run_approvals_show(s, first_); });
    auto* approve = command(approvals, "approve", "Let the emails go out",
                            [this](const Settings& s) { return run_approvals_approve(s, first_); });
    auto* reject = command(approvals, "reject", "End them unsent",
                           [this](const Settings& s) { return run_approvals_reject(s, first_); });
    for (auto* sub : {show, approve, reject}) sub->add_option("id", first_, "Its id")->required();
    auto* audit = command(&app_, "audit", "Calls by API keys, the newest first",
                          [this](const Settings& s) { return run_audit(s, audit_); });
    audit->add_option("--key", audit_.key, "Of one key: its id, name or last four characters");
    audit->add_option("--since", audit_.since, "Of the last time, such as 1h or 7d");
    audit->add_option("--limit", audit_.limit, "At most so many (default: 100)")
        ->check(whole_number(1, kAuditRowsMax));
  }

  void add_content_commands() {
    auto* domains = group("domains", "Sending domains");
    auto* add_domain =
        command(domains, "add", "Add a domain; you vouch that it is yours and has SPF and DKIM",
                [this](const Settings& s) { return run_domains_add(s, organization_, first_); });
    add_domain->add_option("domain", first_, "e.g. mail.example.com")->required();
    auto* senders = group("senders", "Sender profiles");
    auto* add_sender =
        command(senders, "add", "Add a sender on a verified domain",
                [this](const Settings& s) { return run_senders_add(s, organization_, first_); });
    add_sender->add_option("address", first_, "\"Name <address>\"")->required();
    auto* templates = group("templates", "Email templates");
    auto* import =
        command(templates, "import", "Save a template from a JSON file", [this](const Settings& s) {
          return run_templates_import(s, organization_, first_, second_);
        });
    import->add_option("file", first_, "The file; see examples/templates")->required();
    import->add_option("--sender", second_, "Address of the sender profile to use");
    for (auto* sub : {add_domain, add_sender, import}) add_organization(sub);
  }

  void add_group_commands() {
    auto* groups = group("groups", "Subscription groups");
    auto* add = command(groups, "add", "Add a subscription group", [this](const Settings& s) {
      return run_groups_add(s, organization_, first_, second_);
    });
    add->add_option("name", first_, "Its name")->required();
    add->add_option("--policy", second_, "OptIn or OptOut")
        ->required()
        ->check(choice_of({"OptIn", "OptOut"}));
    auto* subscribe =
        command(groups, "subscribe", "Subscribe an address", [this](const Settings& s) {
          return run_groups_subscribe(s, organization_, first_, second_, unsubscribe_);
        });
    subscribe->add_option("group", first_, "Name or id of the group")->required();
    subscribe->add_option("email", second_, "The address; its Profile is made when missing")
        ->required();
    subscribe->add_flag("--unsubscribe", unsubscribe_, "Record a refusal instead");
    auto* profiles = group("profiles", "Profiles: the people who get email");
    auto* erase =
        command(profiles, "erase", "Make the database forget an address, for ever",
                [this](const Settings& s) { return run_profiles_erase(s, organization_, first_); });
    erase->add_option("email", first_, "The address")->required();
    for (auto* sub : {add, subscribe, erase}) add_organization(sub);
  }

  void add_organization(CLI::App* sub) {
    sub->add_option("--organization", organization_, "Whose, when there are several");
  }

  CLI::App app_{kAbout};
  Flags flags_;
  Chosen chosen_;
  InitOptions init_;
  McpOptions mcp_;
  KeyOptions key_;
  AuditOptions audit_;
  bool with_decided_ = false;
  std::string organization_;
  std::string operation_;
  std::string input_ = "{}";
  std::string first_;
  std::string second_;
  bool unsubscribe_ = false;
};

}  // namespace

int run_command_line(int argc, char** argv) {
  return CommandLine().run(argc, argv);
}

}  // namespace segmentflow::app
