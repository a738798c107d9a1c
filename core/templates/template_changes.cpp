#include "core/templates/template_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/base/secret.hpp"
#include "core/templates/compiled.hpp"
#include "schemas/describe/utf8.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::array<std::string_view, 5> kPurposes = {"General", "Newsletter", "Promotional",
                                                       "Transactional", "LeadMagnetDelivery"};

std::string findings_to_json(const std::vector<render::Finding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings) {
    list.push_back({{"code", finding.code},
                    {"severity", render::to_string(finding.severity)},
                    {"path", finding.path},
                    {"message", finding.message}});
  }
  return describe::dump_json(list);
}

// The members that a change may give; what is absent is right already.
Result<void> check_metadata(const std::optional<std::string>& name,
                            const std::optional<std::string>& key,
                            const std::optional<std::string>& purpose) {
  std::vector<describe::Problem> problems;
  if (name && (name->empty() || name->size() > kTemplateNameLengthMax)) {
    problems.push_back({"/name", fmt::format("A name has 1 to {} bytes.", kTemplateNameLengthMax)});
  }
  if (name && describe::has_control_character(*name)) {
    problems.push_back({"/name", "A name is one line, without control characters."});
  }
  if (key && !is_template_key(*key)) {
    problems.push_back(
        {"/key", fmt::format("A key has 1 to {} of a-z, 0-9, '.', '_' and '-', and "
                             "starts with a letter or digit; it must not look like an id.",
                             kTemplateKeyLengthMax)});
  }
  if (purpose && std::find(kPurposes.begin(), kPurposes.end(), *purpose) == kPurposes.end()) {
    problems.push_back(
        {"/purpose", fmt::format("\"{}\" is no purpose; use Transactional for single "
                                 "emails.",
                                 *purpose)});
  }
  if (problems.empty()) return {};
  return fail(ErrorCode::ValidationFailed, "The template cannot be saved.", std::move(problems));
}

Result<void> check_sender(Transaction& tx, const Uuid& organization_id,
                          const std::optional<Uuid>& sender_profile_id) {
  if (!sender_profile_id ||
      !tx.query("SELECT 1 FROM sender_profiles WHERE organization_id = $1 AND id = $2",
                {organization_id, *sender_profile_id})
           .empty()) {
    return {};
  }
  return fail(ErrorCode::NotFound, "There is no such sender profile.",
              {{"/senderProfileId", "There is no such sender profile."}});
}

std::optional<Uuid> template_with_key(Transaction& tx, const Uuid& organization_id,
                                      const std::string& key) {
  const auto rows = tx.query("SELECT id FROM templates WHERE organization_id = $1 AND key = $2",
                             {organization_id, key});
  return rows.empty() ? std::nullopt : std::optional(rows[0][0].uuid());
}

Result<void> check_key_is_free(Transaction& tx, const Uuid& organization_id,
                               const std::optional<std::string>& key, const Uuid& for_template) {
  if (!key) return {};
  // Until the end of the transaction nobody else of the organisation takes a key.
  tx.query("SELECT row_id FROM organizations WHERE id = $1 {lock organizations}",
           {organization_id});
  const auto holder = template_with_key(tx, organization_id, *key);
  if (!holder || *holder == for_template) return {};
  return fail(
      ErrorCode::Conflict,
      fmt::format("The key \"{}\" is that of the template {}. Choose another key, or change "
                  "that template.",
                  *key, holder->to_string()),
      {{"/key", "The key is that of another template."}});
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

Result<TemplateDetail> insert_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const Uuid& id, const NewTemplate& wanted) {
  const CheckedDefinition& checked = wanted.definition;
  const Uuid snapshot_id = save_snapshot(tx, ids, organization_id, id, checked.text);
  tx.query(
      "INSERT INTO templates (id, organization_id, key, name, purpose, status, sub_type, language, "
      "sender_profile_id, is_complete, problems, snapshot_id, revision, created_at, updated_at) "
      "VALUES ($1, $2, $3, $4, $5, 'Active', $6, $7, $8, $9, $10, $11, 1, $12, $12)",
      {id, organization_id, wanted.key, wanted.name, wanted.purpose, wanted.sub_type,
       wanted.language, wanted.sender_profile_id, checked.is_complete, checked.problems,
       snapshot_id, tx.now()});
  return retrieve_template(tx, organization_id, id);
}

template <class T>
void apply_patch(std::optional<T>& value, const describe::Patch<T>& patch) {
  using State = typename describe::Patch<T>::State;
  if (patch.state == State::Null) value.reset();
  if (patch.state == State::Value) value = patch.value;
}

template <class T>
std::optional<T> given(const describe::Patch<T>& patch) {
  return patch.state == describe::Patch<T>::State::Value ? std::optional(patch.value)
                                                         : std::nullopt;
}

template <class T>
describe::Patch<T> as_patch(const std::optional<T>& value) {
  using State = typename describe::Patch<T>::State;
  return value ? describe::Patch<T>{State::Value, *value} : describe::Patch<T>{State::Null, {}};
}

// "Copy of" the name, as much of it as whole characters allow.
std::string copy_name(const std::string& name) {
  std::string copy = "Copy of ";
  return copy.append(describe::utf8_beginning(name, kTemplateNameLengthMax - copy.size()));
}

// The next revision is this caller's: others that change the template wait for the end of the
// transaction. False when there is no such template.
bool take_revision(Transaction& tx, const Uuid& organization_id, const Uuid& id) {
  tx.query(
      "UPDATE templates SET revision = revision + 1, updated_at = $1 "
      "WHERE organization_id = $2 AND id = $3",
      {tx.now(), organization_id, id});
  return tx.changes() == 1;
}

Result<void> check_revision(const Template& current, const std::optional<std::int64_t>& wanted) {
  const std::int64_t before = current.revision - 1;  // this change has taken the next one
  if (!wanted || *wanted == before) return {};
  const std::string message = fmt::format(
      "The template has changed since you read it: its etag is \"{}\" now. Read it again, apply "
      "your change to what it is, and send the new etag.",
      before);
  return fail(ErrorCode::PreconditionFailed, message, {{"/ifMatch", message}});
}

}  // namespace

bool is_template_key(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > kTemplateKeyLengthMax || !is_plain(text.front())) return false;
  if (Uuid::parse(text)) return false;  // a guard's list of templates holds keys and ids
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

Result<CheckedDefinition> check_definition(const Json& definition) {
  CheckedDefinition checked;
  checked.text = describe::dump_json(definition);
  if (checked.text.size() > kTemplateDefinitionBytesMax) {
    const std::string message = fmt::format("The definition has {} bytes; at most {} are allowed.",
                                            checked.text.size(), kTemplateDefinitionBytesMax);
    return fail(ErrorCode::PayloadTooLarge, message, {{"/definition", message}});
  }
  auto compiled = compile_template(definition);
  if (!compiled) {
    for (auto& problem : compiled.error().problems) problem.path = "/definition" + problem.path;
    return tl::unexpected(std::move(compiled.error()));
  }
  checked.is_complete = compiled->is_complete();
  checked.problems = findings_to_json(compiled->findings);
  return checked;
}

Result<TemplateDetail> create_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const NewTemplate& wanted) {
  const Uuid id = wanted.id.value_or(ids.next());
  if (auto checked = check_metadata(wanted.name, wanted.key, wanted.purpose); !checked) {
    return tl::unexpected(checked.error());
  }
  if (auto sender = check_sender(tx, organization_id, wanted.sender_profile_id); !sender) {
    return tl::unexpected(sender.error());
  }
  if (auto free = check_key_is_free(tx, organization_id, wanted.key, id); !free) {
    return tl::unexpected(free.error());
  }
  return insert_template(tx, ids, organization_id, id, wanted);
}

Result<TemplateDetail> update_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const Uuid& id, const TemplateChange& change) {
  if (auto checked = check_metadata(change.name, given(change.key), change.purpose); !checked) {
    return tl::unexpected(checked.error());
  }
  if (auto sender = check_sender(tx, organization_id, given(change.sender_profile_id)); !sender) {
    return tl::unexpected(sender.error());
  }
  if (!take_revision(tx, organization_id, id)) return tl::unexpected(no_template(id.to_string()));
  auto current = retrieve_template(tx, organization_id, id);
  if (!current) return current;
  Template& t = current->template_;
  if (auto fits = check_revision(t, change.if_revision); !fits) return tl::unexpected(fits.error());
  if (auto free = check_key_is_free(tx, organization_id, given(change.key), id); !free) {
    return tl::unexpected(free.error());
  }
  if (change.name) t.name = *change.name;
  if (change.purpose) t.purpose = *change.purpose;
  if (change.language) t.language = *change.language;
  apply_patch(t.key, change.key);
  apply_patch(t.sub_type, change.sub_type);
  apply_patch(t.sender_profile_id, change.sender_profile_id);
  if (const auto& definition = change.definition) {
    t.snapshot_id = save_snapshot(tx, ids, organization_id, id, definition->text);
    t.is_complete = definition->is_complete;
    t.problems = definition->problems;
  }
  tx.query(
      "UPDATE templates SET key = $1, name = $2, purpose = $3, language = $4, sub_type = $5, "
      "sender_profile_id = $6, is_complete = $7, problems = $8, snapshot_id = $9 "
      "WHERE organization_id = $10 AND id = $11",
      {t.key, t.name, t.purpose, t.language, t.sub_type, t.sender_profile_id, t.is_complete,
       t.problems, t.snapshot_id, organization_id, id});
  return retrieve_template(tx, organization_id, id);
}

Result<TemplateDetail> import_template(Transaction& tx, IdSource& ids, const Uuid& organization_id,
                                       const NewTemplate& wanted) {
  std::optional<Uuid> existing;
  if (wanted.id) {
    const auto rows = tx.query("SELECT organization_id FROM templates WHERE id = $1", {*wanted.id});
    if (!rows.empty() && rows[0][0].uuid() != organization_id) {
      return tl::unexpected(no_template(wanted.id->to_string()));
    }
    if (!rows.empty()) existing = wanted.id;
  }
  if (!wanted.id && wanted.key) existing = template_with_key(tx, organization_id, *wanted.key);
  if (!existing) return create_template(tx, ids, organization_id, wanted);
  TemplateChange change;
  change.name = wanted.name;
  change.purpose = wanted.purpose;
  change.language = wanted.language;
  change.key = as_patch(wanted.key);
  change.sub_type = as_patch(wanted.sub_type);
  change.sender_profile_id = as_patch(wanted.sender_profile_id);
  change.definition = wanted.definition;
  return update_template(tx, ids, organization_id, *existing, change);
}

Result<TemplateDetail> duplicate_template(Transaction& tx, IdSource& ids,
                                          const Uuid& organization_id, const Uuid& id,
                                          const std::optional<std::string>& name,
                                          const std::optional<std::string>& key) {
  const auto original = retrieve_template(tx, organization_id, id);
  if (!original) return original;
  const Template& t = original->template_;
  NewTemplate copy;
  copy.name = name.value_or(copy_name(t.name));
  copy.key = key;
  copy.purpose = t.purpose;
  copy.language = t.language;
  copy.sub_type = t.sub_type;
  copy.sender_profile_id = t.sender_profile_id;
  const Uuid copy_id = ids.next();
  if (auto checked = check_metadata(copy.name, copy.key, std::nullopt); !checked) {
    return tl::unexpected(checked.error());
  }
  if (auto free = check_key_is_free(tx, organization_id, key, copy_id); !free) {
    return tl::unexpected(free.error());
  }
  copy.definition = {original->definition, t.is_complete, t.problems};
  return insert_template(tx, ids, organization_id, copy_id, copy);
}

Result<TemplateDetail> set_template_status(Transaction& tx, const Uuid& organization_id,
                                           const Uuid& id, std::string_view status) {
  tx.query(
      "UPDATE templates SET status = $1, revision = revision + 1, updated_at = $2 "
      "WHERE organization_id = $3 AND id = $4 AND status <> $1",
      {status, tx.now(), organization_id, id});
  return retrieve_template(tx, organization_id, id);
}

Result<void> delete_template(Transaction& tx, const Uuid& organization_id, const Uuid& id) {
  // No index helps, so the queue is looked through as far as other writers can wait for it.
  const auto queue = tx.query(
      "SELECT count(*), "
      "count(CASE WHEN s.organization_id = $1 AND s.template_id = $2 THEN 1 END) "
      "FROM (SELECT subject_id FROM jobs ORDER BY row_id LIMIT $3) AS j "
      "LEFT JOIN email_sends s ON s.id = j.subject_id",
      {organization_id, id, kDeleteScanJobs});
  if (queue.at(0)[1].integer() > 0) {
    return fail(ErrorCode::Conflict,
                "The template is in use: emails made of it wait to be delivered. Archive it, so "
                "that no new ones are accepted, and delete it when they are done.",
                {{"/id", "Emails made of this template wait to be delivered."}});
  }
  if (queue.at(0)[0].integer() == kDeleteScanJobs) {
    return fail(ErrorCode::Conflict,
                fmt::format("{} emails or more wait to be delivered, too many to tell whether any "
                            "is made of this template. Archive it now and delete it later.",
                            kDeleteScanJobs),
                {{"/id", "Too many emails wait to be delivered."}});
  }
  tx.query("DELETE FROM templates WHERE organization_id = $1 AND id = $2", {organization_id, id});
  if (tx.changes() == 0) return tl::unexpected(no_template(id.to_string()));
  return {};
}

}  // namespace segmentflow
