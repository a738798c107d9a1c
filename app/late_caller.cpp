#include "app/late_caller.hpp"

#include <utility>

namespace segmentflow::app {

Result<void> LateCaller::attempt() {
  if (caller()) return {};
  auto opened = open_();
  const std::lock_guard lock(mutex_);
  caller_ = std::move(opened);
  if (!caller_) return tl::unexpected(caller_.error());
  return {};
}

Result<std::shared_ptr<OperationCaller>> LateCaller::caller() const {
  const std::lock_guard lock(mutex_);
  return caller_;
}

bool LateCaller::is_usable() const {
  const std::lock_guard lock(mutex_);
  return known_.has_value();
}

void LateCaller::scopes(std::function<void(Result<Scopes>)> done) {
  const auto open = caller();
  if (!open) return done(noted(tl::unexpected(open.error())));
  (*open)->scopes([self = shared_from_this(), done = std::move(done)](Result<Scopes> now) {
    done(self->noted(std::move(now)));
  });
}

Result<LateCaller::Scopes> LateCaller::noted(Result<Scopes> now) {
  bool has_changed = false;
  {
    const std::lock_guard lock(mutex_);
    if (!now && known_ && kind_of(now.error().code).retryable) return *known_;
    auto given = now ? std::optional(*now) : std::nullopt;
    has_changed = is_listed_ && given != known_;
    known_ = std::move(given);
    is_listed_ = true;
  }
  if (has_changed) {
    using Of = mcp::Change::Of;
    for (const Of of : {Of::Tools, Of::Prompts, Of::Resources}) changes_->tell({of, {}, {}});
  }
  return now;
}

void LateCaller::call(const Operation& operation, describe::Json arguments, Consent consent,
                      AnswerDone done) {
  const auto open = caller();
  if (!open) return done(tl::unexpected(open.error()));
  (*open)->call(operation, std::move(arguments), consent, std::move(done));
}

void LateCaller::preview(const Operation& operation, describe::Json arguments, AnswerDone done) {
  const auto open = caller();
  if (!open) return done(tl::unexpected(open.error()));
  (*open)->preview(operation, std::move(arguments), std::move(done));
}

void LateCaller::complete(const Operation& operation, const std::string& beginning,
                          std::function<void(std::vector<Uuid>)> done) {
  const auto open = caller();
  if (!open) return done({});
  (*open)->complete(operation, beginning, std::move(done));
}

void LateCaller::asks_person(std::size_t emails, std::function<void(bool)> done) {
  const auto open = caller();
  if (!open) return done(false);
  (*open)->asks_person(emails, std::move(done));
}

}  // namespace segmentflow::app
