// A house with an organisation that can send: a verified domain, two senders, a template, a key.
#pragma once

#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/access/api_keys.hpp"
#include "core/emails/acceptor.hpp"
#include "core/profiles/profiles.hpp"
#include "core/senders/senders.hpp"
#include "core/templates/template_changes.hpp"
#include "core/templates/templates.hpp"
#include "tests/unit/engine/house.hpp"

namespace segmentflow::test {

inline describe::Json simple_body() {
  return describe::Json::parse(R"({"root": "t", "elements": {"t": {"type": "Text",
      "props": {"text": {"$template": "Hello ${/profile/firstName}, order ${/data/orderId}"}}}}})");
}

inline describe::Json simple_definition() {
  describe::Json definition = describe::Json::object();
  definition["subject"] = "Receipt for order ${/data/orderId}";
  definition["body"] = simple_body();
  return definition;
}

inline Address mailbox(std::string_view text) {
  auto parsed = parse_address(text);
  if (!parsed) throw std::runtime_error(parsed.error());
  return *parsed;
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

inline CheckedDefinition checked(const describe::Json& definition) {
  return must(check_definition(definition));
}

class Shop : public House {
 public:
  explicit Shop(CommitterLimits limits = {}) : House(limits) {
    database->write([&](Transaction& tx) {
      organization = ensure_organization(tx, ids, "Acme");
      key = create_api_key(tx, ids, entropy, organization, "test", {"emails:write"}, false).key;
      must(add_sending_domain(tx, ids, organization.id, "example.com"));
      receipts = must(add_sender_profile(tx, ids, organization.id,
                                         mailbox("Acme Receipts <receipts@example.com>")));
      support = must(add_sender_profile(tx, ids, organization.id,
                                        mailbox("Acme Support <support@example.com>")));
    });
    receipt = add_template("receipt", simple_definition(), receipts.id);
  }

  Template add_template(const std::string& template_key, const describe::Json& definition,
                        std::optional<Uuid> sender = {}, std::string purpose = "Transactional") {
    NewTemplate wanted;
    wanted.key = template_key;
    wanted.name = template_key;
    wanted.purpose = std::move(purpose);
    wanted.sender_profile_id = sender;
    wanted.definition = checked(definition);
    const Template made = write([&](Transaction& tx) {
      return must(import_template(tx, ids, organization.id, wanted)).template_;
    });
    // As after a first send.
    if (made.is_complete)
      must(compiled_snapshot(*database, templates, organization.id, made.snapshot_id));
    return made;
  }
  Uuid add_profile(std::string_view email) {
    return write(
        [&](Transaction& tx) { return ensure_profile(tx, ids, organization.id, mailbox(email)); });
  }
  void erase(const Uuid& profile_id) {
    write([&](Transaction& tx) {
      const auto erased = erase_profile(tx, secret, organization.id, profile_id);
      return erased.has_value();
    });
  }

  SendRequest request(std::string idempotency_key) const {
    SendRequest wanted;
    wanted.idempotency_key = std::move(idempotency_key);
    wanted.template_ref = receipt.id;
    wanted.to = mailbox("alex@example.com");
    wanted.data = {{"orderId", "ord_1"}};
    return wanted;
  }

  // One call of the API.
  std::vector<Result<Accepted>> accept(std::vector<SendRequest> requests) {
    return accept_as(key, std::move(requests));
  }
  std::vector<Result<Accepted>> accept_as(const ApiKey& as, std::vector<SendRequest> requests) {
    AcceptCommand command;
    for (auto& each : requests) {
      command.items.push_back(prepare_accept(as, std::move(each), secret));
    }
    return accept_command(std::move(command)).items;
  }
  AcceptAnswer accept_command(AcceptCommand command) {
    auto promise = std::make_shared<std::promise<Result<AcceptAnswer>>>();
    acceptor.accept(std::move(command), [promise](Result<AcceptAnswer> answer) {
      promise->set_value(std::move(answer));
    });
    return must(promise->get_future().get());
  }
  Result<Accepted> accept_one(SendRequest wanted) {
    std::vector<SendRequest> list;
    list.push_back(std::move(wanted));
    return std::move(accept(std::move(list)).at(0));
  }
  EmailSend sent(SendRequest wanted) { return must(accept_one(std::move(wanted))).send; }

  EmailSend stored(const Uuid& send_id) {
    return write(
        [&](Transaction& tx) { return must(retrieve_email_send(tx, organization.id, send_id)); });
  }

  Organization organization;
  ApiKey key;
  SenderProfile receipts;
  SenderProfile support;
  Template receipt;
  TemplateCache templates;
  AcceptSends accepting{ids, secret, templates, AcceptSettings{}};
  ReaderPool readers{1, 100};
  Acceptor acceptor{*database, *committer, readers, templates, accepting};
};

// "ok", or the refusal as "NotFound /templateId".
inline std::string outcome(const Result<Accepted>& result) {
  if (result) return result->replayed ? "replay" : "ok";
  std::string text(kind_of(result.error().code).pascal_case);
  for (const auto& problem : result.error().problems) text += " " + problem.path;
  return text;
}

}  // namespace segmentflow::test
