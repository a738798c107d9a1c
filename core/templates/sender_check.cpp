#include "core/templates/sender_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace segmentflow {
namespace {

std::string named(const std::vector<SenderProfile>& usable) {
  if (usable.empty()) {
    return "Your organization has no sender yet: an operator adds one with segmentflow senders "
           "add.";
  }
  std::string text = "Senders: ";
  for (std::size_t i = 0; i < usable.size() && i < kSendersNamedMax; ++i) {
    const auto& sender = usable[i];
    text += fmt::format("{}{} <{}> (senderProfileId {})", i == 0 ? "" : ", ", sender.name,
                        sender.email, sender.id.to_string());
  }
  if (usable.size() > kSendersNamedMax) {
    text += fmt::format(" and {} more", usable.size() - kSendersNamedMax);
  }
  return text + ".";
}

bool has_address(const std::vector<SenderProfile>& usable, const Address& address) {
  return std::ranges::any_of(usable, [&](const SenderProfile& each) {
    const auto known = parse_address(each.email);
    return known && known->key() == address.key();
  });
}

}  // namespace

std::optional<render::Finding> sender_finding(const std::vector<SenderProfile>& usable,
                                              const TemplateSender& sender) {
  using render::Severity;
  if (sender.profile_id) {
    if (std::ranges::find(usable, *sender.profile_id, &SenderProfile::id) != usable.end()) {
      return std::nullopt;
    }
    return render::Finding{
        "invalid_sender", Severity::Error, "/senderProfileId",
        fmt::format("The template's sender profile was removed, or its domain is not verified. "
                    "Give another senderProfileId. {}",
                    named(usable))};
  }
  if (!sender.from) {
    return render::Finding{
        "missing_sender", Severity::Error, "/from",
        fmt::format("The template names no sender, so that each send would have to. Give from in "
                    "the definition, or senderProfileId with the template. {}",
                    named(usable))};
  }
  if (has_address(usable, *sender.from)) return std::nullopt;
  return render::Finding{
      "unknown_sender", Severity::Error, "/from",
      fmt::format("{} is not the address of a sender profile of your organization, so that each "
                  "send would have to name a sender. {}",
                  sender.from->email, named(usable))};
}

}  // namespace segmentflow
