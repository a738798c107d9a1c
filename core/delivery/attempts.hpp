// The attempts of an email as they are stored: a row for each, and one row, number 0, for all tries
// that came to nothing before the relay heard of the email.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/delivery/delivery_records.hpp"

namespace segmentflow {

// The number of the row that counts the tries that never started.
inline constexpr int kNeverStartedNumber = 0;

// Marks that a dot is about to be written.
void mark_attempts(Transaction& tx, const std::vector<const AttemptRef*>& refs);

// Writes the outcomes of those commands that still hold their job; marks of attempts that are given
// back go.
void write_attempts(Transaction& tx, std::span<const OutcomeCommand> commands,
                    const std::vector<bool>& ours);

// What an email waits for.
struct LastAttempt {
  std::int64_t attempts = 0;  // made so far, those that never started among them
  Time at = 0;
  std::optional<Time> next_at;
  MailOutcome outcome;
};
// nullopt before the first attempt.
std::optional<LastAttempt> read_last_attempt(Transaction& tx, const EmailSend& send);

// Whether the email was written to a file instead of being sent.
bool was_captured(Transaction& tx, const EmailSend& send);

// A sentence for each of these emails that was tried: what came of its last attempt.
std::map<Uuid, std::string> last_answers(Transaction& tx, const std::vector<Uuid>& send_ids);

}  // namespace segmentflow
