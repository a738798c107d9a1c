// Operations that render: what they need is read in one snapshot on a reader thread, and rendered
// on the threads for previews, so that no read waits for a heavy template.
#pragma once

#include "tools/operation.hpp"

namespace segmentflow {

// The first half, on a reader thread: everything that rendering needs.
template <class Request, class Loaded>
using Loader = Result<Loaded> (*)(const Engine&, Transaction&, const ApiKey&, const Request&);
// The second, on a rendering thread.
template <class Request, class Loaded, class Response>
using Renderer = Result<Reply<Response>> (*)(const Request&, const Loaded&);

// Runs `load` in a snapshot; a defect is logged and becomes Internal.
Result<void> load_guarded(const Engine& engine,
                          const std::function<Result<void>(Transaction&)>& load);

// Runs `render` where previews are rendered, and gives `done` what comes of it; RateLimited when
// too much of the organisation waits there.
void render_apart(const Engine& engine, const Uuid& organization,
                  std::function<Result<Answer>()> render, const AnswerDone& done);

template <class Request, class Loaded, class Response>
Operation render_operation(OperationInfo info, std::type_identity_t<Loader<Request, Loaded>> load,
                           std::type_identity_t<Renderer<Request, Loaded, Response>> render) {
  auto invoke = [load, render](const Engine& engine, const KeyPtr& key, const describe::Json& input,
                               const CallOptions&, AnswerDone done) {
    with_request<Request>(input, done, [&](std::shared_ptr<const Request> request) {
      const bool queued = engine.readers.post([&engine, load, render, key, request, done] {
        auto loaded = std::make_shared<Loaded>();
        const auto found = load_guarded(engine, [&](Transaction& tx) {
          return load(engine, tx, *key, *request).map([&](Loaded it) { *loaded = std::move(it); });
        });
        if (!found) return done(tl::unexpected(found.error()));
        render_apart(
            engine, key->organization_id,
            [render, request, loaded] { return answer_of(render(*request, *loaded)); }, done);
      });
      if (!queued)
        done(fail(ErrorCode::RateLimited, "Too many reads are waiting. Try again shortly."));
    });
  };
  return {info, &describe::type_of<Request>(), &describe::type_of<Response>(), std::move(invoke),
          problems_of<Request>};
}

}  // namespace segmentflow
