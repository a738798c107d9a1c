#include "mcp/ticket.hpp"

#include <atomic>
#include <utility>

namespace mcp {
namespace {

using jsonrpc::Code;
using jsonrpc::Fault;
using jsonrpc::Outcome;

class Ticket {
 public:
  Ticket(RequestPtr request, std::shared_ptr<CallsInFlight> calls, Deliver deliver)
      : request_(std::move(request)), calls_(std::move(calls)), deliver_(std::move(deliver)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    finish(tl::unexpected(Fault{Code::InternalError,
                                "The call ended without an answer. This is a defect of the "
                                "server."}));
  }

  void finish(const Outcome& outcome) {
    if (finished_.exchange(true)) return;
    const bool wanted = !calls_ || calls_->end(*request_);
    deliver_(wanted ? &outcome : nullptr);
    request_->cancellation.forget();
    if (calls_) calls_->finish();
  }

 private:
  const RequestPtr request_;
  const std::shared_ptr<CallsInFlight> calls_;
  const Deliver deliver_;
  std::atomic<bool> finished_{false};
};

}  // namespace

Answer answer_of(RequestPtr request, std::shared_ptr<CallsInFlight> calls, Deliver deliver) {
  return
      [ticket = std::make_shared<Ticket>(std::move(request), std::move(calls), std::move(deliver))](
          const Outcome& outcome) { ticket->finish(outcome); };
}

}  // namespace mcp
