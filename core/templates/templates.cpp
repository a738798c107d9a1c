#include "core/templates/templates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/secret.hpp"
#include "core/templates/compiled.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::array<std::string_view, 5> kPurposes = {"General", "Newsletter", "Promotional",
                                                       "Transactional", "LeadMagnetDelivery"};
constexpr std::size_t kNameBytesMax = 200;

Template read_template(const SqlRow& row) {
  Template t;
  t.id = row[0].uuid();
  t.organization_id = row[1].uuid();
  t.key = row[2].optional_text();
  t.name = row[3].text();
  t.purpose = row[4].text();
  t.status = row[5].text();
  t.language = row[6].text();
  t.sender_profile_id = row[7].optional_uuid();
  t.is_complete = row[8].boolean();
  t.problems = row[9].text();
  t.snapshot_id = row[10].uuid();
  t.created_at = row[11].integer();
  t.updated_at = row[12].integer();
  return t;
}

std::string findings_to_json(const std::vector<render::Finding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings) {
    const bool is_error = finding.severity == render::Severity::Error;
    list.push_back({{"code", finding.code},
                    {"severity", is_error ? "Error" : "Warning"},
                    {"path", finding.path},
                    {"message", finding.message}});
  }
  return describe::dump_json(list);
}

Result<void> check_metadata(Transaction& tx, const Uuid& organization_id,
                            const NewTemplate& wanted) {
  std::vector<describe::Problem> problems;
  if (wanted.name.empty() || wanted.name.size() > kNameBytesMax) {
    problems.push_back({"/name", fmt::format("A name has 1 to {} bytes.", kNameBytesMax)});
  }
  if (wanted.key && !is_template_key(*wanted.key)) {
    problems.push_back({"/key",
                        "A key has 1 to 100 of a-z, 0-9, '.', '_' and '-', and starts with a "
                        "letter or digit."});
  }
  if (std::find(kPurposes.begin(), kPurposes.end(), wanted.purpose) == kPurposes.end()) {
    problems.push_back(
        {"/purpose", fmt::format("\"{}\" is no purpose; use Transactional for single "
                                 "emails.",
                                 wanted.purpose)});
  }
  if (!problems.empty()) {
    return fail(ErrorCode::ValidationFailed, "The template cannot be saved.", std::move(problems));
  }
  if (wanted.sender_profile_id &&
      tx.query("SELECT 1 FROM sender_profiles WHERE organization_id = $1 AND id = $2",
               {organization_id, *wanted.sender_profile_id})
          .empty()) {
    return fail(ErrorCode::NotFound, "There is no such sender profile.",
                {{"/senderProfileId", "There is no such sender profile."}});
  }
  return {};
}

Uuid save_snapshot(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                   const Uuid& template_id, const std::string& definition) {
  const Bytes digest{sha256(definition)};
  tx.query(
      "INSERT INTO template_snapshots (id, organization_id, template_id, digest, definition, "
      "created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (template_id, digest) DO NOTHING",
      {ids.next(), organization_id, template_id, digest, definition, tx.now()});
  return tx
      .query("SELECT id FROM template_snapshots WHERE template_id = $1 AND digest = $2",
             {template_id, digest})
      .at(0)[0]
      .uuid();
}

// The template that is saved again: the one with this id, else the one with this key.
Result<std::optional<Uuid>> existing_template(Transaction& tx, const Uuid& organization_id,
                                              const NewTemplate& wanted) {
  std::optional<Uuid> by_id;
  if (wanted.id) {
    const auto rows = tx.query("SELECT organization_id FROM templates WHERE id = $1", {*wanted.id});
    if (!rows.empty() && rows[0][0].uuid() != organization_id) {
      return fail(ErrorCode::NotFound,
                  fmt::format("There is no template {}.", wanted.id->to_string()),
                  {{"/id", "No template with this id belongs to your organization."}});
    }
    if (!rows.empty()) by_id = wanted.id;
  }
  if (!wanted.key) return by_id;
  const auto rows = tx.query("SELECT id FROM templates WHERE organization_id = $1 AND key = $2",
                             {organization_id, *wanted.key});
  if (rows.empty()) return by_id;
  const Uuid by_key = rows[0][0].uuid();
  if (wanted.id && *wanted.id != by_key) {
    return fail(ErrorCode::Conflict,
                fmt::format("The key \"{}\" is that of the template {}. Choose another key, or "
                            "save that template.",
                            *wanted.key, by_key.to_string()),
                {{"/key", "The key is that of another template."}});
  }
  return by_key;
}

}  // namespace

bool is_template_key(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > 100 || !is_plain(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

Result<Template> save_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                               const NewTemplate& wanted) {
  if (auto checked = check_metadata(tx, organization_id, wanted); !checked) {
    return tl::unexpected(checked.error());
  }
  const std::string definition = describe::dump_json(wanted.definition);
  if (definition.size() > kTemplateDefinitionBytesMax) {
    return fail(ErrorCode::PayloadTooLarge,
                fmt::format("The definition has {} bytes; at most {} are allowed.",
                            definition.size(), kTemplateDefinitionBytesMax));
  }
  auto compiled = compile_template(wanted.definition);
  if (!compiled) {
    for (auto& problem : compiled.error().problems) problem.path = "/definition" + problem.path;
    return tl::unexpected(compiled.error());
  }
  const auto existing = existing_template(tx, organization_id, wanted);
  if (!existing) return tl::unexpected(existing.error());
  const Uuid id = *existing ? **existing : wanted.id ? *wanted.id : ids.next();
  const Uuid snapshot_id = save_snapshot(tx, ids, organization_id, id, definition);
  tx.query(
      "INSERT INTO templates (id, organization_id, key, name, purpose, status, language, "
      "sender_profile_id, is_complete, problems, snapshot_id, created_at, updated_at) "
      "VALUES ($1, $2, $3, $4, $5, 'Active', $6, $7, $8, $9, $10, $11, $11) "
      "ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name, "
      "purpose = excluded.purpose, language = excluded.language, "
      "sender_profile_id = excluded.sender_profile_id, is_complete = excluded.is_complete, "
      "problems = excluded.problems, snapshot_id = excluded.snapshot_id, "
      "updated_at = excluded.updated_at "
      "WHERE templates.organization_id = excluded.organization_id",
      {id, organization_id, wanted.key, wanted.name, wanted.purpose, wanted.language,
       wanted.sender_profile_id, compiled->is_complete(), findings_to_json(compiled->findings),
       snapshot_id, tx.now()});
  return retrieve_template(tx, organization_id, id).map([](TemplateDetail detail) {
    return std::move(detail.template_);
  });
}

std::vector<Template> list_templates(Transaction& tx, const Uuid& organization_id,
                                     const TemplateFilter& filter) {
  std::vector<Template> found;
  for (const auto& row :
       tx.query("SELECT t.id, t.organization_id, t.key, t.name, t.purpose, t.status, t.language, "
                "t.sender_profile_id, t.is_complete, t.problems, t.snapshot_id, t.created_at, "
                "t.updated_at FROM templates t WHERE t.organization_id = $1 ORDER BY t.row_id DESC",
                {organization_id})) {
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
  const auto rows = tx.query(
      "SELECT t.id, t.organization_id, t.key, t.name, t.purpose, t.status, t.language, "
      "t.sender_profile_id, t.is_complete, t.problems, t.snapshot_id, t.created_at, "
      "t.updated_at, s.definition FROM templates t "
      "JOIN template_snapshots s ON s.id = t.snapshot_id "
      "WHERE t.organization_id = $1 AND t.id = $2",
      {organization_id, id});
  if (rows.empty()) {
    return fail(ErrorCode::NotFound, fmt::format("There is no template {}.", id.to_string()),
                {{"/id", "No template with this id belongs to your organization."}});
  }
  return TemplateDetail{read_template(rows[0]), rows[0][13].text()};
}

}  // namespace segmentflow
