#include "core/delivery/composer.hpp"

#include <fmt/format.h>

#include <set>

#include "core/delivery/mime.hpp"
#include "core/profiles/profiles.hpp"
#include "core/templates/templates.hpp"
#include "schemas/describe/json.hpp"

namespace segmentflow {
namespace {

std::vector<std::string> owed_recipients(const EmailSend& send, const std::vector<OwedCopy>& owed) {
  std::vector<std::string> recipients;
  for (const OwedCopy& copy : owed) {
    if (const Address* address = address_of(send, copy.ref)) recipients.push_back(address->email);
  }
  return recipients;
}

// To, cc and bcc, each mailbox once, the primary recipient first; or the copies that are owed.
std::vector<std::string> envelope_recipients(const Delivery& delivery) {
  const EmailSend& send = delivery.send;
  if (!delivery.owed.empty()) return owed_recipients(send, delivery.owed);
  std::vector<std::string> recipients{send.to_email};
  std::set<std::string> seen{Address{send.to_email, std::nullopt}.key()};
  for (const auto* copies : {&send.cc, &send.bcc}) {
    for (const Address& address : *copies) {
      if (stands_for_erased(address)) continue;
      if (seen.insert(address.key()).second) recipients.push_back(address.email);
    }
  }
  return recipients;
}

Result<describe::Json> stored_json(const std::string& text) {
  auto json = describe::parse_json(text);
  if (!json) return fail(ErrorCode::Internal, "Stored data is not readable JSON.");
  return std::move(*json);
}

}  // namespace

Result<OutgoingMail> Composer::compose(const Delivery& delivery) {
  const EmailSend& send = delivery.send;
  const auto compiled =
      compiled_snapshot(database_, templates_, send.organization_id, send.template_snapshot_id);
  if (!compiled) return tl::unexpected(compiled.error());
  auto data = stored_json(delivery.data_json);
  if (!data) return tl::unexpected(data.error());
  auto profile = stored_json(delivery.profile_json);
  if (!profile) return tl::unexpected(profile.error());
  auto brand = delivery.brand_json ? stored_json(*delivery.brand_json) : describe::Json();
  if (!brand) return tl::unexpected(brand.error());
  auto rendered = (*compiled)->render_body(
      {&*data, &*profile, nullptr, delivery.brand_json ? &*brand : nullptr});
  if (!rendered) return tl::unexpected(rendered.error());

  MimeMessage message;
  message.from = send.from;
  message.to = {Address{send.to_email, std::nullopt}};
  message.cc = send.cc;
  std::erase_if(message.cc, stands_for_erased);
  message.reply_to = send.reply_to;
  message.subject = send.subject;
  // The id by which get_email finds the send: whoever holds the mail can ask what became of it.
  message.message_id = fmt::format("{}@{}", send.id.to_string(), send.from.domain());
  message.date = send.created_at;
  message.html = std::move(rendered->html);
  message.text = std::move(rendered->text);
  auto content = build_mime(message);
  if (!content) return tl::unexpected(content.error());

  OutgoingMail mail;
  mail.message_id = send.message_id.value().to_string();
  mail.mail_from = send.from.email;
  mail.recipients = envelope_recipients(delivery);
  if (mail.recipients.empty()) {
    return fail(ErrorCode::Internal, "Whom the copies were for was erased meanwhile.");
  }
  mail.copies_only = !delivery.owed.empty();
  mail.holds_sensitive = !(*compiled)->sensitive.empty();
  mail.content = std::make_shared<const std::string>(std::move(*content));
  return mail;
}

}  // namespace segmentflow
