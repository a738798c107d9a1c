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
#include "core/templates/render/pointer.hpp"
#include "core/templates/render/render.hpp"
#include "core/templates/render/spec.hpp"

namespace segmentflow {

// Immutable, thread-safe.
struct CompiledTemplate {
  std::string subject;             // may hold ${/path}
  std::size_t subject_values = 0;  // how many it holds
  std::string preheader;           // may hold ${/path}
  std::optional<Address> from;
  std::optional<Address> reply_to;
  std::shared_ptr<const render::Spec> spec;  // nullptr when the body is not a spec at all
  std::vector<std::string> paths_read;       // in the state: subject, preheader and body together
  std::vector<std::string> profile_names;    // properties of the Profile that are read
  bool reads_whole_profile = false;
  bool reads_brand = false;
  std::vector<render::Pointer> sensitive;  // what is not to be kept once a send is final
  describe::Json render_variables = describe::Json::object();  // sample state for previews
  std::vector<render::Finding> findings;                       // paths into the definition

  // Whether it can be sent: a subject, a readable body, no finding that is an error.
  bool is_complete() const;

  // The profile values that rendering will read, as plain values: {"firstName": "Alex"}. `email`
  // and `id` are reserved names. `properties` is the stored JSON, {name: {value, source,
  // updatedAt}}.
  describe::Json frozen_profile(const Uuid& id, std::string_view email,
                                const std::string& properties) const;

  // The saved subject with its variables filled in, on one line, at most 998 characters, none of
  // them a control character. It may show nothing, which no email is sent with.
  Result<std::string> fill_subject(const render::State& state) const;
  // ... as it is sent. ValidationFailed at /subject when it shows nothing.
  Result<std::string> render_subject(const render::State& state) const;

  // ValidationFailed with a path into the definition: of the preheader, or below /body.
  Result<render::Rendered> render_body(const render::State& state) const;

  // `value`, the root `root` of a state, with each sensitive value replaced by "[redacted]";
  // nullopt when it holds none.
  std::optional<describe::Json> without_sensitive(std::string_view root,
                                                  const describe::Json& value) const;
};

// A subject as it is sent. ValidationFailed at /subject when a reader would see nothing of it.
Result<std::string> check_subject(std::string subject);

// Compiles a definition {from, subject, body, replyTo?, preheader?, renderVariables?,
// sensitiveTransactionalVariablePaths?}. ValidationFailed when the body is not a flat spec or is
// over budget; everything else is a finding: those of the body, and, as errors, missing_subject,
// missing_body, invalid_address, invalid_member, invalid_sensitive_path, too_many_values; as
// warnings, unknown_member, unknown_root. At most kFindingsMax findings of kFindingsBytesMax bytes
// are listed; then more_problems counts the others.
inline constexpr std::size_t kFindingsMax = 100;
inline constexpr std::size_t kFindingsBytesMax = 64 << 10;  // of their paths and messages
Result<CompiledTemplate> compile_template(const describe::Json& definition);

// Compiled snapshots by id: a snapshot never changes, so nothing is ever stale. Thread-safe.
class TemplateCache {
 public:
  explicit TemplateCache(std::size_t entries_max = 512) : entries_max_(entries_max) {}

  std::shared_ptr<const CompiledTemplate> find(const Uuid& snapshot_id);
  // Compiles the stored definition and keeps it. Errors as compile_template: what an earlier
  // version saved may be over a limit of this one.
  Result<std::shared_ptr<const CompiledTemplate>> compile(const Uuid& snapshot_id,
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
