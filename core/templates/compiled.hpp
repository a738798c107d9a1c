// A template definition ready for use: its parts parsed once, shared by accept and delivery.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/error.hpp"
#include "core/base/id.hpp"
#include "core/templates/render/render.hpp"
#include "core/templates/render/spec.hpp"

namespace segmentflow {

// Immutable, thread-safe.
struct CompiledTemplate {
  std::string subject;    // may hold ${/path}
  std::string preheader;  // may hold ${/path}
  std::optional<Address> from;
  std::optional<Address> reply_to;
  std::shared_ptr<const render::Spec> spec;  // nullptr when the body is not a spec at all
  std::vector<std::string> profile_names;    // properties of the Profile that are read
  bool reads_whole_profile = false;
  std::vector<render::Finding> findings;  // paths into the definition

  // Whether it can be sent: a subject, a readable body, no finding that is an error.
  bool is_complete() const;

  // The profile values that rendering will read, as plain values: {"firstName": "Alex"}. `email`
  // and `id` are reserved names. `properties` is the stored JSON, {name: {value, source,
  // updatedAt}}.
  describe::Json frozen_profile(const Uuid& id, std::string_view email,
                                const std::string& properties) const;

  // The saved subject with its variables filled in, on one line, at most 998 characters.
  Result<std::string> render_subject(const describe::Json& data,
                                     const describe::Json& profile) const;

  Result<render::Rendered> render_body(const describe::Json& data,
                                       const describe::Json& profile) const;
};

// Compiles a definition {from, subject, body, replyTo?, preheader?, …}. ValidationFailed when the
// body is not a flat spec or is over budget; everything else is a finding.
Result<CompiledTemplate> compile_template(const describe::Json& definition);

// Compiled snapshots by id: a snapshot never changes, so nothing is ever stale. Thread-safe.
class TemplateCache {
 public:
  explicit TemplateCache(std::size_t entries_max = 512) : entries_max_(entries_max) {}

  std::shared_ptr<const CompiledTemplate> find(const Uuid& snapshot_id);
  // Compiles the stored definition and keeps it. A stored definition compiled when it was saved.
  std::shared_ptr<const CompiledTemplate> compile(const Uuid& snapshot_id,
                                                  const std::string& definition);

 private:
  using Order = std::list<Uuid>;
  struct Entry {
    std::shared_ptr<const CompiledTemplate> compiled;
    Order::iterator place;
  };
  const std::size_t entries_max_;
  std::mutex mutex_;
  Order order_;  // the least recently used last
  std::unordered_map<Uuid, Entry> entries_;
};

}  // namespace segmentflow
