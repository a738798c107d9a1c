#include "core/templates/templates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/store/row_versions.hpp"

namespace segmentflow {
namespace {

constexpr std::string_view kColumns =
    "t.id, t.organization_id, t.key, t.name, t.purpose, t.status, t.sub_type, t.language, "
    "t.sender_profile_id, t.is_complete, t.problems, t.snapshot_id, t.revision, t.created_at, "
    "t.updated_at, t.row_id";
constexpr std::size_t kColumnCount = 16;

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
  t.place = row[15].integer();
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
    if (found.size() == filter.most) break;
    const auto& statuses = filter.statuses;
    const bool status_fits =
        statuses.empty() || std::find(statuses.begin(), statuses.end(), t.status) != statuses.end();
    const bool is_reached = !filter.before || t.place < *filter.before;
    if (is_reached && status_fits && (!filter.purpose || *filter.purpose == t.purpose)) {
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
  if (rows.empty()) return tl::unexpected(no_template(id.to_string()));
  return TemplateDetail{read_template(rows[0]), rows[0][kColumnCount].text()};
}

std::map<Uuid, std::string> template_definitions(Transaction& tx, const Uuid& organization_id,
                                                 const std::vector<Uuid>& ids) {
  SqlInput wanted({{"id", SqlType::Bytes}});
  for (const Uuid& id : ids) wanted.add({id});
  std::map<Uuid, std::string> definitions;
  for (const auto& row :
       tx.query("SELECT t.id, s.definition FROM {input} AS i JOIN templates t ON t.id = i.id "
                "JOIN template_snapshots s ON s.id = t.snapshot_id WHERE t.organization_id = $1",
                wanted, {organization_id})) {
    definitions.emplace(row[0].uuid(), row[1].text());
  }
  return definitions;
}

Result<Uuid> find_template(Transaction& tx, const Uuid& organization_id, const std::string& name) {
  if (const auto id = Uuid::parse(name)) return *id;  // no key looks like one
  const auto rows = tx.query("SELECT id FROM templates WHERE organization_id = $1 AND key = $2",
                             {organization_id, name});
  if (rows.empty()) return tl::unexpected(no_template(name));
  return rows[0][0].uuid();
}

Error no_template(std::string_view name) {
  return {ErrorCode::NotFound,
          fmt::format("There is no template {}.", name),
          {{"/id",
            "No template of your organization has this id or key; list_templates (GET "
            "/api/v1/templates) tells which there are."}}};
}

std::map<Uuid, Time> template_versions(Transaction& tx, const std::vector<Uuid>& ids) {
  return row_versions(tx, "templates", ids);
}

Result<std::shared_ptr<const CompiledTemplate>> compiled_snapshot(Database& database,
                                                                  TemplateCache& cache,
                                                                  const Uuid& organization_id,
                                                                  const Uuid& snapshot_id) {
  if (auto known = cache.find(snapshot_id)) return known;
  std::string definition;
  const auto read = database.read([&](Transaction& tx) {
    for (const auto& row : tx.query("SELECT definition FROM template_snapshots "
                                    "WHERE organization_id = $1 AND id = $2",
                                    {organization_id, snapshot_id})) {
      definition = row[0].text();
    }
  });
  if (!read) return tl::unexpected(read.error());
  if (definition.empty()) return fail(ErrorCode::Internal, "The template snapshot is missing.");
  return cache.compile(snapshot_id, definition);
}

}  // namespace segmentflow
