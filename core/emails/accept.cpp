#include "core/emails/accept.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/jobs/jobs.hpp"

namespace segmentflow {
namespace {

// Another node may make the same profile, link or key between our look-up and our insert. The loser
// reads again and finds it; a list that loses over and over gives up, and its callers try again.
constexpr int kPassesMax = 5;

// A made send, its item, and the item's place among the open ones.
struct Made {
  std::size_t index;
  const AcceptItem* item;
  NewSend* value;
};

// Writers that make the same rows in one order cannot wait for each other in a circle.
template <class NameOf>
void sort_by_name(std::vector<Made>& made, NameOf name_of) {
  std::sort(made.begin(), made.end(), [&](const Made& a, const Made& b) {
    return std::forward_as_tuple(a.value->send.organization_id, name_of(*a.value)) <
           std::forward_as_tuple(b.value->send.organization_id, name_of(*b.value));
  });
}

std::set<OrgText> made_names(const SqlRows& rows) {
  std::set<OrgText> names;
  for (const auto& row : rows) names.emplace(row[0].uuid(), row[1].text());
  return names;
}

// Gives the sends whose profile is there as decided; the others lost a race.
std::vector<Made> write_profiles(Transaction& tx, std::vector<Made> made, Time now) {
  sort_by_name(made, [](const NewSend& each) {
    return each.new_profile ? each.new_profile->address.key() : std::string();
  });
  SqlInput profiles({{"id", SqlType::Bytes},
                     {"organization_id", SqlType::Bytes},
                     {"email", SqlType::Text},
                     {"email_key", SqlType::Text}});
  for (const auto& m : made) {
    if (!m.value->new_profile) continue;
    const Address& address = m.value->new_profile->address;
    profiles.add(
        {m.value->new_profile->id, m.value->send.organization_id, address.email, address.key()});
  }
  if (profiles.empty()) return made;
  std::set<Uuid> lost;
  for (const auto& row : profiles.rows()) lost.insert(row[0].uuid());
  for (const auto& row : tx.query(
           "INSERT INTO profiles (id, organization_id, email, email_key, properties, created_at, "
           "updated_at) SELECT i.id, i.organization_id, i.email, i.email_key, '{}', $1, $1 "
           "FROM {input} AS i WHERE 1 = 1 ON CONFLICT DO NOTHING RETURNING id",
           profiles, {now})) {
    lost.erase(row[0].uuid());
  }
  std::erase_if(made, [&](const Made& m) { return lost.contains(m.value->send.profile_id); });
  return made;
}

// Gives the sends whose external id, linked here or by an item before, is their profile's.
std::vector<Made> write_external_ids(Transaction& tx, std::vector<Made> made, Time now) {
  sort_by_name(made, [](const NewSend& each) { return each.new_external_id.value_or(""); });
  SqlInput links({{"organization_id", SqlType::Bytes},
                  {"external_id", SqlType::Text},
                  {"profile_id", SqlType::Bytes}});
  std::set<OrgText> lost;
  for (const auto& m : made) {
    if (!m.value->new_external_id) continue;
    links.add({m.value->send.organization_id, *m.value->new_external_id, m.value->send.profile_id});
    lost.emplace(m.value->send.organization_id, *m.value->new_external_id);
  }
  if (links.empty()) return made;
  for (const auto& linked : made_names(
           tx.query("INSERT INTO profile_external_ids (organization_id, external_id, profile_id, "
                    "created_at) SELECT i.organization_id, i.external_id, i.profile_id, $1 "
                    "FROM {input} AS i WHERE 1 = 1 ON CONFLICT DO NOTHING "
                    "RETURNING organization_id, external_id",
                    links, {now}))) {
    lost.erase(linked);
  }
  std::erase_if(made, [&](const Made& m) {
    const auto& external_id = m.item->request.external_id;
    return external_id && lost.contains({m.item->organization_id, *external_id});
  });
  return made;
}

SqlRow send_row(const NewSend& made) {
  const EmailSend& s = made.send;
  const auto reply_email = s.reply_to ? SqlValue(s.reply_to->email) : SqlValue();
  const auto reply_name = s.reply_to ? SqlValue(s.reply_to->name) : SqlValue();
  const auto skipped = s.skipped_reason ? SqlValue(to_string(*s.skipped_reason)) : SqlValue();
  return {s.id,
          s.organization_id,
          s.idempotency_key,
          Bytes{made.request_mac},
          Bytes{made.fingerprint},
          to_string(s.status),
          skipped,
          s.template_id,
          s.template_snapshot_id,
          s.sender_profile_id,
          s.from.email,
          s.from.name,
          reply_email,
          reply_name,
          s.subject,
          s.subscription_group_id,
          s.profile_id,
          s.to_email,
          addresses_to_json(s.cc),
          addresses_to_json(s.bcc),
          s.click_tracking,
          s.at_most_once,
          made.api_key_id,
          s.deadline_at,
          s.created_at};
}

// Gives the sends that were inserted; the others' keys were taken meanwhile.
std::vector<Made> write_sends(Transaction& tx, std::vector<Made> made) {
  using enum SqlType;
  SqlInput sends({{"id", Bytes},
                  {"organization_id", Bytes},
                  {"idempotency_key", Text},
                  {"request_mac", Bytes},
                  {"fingerprint", Bytes},
                  {"status", Text},
                  {"skipped_reason", Text},
                  {"template_id", Bytes},
                  {"template_snapshot_id", Bytes},
                  {"sender_profile_id", Bytes},
                  {"from_email", Text},
                  {"from_name", Text},
                  {"reply_to_email", Text},
                  {"reply_to_name", Text},
                  {"subject", Text},
                  {"subscription_group_id", Bytes},
                  {"profile_id", Bytes},
                  {"to_email", Text},
                  {"cc", Text},
                  {"bcc", Text},
                  {"click_tracking", Integer},
                  {"at_most_once", Integer},
                  {"api_key_id", Bytes},
                  {"deadline_at", Integer},
                  {"created_at", Integer}});
  sort_by_name(made, [](const NewSend& each) { return each.send.idempotency_key; });
  for (const auto& m : made) sends.add(send_row(*m.value));
  const auto rows = tx.query(
      "INSERT INTO email_sends (id, organization_id, idempotency_key, request_mac, fingerprint, "
      "status, skipped_reason, template_id, template_snapshot_id, sender_profile_id, from_email, "
      "from_name, reply_to_email, reply_to_name, subject, subscription_group_id, profile_id, "
      "to_email, "
      "cc, bcc, click_tracking, at_most_once, api_key_id, deadline_at, created_at, updated_at) "
      "SELECT i.id, i.organization_id, i.idempotency_key, i.request_mac, i.fingerprint, i.status, "
      "i.skipped_reason, i.template_id, i.template_snapshot_id, i.sender_profile_id, i.from_email, "
      "i.from_name, i.reply_to_email, i.reply_to_name, i.subject, i.subscription_group_id, "
      "i.profile_id, i.to_email, i.cc, i.bcc, i.click_tracking, i.at_most_once, i.api_key_id, "
      "i.deadline_at, i.created_at, i.created_at FROM {input} AS i WHERE 1 = 1 "
      "ON CONFLICT DO NOTHING RETURNING organization_id, idempotency_key",
      sends);
  const auto inserted = made_names(rows);
  std::erase_if(made, [&](const Made& m) {
    return !inserted.contains({m.value->send.organization_id, m.value->send.idempotency_key});
  });
  return made;
}

// Skipped sends are final: nothing will be rendered, so nothing is kept to render from.
void write_contents_and_jobs(Transaction& tx, const std::vector<Made>& made) {
  SqlInput contents({{"send_id", SqlType::Bytes},
                     {"organization_id", SqlType::Bytes},
                     {"data", SqlType::Text},
                     {"profile", SqlType::Text}});
  std::vector<NewJob> jobs;
  for (const auto& m : made) {
    const EmailSend& send = m.value->send;
    if (send.is_final()) continue;
    contents.add({send.id, send.organization_id, m.value->data_json, m.value->profile_json});
    jobs.push_back(
        {send.organization_id, JobKind::Deliver, send.id, send.created_at, send.deadline_at});
  }
  tx.query(
      "INSERT INTO email_contents (send_id, organization_id, data, profile) "
      "SELECT i.send_id, i.organization_id, i.data, i.profile FROM {input} AS i",
      contents);
  add_jobs(tx, jobs);
}

// The items of all commands as one list, with their answers.
class AcceptList {
 public:
  explicit AcceptList(std::span<const AcceptCommand> commands) {
    for (const auto& command : commands) {
      for (const auto& item : command.items) items_.push_back(&item);
    }
    answers_.resize(items_.size());
  }

  std::vector<std::size_t> open() const {
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      if (!answers_[i]) indexes.push_back(i);
    }
    return indexes;
  }

  const AcceptItem* item(std::size_t i) const { return items_[i]; }
  void answer(std::size_t i, Result<Accepted> result) { answers_[i] = std::move(result); }
  const std::optional<Result<Accepted>>& answer_of(std::size_t i) const { return answers_[i]; }

  std::vector<Result<AcceptAnswer>> split(std::span<const AcceptCommand> commands) {
    std::vector<Result<AcceptAnswer>> per_command;
    per_command.reserve(commands.size());
    std::size_t next = 0;
    for (const auto& command : commands) {
      AcceptAnswer answer;
      answer.items.reserve(command.items.size());
      for (std::size_t i = 0; i < command.items.size(); ++i) {
        answer.items.push_back(std::move(*answers_[next++]));
      }
      per_command.push_back(std::move(answer));
    }
    return per_command;
  }

 private:
  std::vector<const AcceptItem*> items_;
  std::vector<std::optional<Result<Accepted>>> answers_;
};

// Answers what is certain. A refusal may rest on what an item before it was to make: where one of
// those lost its race, refusals are decided again.
void settle(AcceptList& list, const std::vector<std::size_t>& open,
            std::vector<Decision>& decisions, const std::vector<Made>& written, bool lost_a_race) {
  for (const auto& m : written) {
    list.answer(open[m.index], Accepted{std::move(m.value->send), false});
  }
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    if (const auto* replay = std::get_if<Replay>(&decisions[i])) {
      list.answer(open[i], Accepted{replay->send, true});
    } else if (const auto* error = std::get_if<Error>(&decisions[i])) {
      if (!lost_a_race) list.answer(open[i], tl::unexpected(*error));
    } else if (const auto* repeat = std::get_if<RepeatOf>(&decisions[i])) {
      const auto& first = list.answer_of(open[repeat->index]);
      if (first) list.answer(open[i], Accepted{first->value().send, true});
    }
  }
}

}  // namespace

std::vector<Result<AcceptAnswer>> AcceptSends::apply(Transaction& tx,
                                                     std::span<const AcceptCommand> commands) {
  AcceptList list(commands);
  for (int pass = 0; pass < kPassesMax; ++pass) {
    const auto open = list.open();
    if (open.empty()) return list.split(commands);
    std::vector<const AcceptItem*> items;
    items.reserve(open.size());
    for (const std::size_t i : open) items.push_back(list.item(i));

    AcceptLookup lookup = look_up(tx, items, templates_);
    auto decisions = decide(items, lookup, ids_, secret_, settings_);

    std::vector<Made> made;
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      if (auto* value = std::get_if<NewSend>(&decisions[i])) made.push_back({i, items[i], value});
    }
    const std::size_t wanted = made.size();
    made = write_profiles(tx, std::move(made), lookup.now);
    made = write_external_ids(tx, std::move(made), lookup.now);
    made = write_sends(tx, std::move(made));
    write_contents_and_jobs(tx, made);
    settle(list, open, decisions, made, made.size() < wanted);
  }
  if (list.open().empty()) return list.split(commands);
  throw StoreUnavailable("accepting lost the same race too often");
}

}  // namespace segmentflow
