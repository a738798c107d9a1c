// What an EmailSend that is read again tells beside its record: what it waits for, what became of
// its visible copies, and whether it was only captured.
#pragma once

#include "core/emails/email_send.hpp"
#include "core/store/database.hpp"
#include "schemas/email_send.hpp"

namespace segmentflow {

// `answer` with it. Nothing of hidden copies is told, nor shows in what is.
wire::EmailSend with_progress(Transaction& tx, const EmailSend& send, wire::EmailSend answer);

}  // namespace segmentflow
