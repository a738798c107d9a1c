#include "tools/render_operation.hpp"

#include <spdlog/spdlog.h>

namespace segmentflow {

Result<void> load_guarded(const Engine& engine,
                          const std::function<Result<void>(Transaction&)>& load) {
  try {
    Result<void> loaded;
    const auto read = engine.database.read([&](Transaction& tx) { loaded = load(tx); });
    return read ? loaded : read;
  } catch (const std::exception& defect) {
    spdlog::error("an operation failed: {}", defect.what());
    return fail(ErrorCode::Internal, "The server failed to handle the request; it is logged.");
  }
}

void render_apart(const Engine& engine, const Uuid& organization,
                  std::function<Result<Answer>()> render, const AnswerDone& done) {
  const bool queued = engine.previews.post(organization, [&engine, render, done] {
    Result<Answer> answer = fail(ErrorCode::Internal, "The operation gave no answer.");
    {
      const auto inside = engine.render_gate.enter();
      answer = guarded(render);
    }
    done(std::move(answer));
  });
  if (!queued) {
    done(fail(ErrorCode::RateLimited,
              "Too many previews of your organization are waiting. Try again when they have been "
              "answered."));
  }
}

}  // namespace segmentflow
