// What a send becomes when it is final, for the writes that end sends.
#pragma once

#include "core/delivery/policy.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

// One row for each send whose status changes. A status that is written here is final.
class StatusUpdates {
 public:
  void add(const Uuid& send_id, const Verdict& verdict);
  // Where rendering failed no Message came to be.
  void write(Transaction& tx);

 private:
  void forget_sensitive(Transaction& tx);

  SqlInput input_{{{"id", SqlType::Bytes},
                   {"status", SqlType::Text},
                   {"skipped_reason", SqlType::Text},
                   {"failure_reason", SqlType::Text},
                   {"failure_message", SqlType::Text},
                   {"no_message", SqlType::Integer}}};
};

}  // namespace segmentflow
