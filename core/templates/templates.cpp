#include "core/templates/templates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/store/row_versions.hpp"

namespace segmentflow {
namespace {

constexpr std::string_view kColumns =
    "t.id, t.organization_id, t.key, t.name, t.purpose, t.status, t.sub_type, t.language, "
    "t.sender_profile_id, t.is_complete, t.problems, t.snapshot_id, t.revision, t.created_at, "
    "t.updated_at";
constexpr std::size_t kColumnCount = 15;

Template read_template(const SqlRow& row) {
  Template t;
  t.id = row[0].uuid();
  t.organization_id = row[1].uuid();
  t.key = row[2].optional_text();
  t.name = row[3].text();
  t.purpose = row[4].text();
  t.status = row[5].text();
  t.sub_type = row[6].optional_text();
  t.language = row[7].text();
  t.sender_profile_id = row[8].optional_uuid();
  t.is_complete = row[9].boolean();
  t.problems = row[10].text();
  t.snapshot_id = row[11].uuid();
  t.revision = row[12].integer();
  t.created_at = row[13].integer();
  t.updated_at = row[14].integer();
  return t;
}

}  // namespace

std::vector<Template> list_templates(Transaction& tx, const Uuid& organization_id,
                                     const TemplateFilter& filter) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM templates t WHERE t.organization_id = $1 ORDER BY t.row_id DESC", kColumns);
  std::vector<Template> found;
  for (const auto& row : tx.query(sql, {organization_id})) {
    Template t = read_template(row);
    const auto& statuses = filter.statuses;
    const bool status_fits =
        statuses.empty() || std::find(statuses.begin(), statuses.end(), t.status) != statuses.end();
    if (status_fits && (!filter.purpose || *filter.purpose == t.purpose)) {
      found.push_back(std::move(t));
    }
  }
  return found;
}

Result<TemplateDetail> retrieve_template(Transaction& tx, const Uuid& organization_id,
                                         const Uuid& id) {
  static const std::string sql = fmt::format(
      "SELECT {}, s.definition FROM templates t JOIN template_snapshots s ON s.id = t.snapshot_id "
      "WHERE t.organization_id = $1 AND t.id = $2",
      kColumns);
  const auto rows = tx.query(sql, {organization_id, id});
  if (rows.empty()) {
    return fail(ErrorCode::NotFound, fmt::format("There is no template {}.", id.to_string()),
                {{"/id", "No template with this id belongs to your organization."}});
  }
  return TemplateDetail{read_template(rows[0]), rows[0][kColumnCount].text()};
}

std::map<Uuid, Time> template_versions(Transaction& tx, const std::vector<Uuid>& ids) {
  return row_versions(tx, "templates", ids);
}

}  // namespace segmentflow
