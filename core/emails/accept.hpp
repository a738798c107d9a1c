// Accepting sends: the list write behind emails.send and emails.batchSend. Everything of an item
// commits together: its idempotency key, the EmailSend, what rendering will read, and its delivery
// job.
#pragma once

#include <memory>
#include <vector>

#include "core/access/audit.hpp"
#include "core/emails/accept_decide.hpp"
#include "core/emails/request.hpp"
#include "core/store/committer.hpp"

namespace segmentflow {

struct Accepted {
  EmailSend send;
  bool replayed = false;
  // Whether send and Profile came to be with this call; those of a dry run do not exist.
  bool is_new = false;
  bool profile_is_new = false;
  std::shared_ptr<const DraftSources> made_from;  // null where it is replayed from before
};

// The sends of one call, in order. One send is a list of one.
struct AcceptCommand {
  std::vector<std::shared_ptr<AcceptItem>> items;
  bool is_dry_run = false;  // decided and answered, and not written
  AuditNotePtr note;        // of the call; may be null
};

// A draft to be made before the item can be accepted.
struct DraftOrder {
  std::size_t item = 0;  // its place in the command
  DraftSources sources;
};

// One result per item: a refused item harms no other. Or orders: then nothing was decided, and the
// command comes again with the drafts (acceptor.hpp).
struct AcceptAnswer {
  std::vector<Result<Accepted>> items;
  std::vector<DraftOrder> orders;
};

// Used on the committer's thread.
class AcceptSends final : public ListWrite<AcceptCommand, AcceptAnswer> {
 public:
  AcceptSends(IdSource& ids, const InstallationSecret& secret, TemplateCache& templates,
              AcceptSettings settings)
      : ids_(ids), secret_(secret), templates_(templates), settings_(settings) {}

  std::vector<Result<AcceptAnswer>> apply(Transaction& tx,
                                          std::span<const AcceptCommand> commands) override;
  std::size_t weight(const AcceptCommand& command) const override { return command.items.size(); }

 private:
  AcceptAnswer try_out(Transaction& tx, const AcceptCommand& command);

  IdSource& ids_;
  const InstallationSecret& secret_;
  TemplateCache& templates_;
  const AcceptSettings settings_;
};

}  // namespace segmentflow
