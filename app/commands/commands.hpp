// The commands of the binary. Each prints its answer on stdout, errors on stderr, and gives the
// exit code: 0 done, 1 not done, 2 refused because of what was given: the command line, a setting,
// a value or file that it names.
#pragma once

#include <string>

#include "app/settings.hpp"
#include "core/access/guards.hpp"

namespace segmentflow::app {

struct InitOptions {
  std::string organization;  // "" for "Default" in a new installation, else for none
  bool demo = false;
};
int run_init(const Settings& settings, const InitOptions& options);

int run_serve(const Settings& settings);
struct McpOptions {
  std::optional<std::string> tools;  // groups of tools, such as "emails,templates"; nullopt: all
  bool read_only = false;
  bool compact = false;  // three tools that stand for all
  bool print_digest = false;
};
int run_mcp(const Settings& settings, const McpOptions& options);
int run_call(const Settings& settings, const std::string& operation, const std::string& input);
int run_operations();
int run_doctor(const Settings& settings);
int run_nodes(const Settings& settings);
int run_resume(const Settings& settings);
int run_backup(const Settings& settings, const std::string& file);
int run_migrate(const Settings& settings, const std::string& target_url);

struct KeyOptions {
  std::string organization;  // "" for the only one
  std::string name;
  std::string scopes;
  bool at_most_once = false;
  GuardTexts guards;
};
int run_keys_create(const Settings& settings, const KeyOptions& options);
int run_keys_list(const Settings& settings);
int run_keys_revoke(const Settings& settings, const std::string& id_or_last4);

int run_approvals_list(const Settings& settings, bool with_decided);
int run_approvals_show(const Settings& settings, const std::string& id);
int run_approvals_approve(const Settings& settings, const std::string& id);
int run_approvals_reject(const Settings& settings, const std::string& id);
struct AuditOptions {
  std::string key;    // its id, name or last four characters; "" for all
  std::string since;  // such as "1h"; "" for ever
  int limit = 100;
};
int run_audit(const Settings& settings, const AuditOptions& options);

int run_domains_add(const Settings& settings, const std::string& organization,
                    const std::string& domain);
int run_senders_add(const Settings& settings, const std::string& organization,
                    const std::string& address);
int run_templates_import(const Settings& settings, const std::string& organization,
                         const std::string& file, const std::string& sender);
int run_groups_add(const Settings& settings, const std::string& organization,
                   const std::string& name, const std::string& policy);
int run_groups_subscribe(const Settings& settings, const std::string& organization,
                         const std::string& group, const std::string& email, bool unsubscribe);

int run_profiles_erase(const Settings& settings, const std::string& organization,
                       const std::string& email);

// Prints "segmentflow: <message>" and the details on stderr; gives 2 for ValidationFailed, else 1.
int report(const Error& error);

}  // namespace segmentflow::app
