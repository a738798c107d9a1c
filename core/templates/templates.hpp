// Templates as stored: metadata, the current definition's snapshot, and what is wrong with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {

struct Template {
  Uuid id;
  Uuid organization_id;
  std::optional<std::string> key;
  std::string name;
  std::string purpose;  // General, Newsletter, Promotional, Transactional, LeadMagnetDelivery
  std::string status;   // Active, Archived
  std::string language;
  std::optional<Uuid> sender_profile_id;
  bool is_complete = false;
  std::string problems;  // JSON text: [{code, severity, path, message}]
  Uuid snapshot_id;
  Time created_at = 0;
  Time updated_at = 0;
};

struct TemplateDetail {
  Template template_;
  std::string definition;  // JSON text of the current snapshot
};

// What an operator or, later, the API saves.
struct NewTemplate {
  std::optional<Uuid> id;  // made when absent
  std::optional<std::string> key;
  std::string name;
  std::string purpose = "General";
  std::string language = "en";
  std::optional<Uuid> sender_profile_id;
  describe::Json definition;
};

inline constexpr std::size_t kTemplateDefinitionBytesMax = 512 * 1024;

// A lower-case name of a template: ^[a-z0-9][a-z0-9._-]{0,99}$ (segmentflow-api.md §9 #25).
bool is_template_key(std::string_view text);

// Saves a template and its content-addressed snapshot: a new one, or a new definition of the one
// with this id or key. ValidationFailed (paths into the definition), PayloadTooLarge, NotFound (the
// sender, or the id is another organisation's), Conflict (the key is another template's).
Result<Template> save_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                               const NewTemplate& wanted);

struct TemplateFilter {
  std::vector<std::string> statuses;  // empty: all
  std::optional<std::string> purpose;
};
// Newest first.
std::vector<Template> list_templates(Transaction& tx, const Uuid& organization_id,
                                     const TemplateFilter& filter);

// NotFound when there is none in this organisation.
Result<TemplateDetail> retrieve_template(Transaction& tx, const Uuid& organization_id,
                                         const Uuid& id);

}  // namespace segmentflow
