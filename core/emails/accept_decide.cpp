#include "core/emails/accept_decide.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/emails/accept_guards.hpp"

namespace segmentflow {
namespace {

using describe::Json;

template <class Map, class Key>
auto* find_in(Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

tl::unexpected<Error> refuse(ErrorCode code, std::string path, std::string message) {
  return fail(code, message, {{std::move(path), message}});
}

// Decides one list. Holds what the list's earlier items will have made.
class Decider {
 public:
  Decider(AcceptLookup& lookup, IdSource& ids, const InstallationSecret& secret,
          const AcceptSettings& settings)
      : lookup_(lookup), ids_(ids), secret_(secret), settings_(settings) {}

  Decision decide(const AcceptItem& item, std::size_t index) {
    const OrgText key{item.organization_id, item.request.idempotency_key};
    if (const auto* known = find_in(lookup_.sends, key)) {
      if (!is_replay(item, *known)) {
        return item.only_replay.empty() ? conflict(item) : two_keys(item);
      }
      if (const auto* earlier = find_in(made_by_key_, key)) return RepeatOf{*earlier};
      return Replay{known->send};
    }
    if (!item.only_replay.empty()) return two_keys(item);
    Decision decision = make(item);
    if (const auto* made = std::get_if<NewSend>(&decision)) {
      made_by_key_[key] = index;
      lookup_.sends[key] = KnownSend{made->send, made->request_mac, made->fingerprint};
    }
    return decision;
  }

 private:
  struct Recipient {
    KnownProfile profile;
    std::optional<NewProfile> new_profile;
    std::optional<std::string> new_external_id;
  };
  struct Sender {
    Uuid id;
    Address from;
  };

  static Error conflict(const AcceptItem& item) {
    return Error{
        ErrorCode::IdempotencyConflict,
        fmt::format(
            "The idempotency key \"{}\" was used for a different email: recipient, template, "
            "data, subject, sender or copies differ. Repeat the original request to get its "
            "EmailSend, or choose another key for another email.",
            item.request.idempotency_key),
        {{"/idempotencyKey", "Already used for a different email."}}};
  }

  static Error two_keys(const AcceptItem& item) {
    return Error{
        ErrorCode::ValidationFailed, item.only_replay, {{"/idempotencyKey", item.only_replay}}};
  }

  // Archived and removed things count here: a retry still replays after they are gone.
  bool is_replay(const AcceptItem& item, const KnownSend& known) {
    if (known.request_mac == item.request_mac) return true;
    const KnownTemplate* used = find_template(item);
    auto recipient = resolve_recipient(item);
    if (!used || !recipient || recipient->new_profile) return false;
    EffectiveIdentities identities{used->id, recipient->profile.id, std::nullopt};
    if (item.request.from || item.request.sender_profile_id) {
      const auto sender = requested_sender(item);
      if (!sender) return false;
      identities.sender_profile_id = (*sender)->id;
    }
    return effective_fingerprint(item, identities, secret_) == known.fingerprint;
  }

  Decision make(const AcceptItem& item) {
    const auto used = usable_template(item);
    if (!used) return used.error();
    if (!(*used)->compiled) return uncompiled(item, **used);
    auto recipient = resolve_recipient(item);
    if (!recipient) return recipient.error();
    if (auto guarded = check_guards(item, **used, recipient->profile); !guarded) {
      return guarded.error();
    }
    const auto sender = resolve_sender(item, **used);
    if (!sender) return sender.error();
    const auto reply_to = resolve_reply_to(item, **used);
    if (!reply_to) return reply_to.error();
    if (auto group = check_group(item); !group) return group.error();
    Decision frozen = freeze(item, **used, *recipient, *sender, *reply_to);
    if (!std::holds_alternative<NewSend>(frozen)) return frozen;
    if (auto taken = take_from_day(item, lookup_); !taken) return taken.error();
    remember_recipient(item, *recipient);
    return frozen;
  }

  static Decision uncompiled(const AcceptItem& item, const KnownTemplate& used) {
    const bool was_tried = item.draft && item.draft->made_from.snapshot_id == used.snapshot_id;
    if (was_tried && !item.draft->subject) return item.draft->subject.error();
    return Undrafted{{used.snapshot_id, nullptr, {}, {}}};
  }

  const KnownTemplate* find_template(const AcceptItem& item) {
    const auto& ref = item.request.template_ref;
    const Uuid* id = std::get_if<Uuid>(&ref);
    if (!id) {
      id = find_in(lookup_.template_keys,
                   OrgText{item.organization_id, std::get<TemplateKey>(ref).value});
    }
    return id ? find_in(lookup_.templates, OrgId{item.organization_id, *id}) : nullptr;
  }

  Result<const KnownTemplate*> usable_template(const AcceptItem& item) {
    const auto* key = std::get_if<TemplateKey>(&item.request.template_ref);
    const std::string path = key ? "/templateKey" : "/templateId";
    const KnownTemplate* found = find_template(item);
    if (!found) {
      return refuse(
          ErrorCode::NotFound, path,
          fmt::format("There is no template {}. List the templates to see which there are.",
                      key ? fmt::format("with the key \"{}\"", key->value)
                          : std::get<Uuid>(item.request.template_ref).to_string()));
    }
    if (found->status == "Archived") {
      return refuse(ErrorCode::TemplateArchived, path,
                    "The template is archived. Unarchive it or choose another one.");
    }
    if (found->purpose != "Transactional") {
      return refuse(
          ErrorCode::TemplateNotTransactional, path,
          fmt::format("The template's purpose is {}; a single email needs a Transactional "
                      "one.",
                      found->purpose));
    }
    if (!found->is_complete) {
      return fail(ErrorCode::TemplateIncomplete,
                  "The template is incomplete and cannot be sent. Mend what the details name.",
                  incomplete_details(*found, path));
    }
    return found;
  }

  static std::vector<describe::Problem> incomplete_details(const KnownTemplate& used,
                                                           const std::string& path) {
    std::vector<describe::Problem> details;
    for (const Json& problem : Json::parse(used.problems)) {
      details.push_back({path + "/definition" + problem.at("path").get<std::string>(),
                         problem.at("message").get<std::string>()});
    }
    if (details.empty()) details.push_back({path, "The template is incomplete."});
    return details;
  }

  const KnownProfile* profile_by_email(const AcceptItem& item) {
    const auto& organization_id = item.organization_id;
    const std::string key = item.request.to->key();
    const Uuid* id = find_in(lookup_.profiles_by_email, OrgText{organization_id, key});
    if (!id) {
      id = find_in(lookup_.profiles_by_email, OrgText{organization_id, item.erased_key});
    }
    return id ? find_in(lookup_.profiles, OrgId{organization_id, *id}) : nullptr;
  }

  Result<Recipient> resolve_recipient(const AcceptItem& item) {
    const SendRequest& request = item.request;
    const auto& organization_id = item.organization_id;
    const KnownProfile* by_id = nullptr;
    if (request.profile_id) {
      by_id = find_in(lookup_.profiles, OrgId{organization_id, *request.profile_id});
      if (!by_id) {
        return refuse(ErrorCode::NotFound, "/profileId",
                      fmt::format("There is no Profile {}.", request.profile_id->to_string()));
      }
    }
    const KnownProfile* by_email = request.to ? profile_by_email(item) : nullptr;
    const KnownProfile* by_external_id = nullptr;
    if (request.external_id) {
      const Uuid* id =
          find_in(lookup_.profiles_by_external_id, OrgText{organization_id, *request.external_id});
      if (id) by_external_id = find_in(lookup_.profiles, OrgId{organization_id, *id});
    }
    return combine_identities(request, by_id, by_email, by_external_id);
  }

  Result<Recipient> combine_identities(const SendRequest& request, const KnownProfile* by_id,
                                       const KnownProfile* by_email,
                                       const KnownProfile* by_external_id) {
    if (by_id && request.to && by_email != by_id) {
      return refuse(ErrorCode::RecipientConflict, "/to/email",
                    "profileId and to.email are not the same Profile. Give only one of them.");
    }
    if (by_external_id) {
      const KnownProfile* other = by_id ? by_id : by_email;
      const bool conflicts = other ? other != by_external_id : request.to.has_value();
      if (conflicts) {
        return refuse(ErrorCode::RecipientConflict, "/to/externalId",
                      "to.externalId belongs to another Profile than the rest of the recipient.");
      }
    }
    Recipient recipient;
    if (const KnownProfile* known = by_id ? by_id : by_email ? by_email : by_external_id) {
      recipient.profile = *known;
    } else if (request.to) {
      recipient.new_profile = NewProfile{ids_.next(), *request.to};
      recipient.profile = {recipient.new_profile->id, request.to->email, request.to->key(), "{}",
                           false};
    } else {
      return refuse(
          ErrorCode::RecipientNotResolved, "/to/externalId",
          fmt::format("No Profile has the external id \"{}\". Add to.email so that one can be "
                      "made.",
                      request.external_id.value_or("")));
    }
    if (request.external_id && !by_external_id && !request.to) {
      return refuse(ErrorCode::RecipientNotResolved, "/to/externalId",
                    "No Profile has this external id. Add to.email to link it to the Profile.");
    }
    if (request.external_id && !by_external_id && !recipient.profile.erased) {
      recipient.new_external_id = request.external_id;
    }
    return recipient;
  }

  // The sender that `from` and `senderProfileId` name, removed ones included.
  Result<const KnownSender*> requested_sender(const AcceptItem& item) {
    const SendRequest& request = item.request;
    const KnownSender* by_email = nullptr;
    const KnownSender* by_id = nullptr;
    if (request.from) {
      const Uuid* id =
          find_in(lookup_.senders_by_email, OrgText{item.organization_id, request.from->key()});
      by_email = id ? find_in(lookup_.senders, OrgId{item.organization_id, *id}) : nullptr;
      if (!by_email) {
        return refuse(
            ErrorCode::InvalidSenderProfile, "/from",
            fmt::format("{} is not the address of a sender profile. A verified domain does "
                        "not authorise other addresses on it.",
                        request.from->email));
      }
    }
    if (request.sender_profile_id) {
      by_id = find_in(lookup_.senders, OrgId{item.organization_id, *request.sender_profile_id});
      if (!by_id) {
        return refuse(ErrorCode::InvalidSenderProfile, "/senderProfileId",
                      "There is no such sender profile.");
      }
    }
    if (by_email && by_id && by_email != by_id) {
      return refuse(
          ErrorCode::InvalidSenderProfile, "/senderProfileId",
          "from and senderProfileId are two different sender profiles. Give one of them.");
    }
    return by_email ? by_email : by_id;
  }

  Result<Sender> resolve_sender(const AcceptItem& item, const KnownTemplate& used) {
    const auto requested = requested_sender(item);
    if (!requested) return tl::unexpected(requested.error());
    const KnownSender* sender = *requested;
    std::string path = item.request.from ? "/from" : "/senderProfileId";
    std::optional<std::string> name = item.request.from ? item.request.from->name : std::nullopt;
    if (!sender) {
      path = "/from";
      sender = template_sender(item, used, name);
    }
    if (!sender && used.compiled->from && !used.sender_profile_id) {
      return refuse(
          ErrorCode::InvalidSenderProfile, path,
          fmt::format("The template's from, {}, is not the address of a sender profile of your "
                      "organization. Add one for it, or give from.",
                      used.compiled->from->email));
    }
    if (!sender) {
      return refuse(ErrorCode::InvalidSenderProfile, path,
                    "Neither the request nor the template names a sender. Give from, for example "
                    "\"Acme Receipts <receipts@example.com>\".");
    }
    if (sender->removed || !sender->domain_verified) {
      return refuse(ErrorCode::InvalidSenderProfile, path,
                    fmt::format("The sender profile {} is not valid: {}.", sender->email,
                                sender->removed ? "it was removed" : "its domain is not verified"));
    }
    if (!name && !sender->name.empty()) name = sender->name;
    return Sender{sender->id, Address{sender->email, name}};
  }

  const KnownSender* template_sender(const AcceptItem& item, const KnownTemplate& used,
                                     std::optional<std::string>& name) {
    if (used.sender_profile_id) {
      return find_in(lookup_.senders, OrgId{item.organization_id, *used.sender_profile_id});
    }
    if (!used.compiled->from) return nullptr;
    const Uuid* id = find_in(lookup_.senders_by_email,
                             OrgText{item.organization_id, used.compiled->from->key()});
    if (id) name = used.compiled->from->name;
    return id ? find_in(lookup_.senders, OrgId{item.organization_id, *id}) : nullptr;
  }

  Result<std::optional<Address>> resolve_reply_to(const AcceptItem& item,
                                                  const KnownTemplate& used) {
    const auto& reply_to = item.request.reply_to ? item.request.reply_to : used.compiled->reply_to;
    if (reply_to &&
        !lookup_.verified_domains.contains({item.organization_id, reply_to->domain()})) {
      return refuse(ErrorCode::InvalidReplyTo, "/replyTo",
                    fmt::format("{} is not on a verified sending domain of your organization.",
                                reply_to->email));
    }
    return reply_to;
  }

  Result<void> check_group(const AcceptItem& item) {
    const auto& group_id = item.request.subscription_group_id;
    if (!group_id || lookup_.groups.contains({item.organization_id, *group_id})) return {};
    return refuse(ErrorCode::NotFound, "/subscriptionGroupId",
                  fmt::format("There is no subscription group {}.", group_id->to_string()));
  }

  std::optional<SkippedReason> gate(const AcceptItem& item, const KnownProfile& profile) {
    if (profile.erased) return SkippedReason::ProfileErased;
    if (lookup_.suppressed.contains({item.organization_id, profile.email_key})) {
      return SkippedReason::ProfileSuppressed;
    }
    const auto& group_id = item.request.subscription_group_id;
    if (!group_id) return std::nullopt;
    const bool* choice = find_in(lookup_.choices, std::pair{*group_id, profile.id});
    const auto policy = lookup_.groups.at({item.organization_id, *group_id});
    if (is_subscribed(policy, choice ? std::optional(*choice) : std::nullopt)) return std::nullopt;
    return SkippedReason::ProfileUnsubscribed;
  }

  Decision freeze(const AcceptItem& item, const KnownTemplate& used, const Recipient& recipient,
                  const Sender& sender, const std::optional<Address>& reply_to) {
    DraftSources sources = sources_of(item, used, recipient);
    const bool is_drafted = item.draft && item.draft->made_from.are_same(sources);
    if (!is_drafted && !is_quick(item, sources)) return Undrafted{std::move(sources)};
    Draft draft = is_drafted ? *item.draft : make_draft(item, std::move(sources));
    if (!draft.subject) return std::move(draft.subject.error());
    NewSend made;
    made.request_mac = item.request_mac;
    made.api_key_id = item.api_key_id;
    if (item.guards) made.day_limit = item.guards->sends_per_day;
    made.data_json = item.data_json;
    made.kept_data = std::move(draft.kept_data);
    made.kept_profile = std::move(draft.kept_profile);
    made.kept_subject = std::move(draft.kept_subject);
    made.made_from = std::make_shared<const DraftSources>(std::move(draft.made_from));
    made.new_profile = recipient.new_profile;
    made.new_external_id = recipient.new_external_id;
    const bool names_sender = item.request.from || item.request.sender_profile_id;
    made.fingerprint = effective_fingerprint(
        item,
        {used.id, recipient.profile.id, names_sender ? std::optional(sender.id) : std::nullopt},
        secret_);
    fill_send(made.send, item, used, recipient, item.request.subject.value_or(*draft.subject));
    // A skipped send is final already.
    if (made.send.is_final() && made.kept_subject) made.send.subject = *made.kept_subject;
    made.send.sender_profile_id = sender.id;
    made.send.from = sender.from;
    made.send.reply_to = reply_to;
    return made;
  }

  DraftSources sources_of(const AcceptItem& item, const KnownTemplate& used,
                          const Recipient& recipient) const {
    DraftSources sources{used.snapshot_id, used.compiled, {}, {}};
    sources.profile_json = describe::dump_json(used.compiled->frozen_profile(
        recipient.profile.id, recipient.profile.email, recipient.profile.properties));
    if (!used.compiled->reads_brand) return sources;
    const auto* brand = find_in(lookup_.brands, item.organization_id);
    if (brand) sources.brand_json = *brand;
    return sources;
  }

  void fill_send(EmailSend& send, const AcceptItem& item, const KnownTemplate& used,
                 const Recipient& recipient, const std::string& subject) {
    const SendRequest& request = item.request;
    send.id = ids_.next();
    send.organization_id = item.organization_id;
    send.idempotency_key = request.idempotency_key;
    send.skipped_reason = gate(item, recipient.profile);
    send.status = send.skipped_reason ? SendStatus::Skipped : SendStatus::Queued;
    send.template_id = used.id;
    send.template_snapshot_id = used.snapshot_id;
    send.subject = subject;
    send.subscription_group_id = request.subscription_group_id;
    send.profile_id = recipient.profile.id;
    send.to_email =
        recipient.profile.erased ? std::string(kErasedAddress) : recipient.profile.email;
    send.cc = request.cc;
    send.bcc = request.bcc;
    send.click_tracking = request.click_tracking;
    send.at_most_once = item.at_most_once;
    if (!send.is_final()) send.approval_id = item.approval_id;
    send.created_at = lookup_.now;
    send.updated_at = lookup_.now;
    send.deadline_at = lookup_.now + settings_.deadline;
  }

  // Later items of the list find what this one will make.
  void remember_recipient(const AcceptItem& item, const Recipient& recipient) {
    const auto& organization_id = item.organization_id;
    if (recipient.new_profile) {
      lookup_.profiles[{organization_id, recipient.profile.id}] = recipient.profile;
      lookup_.profiles_by_email[{organization_id, recipient.profile.email_key}] =
          recipient.profile.id;
    }
    if (recipient.new_external_id) {
      lookup_.profiles_by_external_id[{organization_id, *recipient.new_external_id}] =
          recipient.profile.id;
    }
  }

  AcceptLookup& lookup_;
  IdSource& ids_;
  const InstallationSecret& secret_;
  const AcceptSettings& settings_;
  std::map<OrgText, std::size_t> made_by_key_;
};

}  // namespace

std::vector<Decision> decide(std::span<const AcceptItem* const> items, AcceptLookup& lookup,
                             IdSource& ids, const InstallationSecret& secret,
                             const AcceptSettings& settings) {
  Decider decider(lookup, ids, secret, settings);
  std::vector<Decision> decisions;
  decisions.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) decisions.push_back(decider.decide(*items[i], i));
  return decisions;
}

}  // namespace segmentflow
