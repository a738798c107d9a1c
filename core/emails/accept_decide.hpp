// Step two of accept: what becomes of each item. A pure function over the list and what was looked
// up; items are decided in order, and a later item sees what an earlier one of the same list will
// make.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/emails/accept_lookup.hpp"
#include "core/emails/draft.hpp"

namespace segmentflow {

struct NewProfile {
  Uuid id;
  Address address;
};

struct NewSend {
  EmailSend send;
  std::string request_mac;
  std::string fingerprint;
  Uuid api_key_id;
  std::optional<std::int64_t> day_limit;  // of the key
  // What rendering reads, frozen: the data as JSON text, and what the draft was made from.
  std::string data_json;
  std::shared_ptr<const DraftSources> made_from;
  // What becomes of data, profile and subject when the send is final; nullopt: they stay.
  std::optional<std::string> kept_data;
  std::optional<std::string> kept_profile;
  std::optional<std::string> kept_subject;
  std::optional<NewProfile> new_profile;       // to be made with the send
  std::optional<std::string> new_external_id;  // to be linked to the send's profile
};

struct Replay {
  EmailSend send;
};

// Repeats an item of the same list: answered with whatever becomes of that one.
struct RepeatOf {
  std::size_t index;
};

// Cannot be decided before there is a draft made from these.
struct Undrafted {
  DraftSources sources;
};

using Decision = std::variant<NewSend, Replay, RepeatOf, Error, Undrafted>;

struct AcceptSettings {
  Time deadline = 4 * 24 * 3600 * kMicrosPerSecond;  // from accept to the last attempt
};

// One decision per item, in order.
std::vector<Decision> decide(std::span<const AcceptItem* const> items, AcceptLookup& lookup,
                             IdSource& ids, const InstallationSecret& secret,
                             const AcceptSettings& settings);

}  // namespace segmentflow
