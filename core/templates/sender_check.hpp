// Whether a template's sender is one that emails can be sent with. That changes with the senders,
// so it is told when a template is read and not kept with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/id.hpp"
#include "core/senders/senders.hpp"
#include "core/templates/render/spec.hpp"

namespace segmentflow {

inline constexpr std::size_t kSendersNamedMax = 5;  // in a finding

// The sender that a template names: its sender profile, else the `from` of its definition.
struct TemplateSender {
  std::optional<Uuid> profile_id;
  std::optional<Address> from;
};

// The error of a template whose sends have to name a sender themselves; nullopt: they need not.
// missing_sender: it names none. unknown_sender: its `from` is no sender's address. invalid_sender:
// its sender profile was removed, or its domain is not verified. `usable`: what
// usable_sender_profiles() gives; the finding names them, because no operation lists them.
std::optional<render::Finding> sender_finding(const std::vector<SenderProfile>& usable,
                                              const TemplateSender& sender);

}  // namespace segmentflow
