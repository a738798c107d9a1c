#include "core/emails/accept.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/emails/accept_guards.hpp"
#include "core/jobs/jobs.hpp"

namespace segmentflow {
namespace {

// Another node made the same profile, link or key between our look-up and our insert: the list is
// decided again, as one that comes after it.
[[noreturn]] void lose_race() {
  throw RunAgain("another process accepts for the same names");
}

using Made = std::vector<NewSend*>;

// Writers that make the same rows in one order cannot wait for each other in a circle.
template <class NameOf>
void sort_by_name(Made& made, NameOf name_of) {
  std::sort(made.begin(), made.end(), [&](const NewSend* a, const NewSend* b) {
    return std::forward_as_tuple(a->send.organization_id, name_of(*a)) <
           std::forward_as_tuple(b->send.organization_id, name_of(*b));
  });
}

void insert_all(Transaction& tx, std::string_view sql, const SqlInput& input,
                std::initializer_list<SqlValue> params) {
  tx.query(sql, input, params);
  if (tx.changes() != static_cast<std::int64_t>(input.rows().size())) lose_race();
}

void write_profiles(Transaction& tx, Made made, Time now) {
  sort_by_name(made, [](const NewSend& each) {
    return each.new_profile ? each.new_profile->address.key() : std::string();
  });
  SqlInput profiles({{"id", SqlType::Bytes},
                     {"organization_id", SqlType::Bytes},
                     {"email", SqlType::Text},
                     {"email_key", SqlType::Text}});
  for (const NewSend* each : made) {
    if (!each->new_profile) continue;
    const Address& address = each->new_profile->address;
    profiles.add({each->new_profile->id, each->send.organization_id, address.email, address.key()});
  }
  insert_all(tx,
             "INSERT INTO profiles (id, organization_id, email, email_key, properties, created_at, "
             "updated_at) SELECT i.id, i.organization_id, i.email, i.email_key, '{}', $1, $1 "
             "FROM {input} AS i WHERE 1 = 1 ON CONFLICT DO NOTHING",
             profiles, {now});
}

void write_external_ids(Transaction& tx, Made made, Time now) {
  sort_by_name(made, [](const NewSend& each) { return each.new_external_id.value_or(""); });
  SqlInput links({{"organization_id", SqlType::Bytes},
                  {"external_id", SqlType::Text},
                  {"profile_id", SqlType::Bytes}});
  for (const NewSend* each : made) {
    if (!each->new_external_id) continue;
    links.add({each->send.organization_id, *each->new_external_id, each->send.profile_id});
  }
  insert_all(tx,
             "INSERT INTO profile_external_ids (organization_id, external_id, profile_id, "
             "created_at) SELECT i.organization_id, i.external_id, i.profile_id, $1 "
             "FROM {input} AS i WHERE 1 = 1 ON CONFLICT DO NOTHING",
             links, {now});
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
          s.created_at,
          s.approval_id};
}

void write_sends(Transaction& tx, Made made) {
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
                  {"created_at", Integer},
                  {"approval_id", Bytes}});
  sort_by_name(made, [](const NewSend& each) { return each.send.idempotency_key; });
  for (const NewSend* each : made) sends.add(send_row(*each));
  insert_all(
      tx,
      "INSERT INTO email_sends (id, organization_id, idempotency_key, request_mac, fingerprint, "
      "status, skipped_reason, template_id, template_snapshot_id, sender_profile_id, from_email, "
      "from_name, reply_to_email, reply_to_name, subject, subscription_group_id, profile_id, "
      "to_email, "
      "cc, bcc, click_tracking, at_most_once, api_key_id, deadline_at, created_at, updated_at, "
      "approval_id) "
      "SELECT i.id, i.organization_id, i.idempotency_key, i.request_mac, i.fingerprint, i.status, "
      "i.skipped_reason, i.template_id, i.template_snapshot_id, i.sender_profile_id, i.from_email, "
      "i.from_name, i.reply_to_email, i.reply_to_name, i.subject, i.subscription_group_id, "
      "i.profile_id, i.to_email, i.cc, i.bcc, i.click_tracking, i.at_most_once, i.api_key_id, "
      "i.deadline_at, i.created_at, i.created_at, i.approval_id FROM {input} AS i WHERE 1 = 1 "
      "ON CONFLICT DO NOTHING",
      sends, {});
}

// Skipped sends are final: nothing will be rendered, so nothing is kept to render from.
void write_contents_and_jobs(Transaction& tx, const Made& made) {
  SqlInput contents({{"send_id", SqlType::Bytes},
                     {"organization_id", SqlType::Bytes},
                     {"data", SqlType::Text},
                     {"profile", SqlType::Text},
                     {"brand", SqlType::Text},
                     {"kept_data", SqlType::Text},
                     {"kept_profile", SqlType::Text},
                     {"kept_subject", SqlType::Text}});
  std::vector<NewJob> jobs;
  for (const NewSend* each : made) {
    const EmailSend& send = each->send;
    if (send.is_final()) continue;
    contents.add({send.id, send.organization_id, each->data_json, each->made_from->profile_json,
                  each->made_from->brand_json, each->kept_data, each->kept_profile,
                  each->kept_subject});
    const Time due = send.approval_id ? kUnapprovedDue : send.created_at;
    jobs.push_back({send.organization_id, JobKind::Deliver, send.id, due, send.deadline_at});
  }
  tx.query(
      "INSERT INTO email_contents (send_id, organization_id, data, profile, brand, kept_data, "
      "kept_profile, kept_subject) SELECT i.send_id, i.organization_id, i.data, i.profile, "
      "i.brand, "
      "i.kept_data, i.kept_profile, i.kept_subject FROM {input} AS i",
      contents);
  add_jobs(tx, jobs);
}

void write_days(Transaction& tx, const Made& made, Time now) {
  std::map<Uuid, DayCount> days;
  for (const NewSend* each : made) {
    if (!each->day_limit) continue;
    DayCount& day = days[each->api_key_id];
    day.organization_id = each->send.organization_id;
    day.limit = *each->day_limit;
    ++day.sends;
  }
  if (!count_days(tx, days, now)) lose_race();
}

void write_approvals(Transaction& tx, const Made& made, Time now) {
  SqlInput approvals({{"id", SqlType::Bytes},
                      {"organization_id", SqlType::Bytes},
                      {"api_key_id", SqlType::Bytes}});
  std::set<Uuid> known;
  for (const NewSend* each : made) {
    const auto& id = each->send.approval_id;
    if (!id || !known.insert(*id).second) continue;
    approvals.add({*id, each->send.organization_id, each->api_key_id});
  }
  if (approvals.rows().empty()) return;
  tx.query(
      "INSERT INTO approvals (id, organization_id, api_key_id, state, created_at) "
      "SELECT i.id, i.organization_id, i.api_key_id, 'Pending', $1 FROM {input} AS i",
      approvals, {now});
}

void write(Transaction& tx, Time now, std::vector<Decision>& decisions) {
  Made made;
  for (Decision& decision : decisions) {
    if (auto* value = std::get_if<NewSend>(&decision)) made.push_back(value);
  }
  write_days(tx, made, now);
  write_approvals(tx, made, now);
  write_profiles(tx, made, now);
  write_external_ids(tx, made, now);
  write_sends(tx, made);
  write_contents_and_jobs(tx, made);
}

// The entry of a call that made this send, among others: one that waits is found by its approval.
AuditEntry entry_of(const AuditNote& note, const NewSend& made) {
  AuditEntry entry = note.entry;
  if (!made.send.approval_id) return entry;
  entry.outcome += " (waits)";
  entry.request_id = made.send.approval_id->to_string();
  return entry;
}

// Calls that send something are noted together with it. `decisions` are those of all items of the
// commands in these places.
void write_notes(Transaction& tx, std::span<const AcceptCommand> commands,
                 const std::vector<std::size_t>& places, const std::vector<Decision>& decisions) {
  std::vector<AuditEntry> entries;
  auto next = decisions.begin();
  for (const std::size_t place : places) {
    const AcceptCommand& command = commands[place];
    const auto end = next + static_cast<std::ptrdiff_t>(command.items.size());
    const auto made = std::find_if(
        next, end, [](const Decision& each) { return std::holds_alternative<NewSend>(each); });
    next = end;
    if (!command.note) continue;
    command.note->is_written = made != end;
    if (made != end) entries.push_back(entry_of(*command.note, std::get<NewSend>(*made)));
  }
  write_audit(tx, entries);
}

std::vector<const AcceptItem*> items_of(const AcceptCommand& command) {
  std::vector<const AcceptItem*> items;
  for (const auto& item : command.items) items.push_back(item.get());
  return items;
}

Result<Accepted> answer_to(std::vector<Decision>& decisions, std::size_t i,
                           const std::set<Uuid>& new_profiles) {
  Decision& decision = decisions[i];
  if (auto* error = std::get_if<Error>(&decision)) return tl::unexpected(std::move(*error));
  if (auto* replay = std::get_if<Replay>(&decision)) return Accepted{std::move(replay->send), true};
  const auto* repeat = std::get_if<RepeatOf>(&decision);
  const auto& made = std::get<NewSend>(repeat ? decisions[repeat->index] : decision);
  return Accepted{made.send, repeat != nullptr, true, new_profiles.contains(made.send.profile_id),
                  made.made_from};
}

// A later item may be for a Profile that an earlier one makes.
std::set<Uuid> new_profiles_of(const std::vector<Decision>& decisions) {
  std::set<Uuid> ids;
  for (const Decision& decision : decisions) {
    const auto* made = std::get_if<NewSend>(&decision);
    if (made != nullptr && made->new_profile) ids.insert(made->new_profile->id);
  }
  return ids;
}

// The answer to a command whose first decision stands at `next`, which moves on.
AcceptAnswer answer_of(const AcceptCommand& command, std::vector<Decision>& decisions,
                       const std::set<Uuid>& new_profiles, std::size_t& next) {
  AcceptAnswer answer;
  answer.items.reserve(command.items.size());
  const std::size_t first = next;
  for (; next < first + command.items.size(); ++next) {
    answer.items.push_back(answer_to(decisions, next, new_profiles));
  }
  return answer;
}

// The drafts that the command's decisions, from the first on, want.
std::vector<DraftOrder> orders_in(const AcceptCommand& command, std::vector<Decision>& decisions,
                                  std::size_t first) {
  std::vector<DraftOrder> orders;
  for (std::size_t i = 0; i < command.items.size(); ++i) {
    auto* undrafted = std::get_if<Undrafted>(&decisions[first + i]);
    if (undrafted) orders.push_back({i, std::move(undrafted->sources)});
  }
  return orders;
}

using Places = std::vector<std::size_t>;

// The items of the commands in these places.
std::vector<const AcceptItem*> items_of(std::span<const AcceptCommand> commands,
                                        const Places& places) {
  std::vector<const AcceptItem*> items;
  for (const std::size_t place : places) {
    for (const auto& item : commands[place].items) items.push_back(item.get());
  }
  return items;
}

Places written_places(std::span<const AcceptCommand> commands) {
  Places places;
  for (std::size_t place = 0; place < commands.size(); ++place) {
    if (!commands[place].is_dry_run) places.push_back(place);
  }
  return places;
}

// Answers the commands that want drafts with their orders and takes their places out; whether there
// were any.
bool put_aside(std::span<const AcceptCommand> commands, std::vector<Decision>& decisions,
               Places& places, std::vector<Result<AcceptAnswer>>& answers) {
  Places rest;
  std::size_t first = 0;
  for (const std::size_t place : places) {
    const AcceptCommand& command = commands[place];
    auto orders = orders_in(command, decisions, first);
    first += command.items.size();
    if (orders.empty()) {
      rest.push_back(place);
    } else {
      answers[place] = AcceptAnswer{{}, std::move(orders)};
    }
  }
  const bool any = rest.size() < places.size();
  places = std::move(rest);
  return any;
}

}  // namespace

std::vector<Result<AcceptAnswer>> AcceptSends::apply(Transaction& tx,
                                                     std::span<const AcceptCommand> commands) {
  std::vector<Result<AcceptAnswer>> answers(commands.size());
  Places places = written_places(commands);
  AcceptLookup lookup;
  std::vector<Decision> decisions;
  // Without a command that wants drafts the others are decided anew: what its items would have made
  // must not be seen by theirs.
  do {
    const auto items = items_of(commands, places);
    lookup = look_up(tx, items, templates_);
    decisions = decide(items, lookup, ids_, secret_, settings_);
  } while (put_aside(commands, decisions, places, answers));
  write(tx, lookup.now, decisions);
  write_notes(tx, commands, places, decisions);
  const auto new_profiles = new_profiles_of(decisions);
  std::size_t next = 0;
  for (const std::size_t place : places) {
    answers[place] = answer_of(commands[place], decisions, new_profiles, next);
  }
  for (std::size_t place = 0; place < commands.size(); ++place) {
    if (commands[place].is_dry_run) answers[place] = try_out(tx, commands[place]);
  }
  return answers;
}

AcceptAnswer AcceptSends::try_out(Transaction& tx, const AcceptCommand& command) {
  const auto items = items_of(command);
  AcceptLookup lookup = look_up(tx, items, templates_);
  auto decisions = decide(items, lookup, ids_, secret_, settings_);
  auto orders = orders_in(command, decisions, 0);
  if (!orders.empty()) return {{}, std::move(orders)};
  std::size_t next = 0;
  return answer_of(command, decisions, new_profiles_of(decisions), next);
}

}  // namespace segmentflow
