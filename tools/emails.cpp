#include "tools/emails.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/emails/acceptor.hpp"
#include "schemas/emails.hpp"
#include "tools/batch_brief.hpp"
#include "tools/confirmation.hpp"
#include "tools/email_progress.hpp"

namespace segmentflow {
namespace {

using describe::Json;
using describe::Problem;

// --- from wire to engine ------------------------------------------------------------------------

// Reads the parts of a send that need a grammar beyond their description, collecting problems.
class SendReader {
 public:
  explicit SendReader(std::string base_path) : base_path_(std::move(base_path)) {}

  SendRequest read(const wire::EmailSendFields& fields, std::string idempotency_key) {
    SendRequest request;
    request.idempotency_key = std::move(idempotency_key);
    read_template(fields, request);
    read_recipient(fields, request);
    request.sender_profile_id = id(fields.sender_profile_id);
    request.from = address("/from", fields.from);
    request.reply_to = address("/replyTo", fields.reply_to);
    request.subject = fields.subject;
    request.cc = addresses("/cc", fields.cc);
    request.bcc = addresses("/bcc", fields.bcc);
    request.data = fields.data.value_or(Json::object());
    request.subscription_group_id = id(fields.subscription_group_id);
    if (fields.tracking) request.click_tracking = fields.tracking->clicks.value_or(true);
    check_envelope(request);
    return request;
  }

  std::vector<Problem> take_problems() { return std::move(problems_); }

 private:
  void problem(std::string_view path, std::string message) {
    problems_.push_back({base_path_ + std::string(path), std::move(message)});
  }

  // The description has checked the form.
  static std::optional<Uuid> id(const std::optional<std::string>& text) {
    return text ? Uuid::parse(*text) : std::nullopt;
  }

  std::optional<Address> address(std::string_view path, const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    auto parsed = parse_address(*text);
    if (parsed) return std::move(*parsed);
    problem(path, parsed.error());
    return std::nullopt;
  }

  // Each mailbox once: a copy named twice is one copy.
  std::vector<Address> addresses(std::string_view path,
                                 const std::optional<describe::OneOrMany<std::string>>& texts) {
    std::vector<Address> list;
    std::set<std::string> seen;
    if (!texts) return list;
    for (std::size_t i = 0; i < texts->values.size(); ++i) {
      auto parsed = address(fmt::format("{}/{}", path, i), texts->values[i]);
      if (parsed && seen.insert(parsed->key()).second) list.push_back(std::move(*parsed));
    }
    return list;
  }

  void read_template(const wire::EmailSendFields& fields, SendRequest& request) {
    if (fields.template_id && fields.template_key) {
      problem("/templateKey", "Give exactly one of templateId and templateKey, not both.");
    } else if (fields.template_id) {
      request.template_ref = Uuid::parse(*fields.template_id).value_or(Uuid{});
    } else if (fields.template_key) {
      request.template_ref = TemplateKey{*fields.template_key};
    } else {
      problem("/templateId",
              "Give templateId (or templateKey): every email uses a saved template.");
    }
  }

  void read_recipient(const wire::EmailSendFields& fields, SendRequest& request) {
    request.profile_id = id(fields.profile_id);
    if (fields.to) {
      request.to = address("/to/email", fields.to->email);
      request.external_id = fields.to->external_id;
      if (!fields.to->email && !fields.to->external_id) {
        problem("/to", "to needs an email, an externalId, or both.");
      }
    } else if (!fields.profile_id) {
      problem("/to", "Name the recipient: to.email, to.externalId, or profileId.");
    }
  }

  void check_envelope(const SendRequest& request) {
    const std::size_t recipients = 1 + request.cc.size() + request.bcc.size();
    if (recipients > kEnvelopeRecipientsMax) {
      problem("/cc",
              fmt::format("An email has at most {} recipients, copies included; this one has {}.",
                          kEnvelopeRecipientsMax, recipients));
    }
  }

  std::string base_path_;
  std::vector<Problem> problems_;
};

// --- from engine to wire ------------------------------------------------------------------------

wire::MailAddress wire_address(const Address& address) {
  return {address.email, address.name};
}

std::optional<std::string> wire_id(const std::optional<Uuid>& id) {
  return id ? std::optional(id->to_string()) : std::nullopt;
}

// The engine's enums and the wire's are tied by their names, not by their order.
template <class Wire, class Core>
std::optional<Wire> wire_reason(const std::optional<Core>& reason) {
  return reason ? std::optional(describe::enum_of<Wire>(to_string(*reason)).value()) : std::nullopt;
}

wire::EmailSend wire_send(const EmailSend& send) {
  wire::EmailSend w;
  w.id = send.id.to_string();
  w.status = describe::enum_of<wire::EmailSendStatus>(to_string(send.status)).value();
  w.template_id = send.template_id.to_string();
  w.template_snapshot_id = send.template_snapshot_id.to_string();
  w.sender_profile_id = send.sender_profile_id.to_string();
  w.from = wire_address(send.from);
  if (send.reply_to) w.reply_to = wire_address(*send.reply_to);
  w.subject = send.subject;
  w.subscription_group_id = wire_id(send.subscription_group_id);
  w.profile_id = send.profile_id.to_string();
  w.to.email = send.to_email;
  for (const Address& copy : send.cc) w.cc.push_back(wire_address(copy));
  w.message_id = wire_id(send.message_id);
  w.approval_id = wire_id(send.approval_id);
  w.skipped_reason = wire_reason<wire::SkippedReason>(send.skipped_reason);
  w.failure_reason = wire_reason<wire::FailureReason>(send.failure_reason);
  w.failure_message = send.failure_message;
  w.created_at = to_iso8601(send.created_at);
  w.updated_at = to_iso8601(send.updated_at);
  return w;
}

// As wire_send, of an email that may come of a dry run: then nothing of it is there.
wire::EmailSend wire_accepted(const Accepted& accepted, bool is_dry_run) {
  wire::EmailSend w = wire_send(accepted.send);
  if (!is_dry_run) return w;
  w.dry_run = true;
  if (accepted.is_new) w.id.reset();
  if (accepted.profile_is_new) w.profile_id.reset();
  return w;
}

// What a caller who misspelt a name in data wants to know; nothing where all fits.
void add_fit(wire::EmailSend& w, const AcceptItem& item, const DraftSources& made_from) {
  DataFit fit = data_fit(item, made_from);
  if (!fit.missing_paths.empty()) w.missing_paths = std::move(fit.missing_paths);
  if (!fit.unused_data.empty()) w.unused_data = std::move(fit.unused_data);
}

wire::ItemError wire_error(const Error& error) {
  const ErrorKind& kind = kind_of(error.code);
  wire::ItemError w;
  w.error = kind.snake_case;
  w.error_code = kind.pascal_case;
  w.message = error.message;
  w.status_code = kind.http_status;
  if (!error.problems.empty()) {
    w.details.emplace();
    for (const auto& problem : error.problems) {
      w.details->push_back({problem.path, problem.message});
    }
  }
  if (!error.required_scopes.empty()) w.required = error.required_scopes;
  return w;
}

// --- emails.send --------------------------------------------------------------------------------

void send_email(const Engine& engine, const KeyPtr& key, wire::EmailSendRequest request,
                const CallOptions& options, ReplyDone<wire::EmailSend> done) {
  if (!request.idempotency_key) {
    done(fail(ErrorCode::IdempotencyKeyRequired,
              "Every email needs an idempotency key: the Idempotency-Key header over REST, the "
              "argument idempotencyKey over MCP. Derive it from your event, for example "
              "order-confirmation:ord_9421, and keep it when you retry.",
              {{"/idempotencyKey", "Required."}}));
    return;
  }
  SendReader reader("");
  SendRequest wanted = reader.read(request, *request.idempotency_key);
  if (auto problems = reader.take_problems(); !problems.empty()) {
    done(tl::unexpected(invalid_input(std::move(problems))));
    return;
  }
  const auto cleared = clear_sends(engine, *key, options, 1);
  if (!cleared) return done(tl::unexpected(cleared.error()));
  AcceptCommand command;
  command.is_dry_run = options.is_dry_run;
  command.note = options.note;
  command.items.push_back(prepare_accept(*key, std::move(wanted), engine.secret));
  command.items.back()->approval_id = *cleared;
  command.items.back()->only_replay = options.only_replay;
  const std::shared_ptr<const AcceptItem> item = command.items.back();
  engine.acceptor.accept(std::move(command), [item, done, is_dry_run = options.is_dry_run](
                                                 Result<AcceptAnswer> answer) {
    if (!answer) return done(tl::unexpected(answer.error()));
    const Result<Accepted>& accepted = answer->items.front();
    if (!accepted) return done(tl::unexpected(accepted.error()));
    Reply<wire::EmailSend> reply{wire_accepted(*accepted, is_dry_run)};
    if (accepted->made_from) {
      reply.complete = [item, made_from = accepted->made_from](wire::EmailSend& w) {
        add_fit(w, *item, *made_from);
      };
    }
    if (accepted->replayed) reply.headers.emplace_back(kReplayedHeader, "true");
    done(std::move(reply));
  });
}

// --- emails.batchSend ---------------------------------------------------------------------------

template <class T>
void inherit(std::optional<T>& value, const std::optional<T>& from_defaults) {
  if (!value) value = from_defaults;
}

// `from` and `senderProfileId` are one slot, `templateId` and `templateKey` another: an item that
// gives either replaces the default's.
void merge_defaults(wire::EmailSendFields& item, const wire::EmailSharedFields& defaults) {
  if (!item.template_id && !item.template_key) {
    item.template_id = defaults.template_id;
    item.template_key = defaults.template_key;
  }
  if (!item.from && !item.sender_profile_id) {
    item.from = defaults.from;
    item.sender_profile_id = defaults.sender_profile_id;
  }
  inherit(item.reply_to, defaults.reply_to);
  inherit(item.subject, defaults.subject);
  inherit(item.subscription_group_id, defaults.subscription_group_id);
  if (!item.tracking) item.tracking = defaults.tracking;
  if (item.tracking && defaults.tracking) inherit(item.tracking->clicks, defaults.tracking->clicks);
}

// An item of a batch: what will be accepted, or why not.
struct BatchItem {
  std::optional<std::string> idempotency_key;
  Result<SendRequest> request;
};

std::optional<std::string> key_of(const Json& raw) {
  if (!raw.is_object()) return std::nullopt;
  const auto key = raw.find("idempotencyKey");
  if (key == raw.end() || !key->is_string()) return std::nullopt;
  return key->get<std::string>();
}

Result<SendRequest> read_item(const Json& raw, const wire::EmailSharedFields& defaults,
                              std::size_t index) {
  const std::string path = fmt::format("/items/{}", index);
  wire::EmailBatchItem item;
  if (auto problems = describe::read(raw, item, path); !problems.empty()) {
    const bool lacks_key = raw.is_object() && !raw.contains("idempotencyKey");
    Error error = invalid_input(std::move(problems));
    if (lacks_key) error.code = ErrorCode::IdempotencyKeyRequired;
    return tl::unexpected(std::move(error));
  }
  merge_defaults(item, defaults);
  SendReader reader(path);
  SendRequest request = reader.read(item, item.idempotency_key);
  if (auto problems = reader.take_problems(); !problems.empty()) {
    return tl::unexpected(invalid_input(std::move(problems)));
  }
  return request;
}

// Paths of the engine's refusals are relative to the send; a batch shows where it stands.
Error at_item(Error error, std::size_t index) {
  for (auto& problem : error.problems)
    problem.path = fmt::format("/items/{}{}", index, problem.path);
  return error;
}

// Shared by the call and its callback.
struct Batch {
  std::vector<std::optional<std::string>> keys;
  std::vector<Result<Accepted>> results;
  std::vector<std::size_t> asked;                  // which items went to the engine, in order
  std::vector<std::shared_ptr<AcceptItem>> items;  // those
  bool is_dry_run = false;
};

wire::EmailBatchResponse batch_response(const Batch& batch) {
  wire::EmailBatchResponse response;
  response.total = static_cast<std::int64_t>(batch.results.size());
  if (batch.is_dry_run) response.dry_run = true;
  for (std::size_t i = 0; i < batch.results.size(); ++i) {
    const auto& result = batch.results[i];
    const auto index = static_cast<std::int64_t>(i);
    if (result) {
      ++response.accepted;
      response.items.emplace_back(wire::EmailBatchAcceptedItem{
          index, batch.keys[i].value_or(""), wire::AcceptedStatus::Accepted,
          wire_accepted(*result, batch.is_dry_run)});
    } else {
      ++response.rejected;
      response.items.emplace_back(wire::EmailBatchRejectedItem{
          index, batch.keys[i], wire::RejectedStatus::Rejected, wire_error(result.error())});
    }
  }
  return response;
}

void add_fits(wire::EmailBatchResponse& response, const Batch& batch) {
  for (std::size_t n = 0; n < batch.asked.size(); ++n) {
    const std::size_t i = batch.asked[n];
    const auto& result = batch.results[i];
    if (!result || !result->made_from) continue;
    auto& accepted = std::get<wire::EmailBatchAcceptedItem>(response.items[i]);
    add_fit(accepted.send, *batch.items[n], *result->made_from);
  }
}

// Says so when all that it accepts was accepted before.
Reply<wire::EmailBatchResponse> batch_reply(const std::shared_ptr<const Batch>& batch) {
  Reply<wire::EmailBatchResponse> reply{batch_response(*batch)};
  const bool is_replay = std::ranges::all_of(
      batch->results, [](const auto& result) { return !result || result->replayed; });
  if (is_replay && reply.response.accepted > 0) reply.headers.emplace_back(kReplayedHeader, "true");
  reply.complete = [batch](wire::EmailBatchResponse& response) { add_fits(response, *batch); };
  return reply;
}

// Bad defaults fail the whole batch, also those parts that an item would override.
std::vector<Problem> check_defaults(const wire::EmailSharedFields& defaults) {
  std::vector<Problem> problems;
  if (defaults.template_id && defaults.template_key) {
    problems.push_back(
        {"/defaults/templateKey", "Give exactly one of templateId and templateKey, not both."});
  }
  const auto check = [&](const char* path, const std::optional<std::string>& text) {
    if (!text) return;
    if (auto parsed = parse_address(*text); !parsed) problems.push_back({path, parsed.error()});
  };
  check("/defaults/from", defaults.from);
  check("/defaults/replyTo", defaults.reply_to);
  return problems;
}

void batch_send(const Engine& engine, const KeyPtr& key, wire::EmailBatchRequest request,
                const CallOptions& options, ReplyDone<wire::EmailBatchResponse> done) {
  const wire::EmailSharedFields defaults = request.defaults.value_or(wire::EmailBatchDefaults{});
  if (auto problems = check_defaults(defaults); !problems.empty()) {
    done(tl::unexpected(invalid_input(std::move(problems))));
    return;
  }
  const auto cleared = clear_sends(engine, *key, options, request.items.size());
  if (!cleared) return done(tl::unexpected(cleared.error()));
  auto batch = std::make_shared<Batch>();
  batch->is_dry_run = options.is_dry_run;
  AcceptCommand command;
  command.is_dry_run = options.is_dry_run;
  command.note = options.note;
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    batch->keys.push_back(key_of(request.items[i]));
    auto wanted = read_item(request.items[i], defaults, i);
    if (!wanted) {
      batch->results.emplace_back(tl::unexpected(wanted.error()));
      continue;
    }
    batch->results.emplace_back(fail(ErrorCode::Internal, "The item was not handled."));
    batch->asked.push_back(i);
    command.items.push_back(prepare_accept(*key, std::move(*wanted), engine.secret));
    command.items.back()->approval_id = *cleared;
  }
  batch->items = command.items;
  if (command.items.empty()) {
    done(batch_response(*batch));
    return;
  }
  engine.acceptor.accept(std::move(command), [batch, done](Result<AcceptAnswer> answer) {
    if (!answer) return done(tl::unexpected(answer.error()));
    for (std::size_t n = 0; n < batch->asked.size(); ++n) {
      const std::size_t i = batch->asked[n];
      batch->results[i] = std::move(answer->items[n]).map_error([i](Error error) {
        return at_item(std::move(error), i);
      });
    }
    done(batch_reply(batch));
  });
}

// --- emails.retrieve ----------------------------------------------------------------------------

Result<Reply<wire::EmailSend>> retrieve_email(const Engine&, Transaction& tx, const ApiKey& key,
                                              const wire::EmailRetrieveRequest& request) {
  return retrieve_email_send(tx, key.organization_id, Uuid::parse(request.id).value_or(Uuid{}))
      .map(
          [&tx](const EmailSend& send) { return Reply(with_progress(tx, send, wire_send(send))); });
}

}  // namespace

std::vector<Operation> email_operations() {
  return {
      write_operation<wire::EmailSendRequest, wire::EmailSend>(
          {.id = "emails.send",
           .method = "POST",
           .path = "/api/v1/emails",
           .tool = "send_email",
           .scope = "emails:write",
           .title = "Send one email",
           .description =
               "Sends one expected email (receipt, invoice, password reset, invite) to one "
               "recipient from a saved Transactional template. It is accepted durably and "
               "delivered in the background; follow it with get_email. Repeating the call with "
               "the same idempotencyKey and the same content never sends twice: use it to retry. "
               "Find templates with list_templates. Not for campaigns or newsletters, nor for "
               "free text: the template has the content, data its values.",
           .hints =
               {.read_only = false, .destructive = false, .idempotent = true, .open_world = true},
           .body_bytes_max = 1 << 20,
           .asks_first = true},
          send_email),
      write_operation<wire::EmailBatchRequest, wire::EmailBatchResponse>(
          {.id = "emails.batchSend",
           .method = "POST",
           .path = "/api/v1/emails/batch",
           .tool = "batch_send",
           .scope = "emails:write",
           .title = "Send up to 100 emails",
           .description =
               "Sends 1 to 100 independent emails at once, each with its own recipient, data, "
               "idempotencyKey and result. Put what is the same for all into defaults. Items are "
               "answered in order as Accepted (with the email's id) or Rejected (with the error); "
               "a bad item harms no other. Mend these and call again with all the same keys: "
               "accepted ones are not sent twice. Not a campaign: you list every recipient.",
           .hints =
               {.read_only = false, .destructive = false, .idempotent = true, .open_world = true},
           .body_bytes_max = 8 << 20,
           .asks_first = true,
           .brief = batch_brief()},
          batch_send),
      read_operation<wire::EmailRetrieveRequest, wire::EmailSend>(
          {.id = "emails.retrieve",
           .method = "GET",
           .path = "/api/v1/emails/{id}",
           .tool = "get_email",
           .scope = "emails:read",
           .title = "Look up an email",
           .description =
               "Tells what became of an email: its status (Queued, Processing, Sent, Failed, "
               "Skipped), why it failed or was skipped, and its frozen sender, subject and "
               "recipients. Sent means that the mail server accepted it, not that it reached the "
               "inbox; with captured it was only written to a file. Use the id that send_email or "
               "batch_send gave. Queued and Processing are not final: delivery tells what it "
               "waits for; ask again later.",
           .hints =
               {.read_only = true, .destructive = false, .idempotent = true, .open_world = false},
           .resource = "segmentflow://emails/{id}",
           .recent = recent_sends,
           .versions = send_versions},
          retrieve_email),
  };
}

}  // namespace segmentflow
