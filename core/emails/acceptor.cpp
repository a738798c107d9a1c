#include "core/emails/acceptor.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "core/templates/templates.hpp"

namespace segmentflow {
namespace {

// One to compile, one to draft, and some for changes meanwhile.
constexpr int kRoundsMax = 6;

}  // namespace

struct Acceptor::Call {
  AcceptCommand command;  // its items are shared with the committer, and changed only in between
  Done done;
  int rounds = 0;
};

void Acceptor::accept(AcceptCommand command, Done done) {
  submit(std::make_shared<Call>(Call{std::move(command), std::move(done)}));
}

void Acceptor::submit(const std::shared_ptr<Call>& call) {
  committer_.submit(accept_sends_, call->command, [this, call](Result<AcceptAnswer> answer) {
    if (answer && !answer->orders.empty()) {
      make_drafts(call, std::move(answer->orders));
    } else {
      call->done(std::move(answer));
    }
  });
}

void Acceptor::make_drafts(const std::shared_ptr<Call>& call, std::vector<DraftOrder> orders) {
  if (++call->rounds > kRoundsMax) {
    return call->done(fail(ErrorCode::NotReady,
                           "The template or the recipient is being changed; try again shortly."));
  }
  const bool queued = workers_.post([this, call, orders = std::move(orders)]() mutable {
    try {
      for (DraftOrder& order : orders) {
        AcceptItem& item = *call->command.items[order.item];
        item.draft = std::make_shared<const Draft>(make(item, std::move(order.sources)));
      }
    } catch (const std::exception& defect) {
      spdlog::error("a subject could not be made because of a defect: {}", defect.what());
      return call->done(fail(ErrorCode::Internal, "The email's subject could not be made."));
    }
    submit(call);
  });
  if (!queued) call->done(fail(ErrorCode::RateLimited, "Too many emails wait for their subject."));
}

// What cannot be compiled or rendered is a draft too: its error is the answer.
Draft Acceptor::make(const AcceptItem& item, DraftSources sources) {
  if (sources.compiled) return make_draft(item, std::move(sources));
  auto compiled =
      compiled_snapshot(database_, templates_, item.organization_id, sources.snapshot_id);
  Draft draft;
  if (compiled) {
    sources.compiled = std::move(*compiled);
  } else {
    draft.subject = tl::unexpected(compiled.error());
  }
  draft.made_from = std::move(sources);
  return draft;
}

}  // namespace segmentflow
