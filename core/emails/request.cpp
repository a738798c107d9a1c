#include "core/emails/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/profiles/profiles.hpp"

namespace segmentflow {
namespace {

using describe::Json;

// The canonical forms carry this version: a later form is compared only with its own kind.
constexpr int kFormVersion = 1;

Json address_form(const Address& address) {
  return Json::array({address.key(), address.name ? Json(*address.name) : Json(nullptr)});
}

template <class T, class Form>
Json optional_form(const std::optional<T>& value, Form form) {
  return value ? form(*value) : Json(nullptr);
}

Json id_form(const std::optional<Uuid>& id) {
  return optional_form(id, [](const Uuid& v) { return Json(v.to_string()); });
}

// Copies compare as sets.
Json address_set_form(const std::vector<Address>& addresses) {
  std::vector<std::string> entries;
  entries.reserve(addresses.size());
  for (const auto& address : addresses) {
    entries.push_back(describe::dump_json(address_form(address)));
  }
  std::sort(entries.begin(), entries.end());
  return Json(entries);
}

// What both forms share: everything that needs no resolving. The data stands in it as a MAC of its
// own, so that a secret in it is nowhere in the clear.
std::string plain_form(const SendRequest& request, const std::string& data_mac) {
  Json form = Json::array({kFormVersion, "plain"});
  form.push_back(optional_form(request.reply_to, address_form));
  form.push_back(optional_form(request.subject, [](const std::string& v) { return Json(v); }));
  form.push_back(address_set_form(request.cc));
  form.push_back(address_set_form(request.bcc));
  form.push_back(id_form(request.subscription_group_id));
  form.push_back(request.click_tracking);
  form.push_back(to_hex(data_mac));
  return describe::dump_json(form);
}

std::string request_form(const AcceptItem& item) {
  const SendRequest& request = item.request;
  Json form = Json::array({kFormVersion, "request"});
  if (const auto* key = std::get_if<TemplateKey>(&request.template_ref)) {
    form.push_back("key:" + key->value);
  } else {
    form.push_back("id:" + std::get<Uuid>(request.template_ref).to_string());
  }
  form.push_back(id_form(request.profile_id));
  form.push_back(optional_form(request.to, address_form));
  form.push_back(optional_form(request.external_id, [](const std::string& v) { return Json(v); }));
  form.push_back(optional_form(request.from, address_form));
  form.push_back(id_form(request.sender_profile_id));
  form.push_back(to_hex(item.plain_mac));
  return describe::dump_json(form);
}

}  // namespace

std::shared_ptr<AcceptItem> prepare_accept(const ApiKey& key, SendRequest request,
                                           const InstallationSecret& secret) {
  auto prepared = std::make_shared<AcceptItem>();
  AcceptItem& item = *prepared;
  item.organization_id = key.organization_id;
  item.api_key_id = key.id;
  item.at_most_once = key.at_most_once;
  item.guards = key.guards;
  item.request = std::move(request);
  item.data_json = describe::dump_json(item.request.data);
  const std::string data_mac = secret.mac("send-data", describe::canonical_json(item.request.data));
  item.plain_mac = secret.mac("send-plain", plain_form(item.request, data_mac));
  if (item.request.to) item.erased_key = erased_email_key(secret, item.request.to->key());
  item.request_mac = secret.mac("send-request", request_form(item));
  return prepared;
}

std::string effective_fingerprint(const AcceptItem& item, const EffectiveIdentities& identities,
                                  const InstallationSecret& secret) {
  // Written by hand and short, because it is made on the committer's thread; ids need no escaping.
  const auto& from = item.request.from;
  std::string form =
      fmt::format(R"([{},"effective","{}","{}",)", kFormVersion, identities.template_id.to_string(),
                  identities.profile_id.to_string());
  const auto& sender = identities.sender_profile_id;
  form += sender ? fmt::format(R"("{}")", sender->to_string()) : "null";
  form += ',';
  form += from && from->name ? describe::dump_json(Json(*from->name)) : "null";
  form += fmt::format(R"(,"{}"])", to_hex(item.plain_mac));
  return secret.mac("send-fingerprint", form);
}

}  // namespace segmentflow
