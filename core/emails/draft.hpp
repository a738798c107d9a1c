// What of a send is made from its template and values before it is accepted: the subject, and what
// is kept of the values once the send is final. A draft that takes next to no time is made by the
// decision itself; any other is ordered, made outside the accepting transaction, and counts as long
// as what it was made from still holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/emails/request.hpp"
#include "core/templates/compiled.hpp"

namespace segmentflow {

// What a send is made from beside its request, frozen with it.
struct DraftSources {
  Uuid snapshot_id;
  std::shared_ptr<const CompiledTemplate> compiled;  // null while it is not compiled
  std::string profile_json;  // the profile values that the template names; "" while not known
  std::optional<std::string> brand_json;

  // Whether both lead to the same draft.
  bool are_same(const DraftSources& other) const {
    return snapshot_id == other.snapshot_id && profile_json == other.profile_json &&
           brand_json == other.brand_json;
  }
};

struct Draft {
  DraftSources made_from;
  // What the template's subject comes to; the request's own goes before it. ValidationFailed.
  Result<std::string> subject = std::string();
  // What becomes of data, profile and subject when the send is final; nullopt: they stay.
  std::optional<std::string> kept_data;
  std::optional<std::string> kept_profile;
  std::optional<std::string> kept_subject;
};

// Whether others may wait for the draft: an upper bound of the bytes that are looked at for it is
// at most kQuickDraftBytes.
inline constexpr std::size_t kQuickDraftBytes = 64 << 10;
bool is_quick(const AcceptItem& item, const DraftSources& sources);

// Needs `sources` whole. Takes the time that rendering a subject may take.
Draft make_draft(const AcceptItem& item, DraftSources sources);

// How a send's data and its template fit: what a caller who misspelt a name wants to know.
struct DataFit {
  std::vector<std::string> missing_paths;  // read by the template, and nothing is there
  std::vector<std::string> unused_data;    // members of data, as paths, that no path reads
};

// At most so many of each are named, and at most so many bytes are gone over for them.
inline constexpr std::size_t kDataFitNamesMax = 20;
inline constexpr std::size_t kDataFitBytes = 1 << 20;
DataFit data_fit(const AcceptItem& item, const DraftSources& sources);

}  // namespace segmentflow
