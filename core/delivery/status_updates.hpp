// What becomes final: the status of sends, and with it what is owed and kept of them.
#pragma once

#include <utility>
#include <vector>

#include "core/delivery/policy.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// Collects final statuses and writes them together. A status that is final already stays as it is:
// what ends then is what is still owed of the send, its copies.
class StatusUpdates {
 public:
  // `keeps_content`: copies are owed, which are rendered again.
  void add(const Uuid& send_id, const Verdict& verdict, bool keeps_content = false);
  // The copies of a send that is Sent are settled.
  void forget(const Uuid& send_id) { forgetting_.add({send_id}); }

  void write(Transaction& tx);

 private:
  static SqlInput columns();
  void show_kept_subjects(Transaction& tx);
  void forget_sensitive(Transaction& tx);

  SqlInput input_ = columns();
  SqlInput ended_ = columns();  // those of them that were not sent
  SqlInput keeping_{{{"send_id", SqlType::Bytes}}};
  SqlInput forgetting_{{{"send_id", SqlType::Bytes}}};
};

Verdict failed_at_deadline();

// Ends these sends. What ends because of its deadline says what came of it until then.
void end_sends(Transaction& tx, std::vector<std::pair<Uuid, Verdict>> ended);

}  // namespace segmentflow
