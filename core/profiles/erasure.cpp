#include "core/profiles/erasure.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ascii.hpp"
#include "core/profiles/profiles.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

using describe::Json;

constexpr std::int64_t kSendsAtOnce = 200;
constexpr std::int64_t kStretchRows = 5'000;

// The pattern of LIKE for texts that hold this one; '!' is the escape.
std::string pattern_of(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

// An email of which something is to go.
struct Found {
  Uuid id;
  std::string idempotency_key;
  std::string cc;
  std::string bcc;
};

// One person's address, and what belongs to erasing it.
class Eraser {
 public:
  Eraser(Database& database, const InstallationSecret& secret, const Uuid& organization_id,
         std::string key)
      : database_(database),
        secret_(secret),
        organization_id_(organization_id),
        key_(std::move(key)) {}

  std::optional<Uuid> erase_profile_row() {
    std::optional<Uuid> profile;
    database_.write([&](Transaction& tx) {
      const auto rows =
          tx.query("SELECT id FROM profiles WHERE organization_id = $1 AND email_key IN ($2, $3)",
                   {organization_id_, key_, erased_email_key(secret_, key_)});
      profile = rows.empty() ? std::nullopt : std::optional(rows[0][0].uuid());
      if (profile) mark_erased(tx, secret_, organization_id_, *profile);
      // Of an address that only ever got copies.
      tx.query(
          "UPDATE suppressions SET email_key = $1 WHERE organization_id = $2 AND email_key = $3",
          {erased_email_key(secret_, key_), organization_id_, key_});
    });
    return profile;
  }

  std::int64_t clear_sends_of(const Uuid& profile) {
    std::int64_t cleared = 0;
    std::int64_t after = 0;
    while (true) {
      std::vector<Found> found;
      read([&](Transaction& tx) {
        found.clear();
        for (const auto& row : tx.query(
                 "SELECT row_id, id, idempotency_key FROM email_sends WHERE organization_id = $1 "
                 "AND profile_id = $2 AND row_id > $3 ORDER BY row_id LIMIT $4",
                 {organization_id_, profile, after, kSendsAtOnce})) {
          found.push_back({row[1].uuid(), row[2].text(), "", ""});
          after = row[0].integer();
        }
      });
      if (found.empty()) return cleared;
      database_.write([&](Transaction& tx) {
        std::vector<Uuid> ids;
        for (const Found& each : found) ids.push_back(each.id);
        forget_recipients(tx, ids);
        hash_idempotency_keys(tx, found);
      });
      cleared += static_cast<std::int64_t>(found.size());
    }
  }

  std::int64_t clear_copies() {
    std::int64_t last = 0;
    read([&](Transaction& tx) {
      last = tx.query("SELECT coalesce(max(row_id), 0) FROM email_sends").at(0)[0].integer();
    });
    std::int64_t cleared = 0;
    for (std::int64_t after = 0; after < last; after += kStretchRows) {
      auto found = sends_with_copies(after);
      if (found.empty()) continue;
      database_.write([&](Transaction& tx) {
        read_again(tx, found);
        take_copies_out(tx, found);
        hash_idempotency_keys(tx, found);
      });
      cleared += static_cast<std::int64_t>(found.size());
    }
    return cleared;
  }

 private:
  void read(const std::function<void(Transaction&)>& work) {
    if (const auto done = database_.read(work); !done) throw StoreUnavailable(done.error().message);
  }

  std::vector<Found> sends_with_copies(std::int64_t after) {
    std::vector<Found> found;
    read([&](Transaction& tx) {
      found.clear();
      for (const auto& row :
           tx.query("SELECT id, idempotency_key, cc, bcc FROM email_sends WHERE row_id > $1 AND "
                    "row_id <= $2 AND organization_id = $3 AND (lower(cc) LIKE $4 ESCAPE '!' OR "
                    "lower(bcc) LIKE $4 ESCAPE '!' OR lower(idempotency_key) LIKE $4 ESCAPE '!')",
                    {after, after + kStretchRows, organization_id_, pattern_of(key_)})) {
        found.push_back({row[0].uuid(), row[1].text(), row[2].text(), row[3].text()});
      }
    });
    return found;
  }

  // The lists as they are now: another erasure may have changed them.
  static void read_again(Transaction& tx, std::vector<Found>& found) {
    SqlInput ids({{"id", SqlType::Bytes}});
    for (const Found& each : found) ids.add({each.id});
    found.clear();
    for (const auto& row :
         tx.query("SELECT email_sends.id, email_sends.idempotency_key, email_sends.cc, "
                  "email_sends.bcc FROM {input} AS i JOIN email_sends ON email_sends.id = i.id "
                  "{lock email_sends}",
                  ids)) {
      found.push_back({row[0].uuid(), row[1].text(), row[2].text(), row[3].text()});
    }
  }

  // The list of addresses (email_send.cpp) with what stands for this one in its place: others keep
  // theirs. Each place that this one had is told to `taken`.
  std::string without(const std::string& list,
                      const std::function<void(std::size_t place)>& taken) const {
    auto json = describe::parse_json(list);
    if (!json || !json->is_array()) return list;
    for (std::size_t place = 0; place < json->size(); ++place) {
      Json& entry = (*json)[place];
      if (ascii_lower(entry.at("email").get<std::string>()) != key_) continue;
      entry = Json{{"email", std::string(kErasedAddress)}};
      taken(place);
    }
    return describe::dump_json(*json);
  }

  void take_copies_out(Transaction& tx, const std::vector<Found>& found) const {
    SqlInput sends({{"id", SqlType::Bytes}, {"cc", SqlType::Text}, {"bcc", SqlType::Text}});
    SqlInput owed(
        {{"send_id", SqlType::Bytes}, {"list", SqlType::Text}, {"place", SqlType::Integer}});
    std::vector<Uuid> ids;
    for (const Found& each : found) {
      const auto end_copy = [&](std::string_view list) {
        return [&owed, &each, list](std::size_t place) {
          owed.add({each.id, list, static_cast<std::int64_t>(place)});
        };
      };
      const std::string cc = without(each.cc, end_copy("cc"));
      const std::string bcc = without(each.bcc, end_copy("bcc"));
      if (cc == each.cc && bcc == each.bcc) continue;  // a longer address, or a key that holds it
      sends.add({each.id, cc, bcc});
      ids.push_back(each.id);
    }
    if (ids.empty()) return;
    tx.query(
        "UPDATE email_sends SET cc = i.cc, bcc = i.bcc FROM {input} AS i "
        "WHERE email_sends.id = i.id",
        sends);
    tx.query(
        "UPDATE delivery_copies SET status = 'Skipped', next_attempt_at = NULL FROM {input} AS i "
        "WHERE delivery_copies.send_id = i.send_id AND delivery_copies.list = i.list "
        "AND delivery_copies.place = i.place AND delivery_copies.status = 'Processing'",
        owed);
    forget_answers(tx, ids);
  }

  void hash_idempotency_keys(Transaction& tx, const std::vector<Found>& found) const {
    SqlInput sends({{"id", SqlType::Bytes}, {"idempotency_key", SqlType::Text}});
    for (const Found& each : found) {
      if (ascii_lower(each.idempotency_key).find(key_) == std::string::npos) continue;
      sends.add({each.id, "erased:" + to_base64url(secret_.mac("erased-idempotency-key",
                                                               each.idempotency_key))});
    }
    if (sends.empty()) return;
    tx.query(
        "UPDATE email_sends SET idempotency_key = i.idempotency_key FROM {input} AS i "
        "WHERE email_sends.id = i.id",
        sends);
  }

  Database& database_;
  const InstallationSecret& secret_;
  const Uuid organization_id_;
  const std::string key_;
};

}  // namespace

void mark_erased(Transaction& tx, const InstallationSecret& secret, const Uuid& organization_id,
                 const Uuid& profile_id) {
  const auto rows =
      tx.query("SELECT email_key, erased_at FROM profiles WHERE organization_id = $1 AND id = $2",
               {organization_id, profile_id});
  if (rows.empty() || !rows[0][1].is_null()) return;
  const std::string erased_key = erased_email_key(secret, rows[0][0].text());
  tx.query(
      "UPDATE profiles SET email = '', email_key = $1, properties = '{}', erased_at = $2, "
      "updated_at = $2 WHERE organization_id = $3 AND id = $4",
      {erased_key, tx.now(), organization_id, profile_id});
  tx.query("UPDATE suppressions SET email_key = $1 WHERE organization_id = $2 AND email_key = $3",
           {erased_key, organization_id, rows[0][0].text()});
  tx.query("DELETE FROM profile_external_ids WHERE organization_id = $1 AND profile_id = $2",
           {organization_id, profile_id});
}

void forget_answers(Transaction& tx, std::span<const Uuid> send_ids) {
  SqlInput sends({{"id", SqlType::Bytes}});
  for (const Uuid& id : send_ids) sends.add({id});
  tx.query(
      "UPDATE delivery_attempts SET reply_text = '', detail = '', refused_copies = '[]' "
      "FROM {input} AS i WHERE delivery_attempts.send_id = i.id",
      sends);
  tx.query(
      "UPDATE delivery_copies SET message = '' FROM {input} AS i "
      "WHERE delivery_copies.send_id = i.id",
      sends);
  tx.query(
      "UPDATE email_sends SET failure_message = NULL FROM {input} AS i "
      "WHERE email_sends.id = i.id AND failure_message IS NOT NULL",
      sends);
}

Erasure erase_address(Database& database, const InstallationSecret& secret,
                      const Uuid& organization_id, const Address& address) {
  Eraser eraser(database, secret, organization_id, address.key());
  Erasure erasure;
  if (const auto profile = eraser.erase_profile_row()) {
    erasure.was_profile = true;
    erasure.emails += eraser.clear_sends_of(*profile);
  }
  erasure.emails += eraser.clear_copies();
  return erasure;
}

}  // namespace segmentflow
