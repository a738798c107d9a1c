// The way in for sends: submits a command to the committer, makes the drafts that it orders on a
// worker, and submits it again with them.
#pragma once

#include <functional>
#include <memory>

#include "core/emails/accept.hpp"
#include "core/store/committer.hpp"
#include "core/store/readers.hpp"

namespace segmentflow {

// Thread-safe. The parts must outlive the last answer.
class Acceptor {
 public:
  using Done = std::function<void(Result<AcceptAnswer>)>;

  Acceptor(Database& database, Committer& committer, ReaderPool& workers, TemplateCache& templates,
           AcceptSends& accept_sends)
      : database_(database),
        committer_(committer),
        workers_(workers),
        templates_(templates),
        accept_sends_(accept_sends) {}

  // `done` is called exactly once, from any thread, with an answer without orders. Errors as
  // Committer::submit; RateLimited also when too many drafts are waiting, NotReady when what the
  // drafts are made from changes faster than they are made.
  void accept(AcceptCommand command, Done done);

 private:
  struct Call;

  void submit(const std::shared_ptr<Call>& call);
  void make_drafts(const std::shared_ptr<Call>& call, std::vector<DraftOrder> orders);
  Draft make(const AcceptItem& item, DraftSources sources);

  Database& database_;
  Committer& committer_;
  ReaderPool& workers_;
  TemplateCache& templates_;
  AcceptSends& accept_sends_;
};

}  // namespace segmentflow
