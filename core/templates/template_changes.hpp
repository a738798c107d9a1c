// Changes of templates. Each definition is kept as a content-addressed snapshot, so that a send
// renders what it was accepted with, whatever becomes of the template.
#pragma once

#include "core/templates/templates.hpp"
#include "schemas/describe/describe.hpp"

namespace segmentflow {

inline constexpr std::size_t kTemplateDefinitionBytesMax = 512 * 1024;
inline constexpr std::size_t kTemplateNameLengthMax = 200;  // in bytes
inline constexpr std::size_t kTemplateKeyLengthMax = 100;
inline constexpr std::int64_t kDeleteScanJobs = 50'000;

// A lower-case name of a template: ^[a-z0-9][a-z0-9._-]{0,99}$ (segmentflow-api.md §9 #25).
bool is_template_key(std::string_view text);

// A definition that may be saved.
struct CheckedDefinition {
  std::string text;  // compact JSON
  bool is_complete = false;
  std::string problems;  // as Template::problems
};

// Compiles the definition to see what is wrong with it: takes as long as that does, so not inside a
// transaction. ValidationFailed (it is no flat spec, or over budget; paths from /definition),
// PayloadTooLarge. What is merely wrong inside is listed in `problems`.
Result<CheckedDefinition> check_definition(const describe::Json& definition);

struct NewTemplate {
  std::optional<Uuid> id;  // made when absent
  std::optional<std::string> key;
  std::string name;
  std::string purpose = "General";
  std::string language = "en";
  std::optional<std::string> sub_type;
  std::optional<Uuid> sender_profile_id;
  CheckedDefinition definition;
};

// Errors of all that save a definition: ValidationFailed, NotFound (the sender profile), Conflict
// (the key is another template's).
Result<TemplateDetail> create_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const NewTemplate& wanted);

// Absent keeps, null clears.
struct TemplateChange {
  std::optional<std::string> name;
  std::optional<std::string> purpose;
  std::optional<std::string> language;
  describe::Patch<std::string> key;
  describe::Patch<std::string> sub_type;
  describe::Patch<Uuid> sender_profile_id;
  std::optional<CheckedDefinition> definition;
  std::optional<std::int64_t> if_revision;  // only when this is the revision; absent: last one wins
};

// As create_template; NotFound also for the template, PreconditionFailed for another revision.
Result<TemplateDetail> update_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const Uuid& id, const TemplateChange& change);

// Creates the template, or updates the one with this id or key: importing a file twice is one
// template.
Result<TemplateDetail> import_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const NewTemplate& wanted);

// An Active copy with a name and key of its own. NotFound, Conflict (the key).
Result<TemplateDetail> duplicate_template(Transaction& tx, IdSource& ids,
                                          const Uuid& organization_id, const Uuid& id,
                                          const std::optional<std::string>& name,
                                          const std::optional<std::string>& key);

// Active or Archived; a template that is so already stays as it is. NotFound.
Result<TemplateDetail> set_template_status(Transaction& tx, const Uuid& organization_id,
                                           const Uuid& id, std::string_view status);

// Deletes the template; snapshots that sends were accepted with stay. NotFound; Conflict while an
// email made of it waits to be delivered, or kDeleteScanJobs emails or more wait.
Result<void> delete_template(Transaction& tx, const Uuid& organization_id, const Uuid& id);

}  // namespace segmentflow
