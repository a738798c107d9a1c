#include "core/delivery/relay_troubles.hpp"

#include <algorithm>

namespace segmentflow {
namespace {

SqlValue optional_id(const std::optional<Uuid>& id) {
  return id ? SqlValue(*id) : SqlValue();
}

bool is_told(const std::vector<RelayTrouble>& troubles, const RelayTrouble& trouble) {
  return std::any_of(troubles.begin(), troubles.end(), [&](const RelayTrouble& each) {
    return each.sender_profile_id == trouble.sender_profile_id && each.stage == trouble.stage &&
           each.code == trouble.code && each.enhanced == trouble.enhanced;
  });
}

}  // namespace

void write_relay_troubles(Transaction& tx, const Uuid& instance_id,
                          const std::vector<RelayTrouble>& troubles) {
  tx.query(
      "DELETE FROM relay_troubles WHERE instance_id = $1 "
      "OR instance_id NOT IN (SELECT id FROM instances)",
      {instance_id});
  SqlInput rows({{"organization_id", SqlType::Bytes},
                 {"sender_profile_id", SqlType::Bytes},
                 {"peer", SqlType::Text},
                 {"stage", SqlType::Text},
                 {"reply_code", SqlType::Integer},
                 {"reply_enhanced", SqlType::Text},
                 {"sentence", SqlType::Text},
                 {"since", SqlType::Integer}});
  for (std::size_t i = 0; i < std::min(troubles.size(), kKeptTroublesMax); ++i) {
    const RelayTrouble& trouble = troubles[i];
    rows.add({optional_id(trouble.organization_id), optional_id(trouble.sender_profile_id),
              trouble.peer, to_string(trouble.stage), trouble.code, trouble.enhanced,
              trouble.sentence, trouble.since});
  }
  tx.query(
      "INSERT INTO relay_troubles (instance_id, organization_id, sender_profile_id, peer, stage, "
      "reply_code, reply_enhanced, sentence, since) SELECT $1, i.organization_id, "
      "i.sender_profile_id, i.peer, i.stage, i.reply_code, i.reply_enhanced, i.sentence, i.since "
      "FROM {input} AS i",
      rows, {instance_id});
}

std::vector<RelayTrouble> read_relay_troubles(Transaction& tx, const Uuid& organization_id) {
  std::vector<RelayTrouble> troubles;
  for (const auto& row :
       tx.query("SELECT t.organization_id, t.sender_profile_id, t.peer, t.stage, t.reply_code, "
                "t.reply_enhanced, t.sentence, t.since FROM relay_troubles t "
                "JOIN instances n ON n.id = t.instance_id "
                "WHERE t.organization_id IS NULL OR t.organization_id = $1 "
                "ORDER BY CASE WHEN t.organization_id IS NULL THEN 0 ELSE 1 END, t.since",
                {organization_id})) {
    RelayTrouble trouble;
    trouble.organization_id = row[0].optional_uuid();
    trouble.sender_profile_id = row[1].optional_uuid();
    trouble.peer = row[2].text();
    trouble.stage = parse_stage(row[3].text());
    trouble.code = static_cast<int>(row[4].integer());
    trouble.enhanced = row[5].text();
    trouble.sentence = row[6].text();
    trouble.since = row[7].integer();
    if (!is_told(troubles, trouble)) troubles.push_back(std::move(trouble));
  }
  return troubles;
}

}  // namespace segmentflow
