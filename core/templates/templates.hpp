// Templates as stored: metadata, the current definition's snapshot, and what is wrong with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/store/database.hpp"
#include "core/templates/compiled.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {

// When each of these templates has changed last.
std::map<Uuid, Time> template_versions(Transaction& tx, const std::vector<Uuid>& ids);

struct Template {
  Uuid id;
  Uuid organization_id;
  std::optional<std::string> key;
  std::string name;
  std::string purpose;  // General, Newsletter, Promotional, Transactional, LeadMagnetDelivery
  std::string status;   // Active, Archived
  std::optional<std::string> sub_type;
  std::string language;
  std::optional<Uuid> sender_profile_id;
  bool is_complete = false;
  std::string problems;  // JSON text: [{code, severity, path, message}], paths into the definition
  Uuid snapshot_id;
  std::int64_t revision = 1;  // grows with every change
  Time created_at = 0;
  Time updated_at = 0;
  std::int64_t place = 0;  // in the order of making
};

struct TemplateDetail {
  Template template_;
  std::string definition;  // JSON text of the current snapshot
};

struct TemplateFilter {
  std::vector<std::string> statuses;  // empty: all
  std::optional<std::string> purpose;
  std::optional<std::int64_t> before;  // only those whose place is before this one
  std::size_t most = SIZE_MAX;
};
// Newest first.
std::vector<Template> list_templates(Transaction& tx, const Uuid& organization_id,
                                     const TemplateFilter& filter);

// The definitions of these templates, JSON texts by the template's id; as many at once as is good
// for memory is the caller's affair.
std::map<Uuid, std::string> template_definitions(Transaction& tx, const Uuid& organization_id,
                                                 const std::vector<Uuid>& ids);

// The id of the template that a caller names by its id or its key. An id is given back as it is;
// NotFound for a key that no template of the organisation has.
Result<Uuid> find_template(Transaction& tx, const Uuid& organization_id, const std::string& name);

// The error of a template that is not there; `name` is what the caller called it.
Error no_template(std::string_view name);

// NotFound when there is none in this organisation.
Result<TemplateDetail> retrieve_template(Transaction& tx, const Uuid& organization_id,
                                         const Uuid& id);

// The snapshot compiled: the cache's, or read and kept there. NotReady when it cannot be read now;
// else as TemplateCache::compile.
Result<std::shared_ptr<const CompiledTemplate>> compiled_snapshot(Database& database,
                                                                  TemplateCache& cache,
                                                                  const Uuid& organization_id,
                                                                  const Uuid& snapshot_id);

}  // namespace segmentflow
