// The answer of emails.batchSend in brief.
#pragma once

#include "tools/operation.hpp"

namespace segmentflow {

// Of wire::EmailBatchBrief: an accepted item tells id, status, recipient and what it waits for, a
// rejected one its first problems, once each.
Brief batch_brief();

}  // namespace segmentflow
