#include "core/emails/request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

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

// What both forms share: everything that needs no resolving.
void append_plain_parts(Json& form, const AcceptItem& item) {
  const SendRequest& request = item.request;
  form.push_back(optional_form(request.reply_to, address_form));
  form.push_back(optional_form(request.subject, [](const std::string& v) { return Json(v); }));
  form.push_back(address_set_form(request.cc));
  form.push_back(address_set_form(request.bcc));
  form.push_back(id_form(request.subscription_group_id));
  form.push_back(request.click_tracking);
  form.push_back(to_hex(item.data_mac));
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
  append_plain_parts(form, item);
  return describe::dump_json(form);
}

}  // namespace

AcceptItem prepare_accept(const ApiKey& key, SendRequest request,
                          const InstallationSecret& secret) {
  AcceptItem item;
  item.organization_id = key.organization_id;
  item.api_key_id = key.id;
  item.at_most_once = key.at_most_once;
  item.request = std::move(request);
  item.data_json = describe::dump_json(item.request.data);
  item.data_mac = secret.mac("send-data", describe::canonical_json(item.request.data));
  item.request_mac = secret.mac("send-request", request_form(item));
  return item;
}

std::string effective_fingerprint(const AcceptItem& item, const EffectiveIdentities& identities,
                                  const InstallationSecret& secret) {
  const auto& from = item.request.from;
  Json form = Json::array({kFormVersion, "effective"});
  form.push_back(identities.template_id.to_string());
  form.push_back(identities.profile_id.to_string());
  form.push_back(id_form(identities.sender_profile_id));
  form.push_back(from && from->name ? Json(*from->name) : Json(nullptr));
  append_plain_parts(form, item);
  return secret.mac("send-fingerprint", describe::dump_json(form));
}

}  // namespace segmentflow
