#include <catch2/catch.hpp>

#include "schemas/emails.hpp"
#include "schemas/status.hpp"
#include "schemas/template_preview.hpp"
#include "schemas/templates.hpp"
#include "tests/unit/describe/schema_judge.hpp"

using namespace describe;
using namespace segmentflow::wire;

namespace {

// The request of the emails guide, with its header as a member.
const char* const kGuideSend = R"({
  "idempotencyKey": "order-confirmation:ord_9421",
  "templateId": "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70",
  "from": "Acme Receipts <receipts@example.com>",
  "to": {"email": "alex@example.com", "externalId": "shopify:customer_123"},
  "subject": "Receipt for order ord_9421",
  "replyTo": "Acme Support <support@example.com>",
  "cc": "Billing <billing@example.com>",
  "bcc": ["audit@example.com"],
  "data": {"orderId": "ord_9421", "orderTotal": "49.00"},
  "tracking": {"clicks": false}})";

template <class T>
T accepted(const Json& input) {
  T request;
  const auto problems = read(input, request);
  INFO(dump_json(input));
  if (!problems.empty()) FAIL(problems[0].message);
  CHECK(judge::fault(schema_of(type_of<T>(), Direction::Input), input, "") == "");
  return request;
}

template <class T>
std::vector<Problem> problems_of(const char* text) {
  T request;
  return read(*parse_json(text), request);
}

template <class T>
Json written(const T& response) {
  Json json = write(response);
  INFO(dump_json(json));
  CHECK(judge::fault(schema_of(type_of<T>(), Direction::Output), json, "") == "");
  return json;
}

// Every field has a doc, a known header where it needs one, and an example that its schema accepts.
void check_description(const Type& type, Direction direction) {
  if (type.element != nullptr) check_description(*type.element, direction);
  for (const Type* alternative : type.alternatives) check_description(*alternative, direction);
  if (type.kind != Kind::Object) return;
  INFO("type " << type.name);
  CHECK_FALSE(type.doc.empty());
  const Json schema = schema_of(type, direction);
  CHECK(schema["properties"].size() == type.fields.size());
  for (const Field& field : type.fields) {
    INFO("field " << field.name);
    CHECK_FALSE(field.rules.doc.empty());
    CHECK(field.rules.doc.ends_with('.'));
    CHECK((field.rules.carried == Carried::Header) == !field.rules.header.empty());
    const Json& property = schema["properties"][std::string(field.name)];
    for (const auto& example : property.value("examples", Json::array())) {
      CHECK(judge::fault(property, example, "example") == "");
    }
    if (property.contains("default")) {
      CHECK(judge::fault(property, property["default"], "default") == "");
    }
    if (field.rules.published_type != nullptr) {
      check_description(field.rules.published_type(), direction);
    }
    check_description(*field.type, direction);
  }
}

EmailSend sample_send() {
  EmailSend send;
  send.id = "018f7a35-1111-7111-8111-111111111111";
  send.template_id = "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70";
  send.template_snapshot_id = "018f7a35-3333-7333-8333-333333333333";
  send.sender_profile_id = "018f7a35-4444-7444-8444-444444444444";
  send.from = {"receipts@example.com", "Acme Receipts"};
  send.reply_to = MailAddress{"support@example.com", "Acme Support"};
  send.subject = "Receipt for order ord_9421";
  send.profile_id = "018f7a35-5555-7555-8555-555555555555";
  send.to = {"alex@example.com"};
  send.cc = {{"billing@example.com", "Billing"}};
  send.created_at = send.updated_at = "2026-05-29T00:00:00.000Z";
  return send;
}

}  // namespace

TEST_CASE("every described field is documented and its example fits", "[wire]") {
  check_description(type_of<EmailSendRequest>(), Direction::Input);
  check_description(type_of<EmailBatchRequest>(), Direction::Input);
  check_description(type_of<EmailRetrieveRequest>(), Direction::Input);
  check_description(type_of<TemplateListRequest>(), Direction::Input);
  check_description(type_of<TemplateIdRequest>(), Direction::Input);
  check_description(type_of<TemplateCreateRequest>(), Direction::Input);
  check_description(type_of<TemplateUpdateRequest>(), Direction::Input);
  check_description(type_of<TemplateDuplicateRequest>(), Direction::Input);
  check_description(type_of<TemplatePreviewRequest>(), Direction::Input);
  check_description(type_of<StatusRequest>(), Direction::Input);
  check_description(type_of<EmailSend>(), Direction::Output);
  check_description(type_of<EmailBatchResponse>(), Direction::Output);
  check_description(type_of<std::vector<TemplateListItem>>(), Direction::Output);
  check_description(type_of<TemplateDetail>(), Direction::Output);
  check_description(type_of<TemplateDeleted>(), Direction::Output);
  check_description(type_of<TemplatePreview>(), Direction::Output);
  check_description(type_of<TemplateFormat>(), Direction::Output);
  check_description(type_of<StatusResponse>(), Direction::Output);
}

TEST_CASE("the send of the guide is read", "[wire]") {
  const auto request = accepted<EmailSendRequest>(*parse_json(kGuideSend));
  CHECK(request.idempotency_key == "order-confirmation:ord_9421");
  CHECK(request.template_id == "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70");
  CHECK(request.from == "Acme Receipts <receipts@example.com>");
  CHECK(request.to.value().external_id == "shopify:customer_123");
  CHECK(request.cc.value().values == std::vector<std::string>{"Billing <billing@example.com>"});
  CHECK(request.bcc.value().values.size() == 1);
  CHECK(request.tracking.value().clicks == false);
  CHECK(request.data.value()["orderTotal"] == "49.00");
  CHECK_FALSE(request.profile_id);
  accepted<EmailSendRequest>(Json::object());  // what is missing together is the operation's matter
}

TEST_CASE("a batch item is the send with its key in the body", "[wire]") {
  const auto item = accepted<EmailBatchItem>(*parse_json(kGuideSend));
  CHECK(item.idempotency_key == "order-confirmation:ord_9421");
  CHECK(problems_of<EmailBatchItem>("{}").at(0).path == "/idempotencyKey");
  CHECK(type_of<EmailSendRequest>().fields[0].rules.header == "Idempotency-Key");
  CHECK(type_of<EmailBatchItem>().fields[0].rules.carried == Carried::Body);
  CHECK(type_of<EmailSendRequest>().fields.size() == type_of<EmailBatchItem>().fields.size());
}

TEST_CASE("content and other strangers are refused with a way out", "[wire]") {
  for (const char* text : {R"({"html":"<p>"})", R"({"text":"x"})", R"({"react":{}})"}) {
    const auto problems = problems_of<EmailSendRequest>(text);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].message.find("saved Template") != std::string::npos);
  }
  for (const char* text : {R"({"to":{}})", R"({"data":{}})", R"({"cc":"a@b.co"})", R"({"bcc":[]})",
                           R"({"profileId":"x"})", R"({"idempotencyKey":"k"})"}) {
    CHECK(problems_of<EmailBatchDefaults>(text).size() == 1);
  }
  CHECK(problems_of<EmailSendRequest>(R"({"tracking":{"opens":true}})").at(0).path ==
        "/tracking/opens");
}

TEST_CASE("limits of a send hold", "[wire]") {
  const auto path_of = [](const std::string& text) {
    const auto problems = problems_of<EmailSendRequest>(text.c_str());
    return problems.empty() ? std::string() : problems[0].path;
  };
  CHECK(path_of("{\"subject\":\"" + std::string(998, 's') + "\"}").empty());
  CHECK(path_of("{\"subject\":\"" + std::string(999, 's') + "\"}") == "/subject");
  CHECK(path_of(R"({"subject":""})") == "/subject");
  CHECK(path_of(R"({"subject":"a\r\nBcc: x@example.com"})") == "/subject");
  CHECK(path_of(R"({"from":"a@b.co\n"})") == "/from");
  CHECK(path_of(R"({"cc":["a@b.co","x\u0000"]})") == "/cc/1");
  CHECK(path_of(R"({"idempotencyKey":""})") == "/idempotencyKey");
  CHECK(path_of("{\"idempotencyKey\":\"" + std::string(256, 'k') + "\"}") == "/idempotencyKey");
  CHECK(path_of(R"({"data":[]})") == "/data");
  CHECK(path_of(R"({"to":{"email":"Alex <alex@example.com>"}})") == "/to/email");
  CHECK(path_of("{\"data\":{\"a\":\"" + std::string(kDataBytesMax - 8, 'x') + "\"}}").empty());
  CHECK(path_of("{\"data\":{\"a\":\"" + std::string(kDataBytesMax - 7, 'x') + "\"}}") == "/data");
  CHECK(path_of("{\"data\":{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}}").empty());
  CHECK(path_of("{\"data\":{\"a\":" + std::string(32, '[') + std::string(32, ']') + "}}") ==
        "/data");
}

TEST_CASE("one bad batch item leaves the envelope valid", "[wire]") {
  Json input = *parse_json(R"({"items":[1,null,{"html":1}],"defaults":{"subject":"s"}})");
  Json deep = 1;
  for (int i = 0; i < 50; ++i) deep = Json::array({deep});
  input["items"].push_back(deep);
  EmailBatchRequest request;
  CHECK(read(input, request).empty());
  CHECK(request.items.size() == 4);
  CHECK(request.defaults.value().subject == "s");
  CHECK(problems_of<EmailBatchRequest>(R"({"items":[]})").at(0).path == "/items");
  CHECK(problems_of<EmailBatchRequest>(R"({"items":[{}],"defaults":{"to":{}}})").at(0).path ==
        "/defaults/to");
  input["items"] = Json(std::vector<Json>(101, Json::object()));
  CHECK(read(input, request).size() == 1);
  const Json schema = schema_of(type_of<EmailBatchRequest>(), Direction::Input);
  CHECK(schema["properties"]["items"]["items"] ==
        schema_of(type_of<EmailBatchItem>(), Direction::Input));
}

TEST_CASE("an EmailSend is written as the guide shows it", "[wire]") {
  CHECK(dump_json(written(sample_send())) == dump_json(*parse_json(R"({
    "id": "018f7a35-1111-7111-8111-111111111111", "status": "Queued",
    "templateId": "2c2f9e13-7d0a-4b10-9f4b-35f6d96d7a70",
    "templateSnapshotId": "018f7a35-3333-7333-8333-333333333333",
    "senderProfileId": "018f7a35-4444-7444-8444-444444444444",
    "from": {"email": "receipts@example.com", "name": "Acme Receipts"},
    "replyTo": {"email": "support@example.com", "name": "Acme Support"},
    "subject": "Receipt for order ord_9421", "subscriptionGroupId": null,
    "profileId": "018f7a35-5555-7555-8555-555555555555", "to": {"email": "alex@example.com"},
    "cc": [{"email": "billing@example.com", "name": "Billing"}], "messageId": null,
    "skippedReason": null, "failureReason": null, "failureMessage": null,
    "createdAt": "2026-05-29T00:00:00.000Z", "updatedAt": "2026-05-29T00:00:00.000Z"})")));
  EmailSend failed = sample_send();
  failed.status = EmailSendStatus::Failed;
  failed.failure_reason = FailureReason::OutcomeUnknown;
  failed.failure_message = "The connection broke.";
  failed.reply_to.reset();
  failed.from.name.reset();
  CHECK(written(failed)["failureReason"] == "OutcomeUnknown");
  EmailSend skipped = sample_send();
  skipped.status = EmailSendStatus::Skipped;
  skipped.skipped_reason = SkippedReason::PolicyBlocked;
  CHECK(written(skipped)["skippedReason"] == "PolicyBlocked");
}

TEST_CASE("batch results are told apart by their status", "[wire]") {
  EmailBatchResponse response{.total = 3, .accepted = 1, .rejected = 2};
  response.items.push_back(EmailBatchAcceptedItem{0, "k", {}, sample_send()});
  ItemError error{"validation_failed", "ValidationFailed", "Wrong.", 400, {}, {}};
  response.items.push_back(EmailBatchRejectedItem{1, std::nullopt, {}, error});
  error.details = std::vector<ErrorDetail>{{"/items/2/to", "Bad."}};
  response.items.push_back(EmailBatchRejectedItem{2, "k2", {}, error});
  const Json json = written(response);
  CHECK(json["items"][0]["status"] == "Accepted");
  CHECK(dump_json(json["items"][1]) ==
        R"({"index":1,"idempotencyKey":null,"status":"Rejected","error":{"error":)"
        R"("validation_failed","errorCode":"ValidationFailed","message":"Wrong.",)"
        R"("statusCode":400}})");
  CHECK(json["items"][2]["error"]["details"][0]["path"] == "/items/2/to");
  Json swapped = json;
  swapped["items"][0]["status"] = "Rejected";
  CHECK(judge::fault(schema_of(type_of<EmailBatchResponse>(), Direction::Output), swapped, "") !=
        "");
}

TEST_CASE("template lists are asked for by query", "[wire]") {
  TemplateListRequest request;
  CHECK(read(*parse_json(R"({"status":"Active,Archived","purpose":"Transactional"})"), request)
            .empty());
  CHECK(request.status.value().size() == 2);
  CHECK(request.purpose == TemplatePurpose::Transactional);
  CHECK(problems_of<TemplateListRequest>(R"({"status":"active"})").at(0).path == "/status/0");
}

TEST_CASE("templates and status are written as declared", "[wire]") {
  TemplateListItem item;
  item.id = item.organization_id = "018f7a35-1111-7111-8111-111111111111";
  item.created_at = item.updated_at = "2026-05-29T00:00:00.000Z";
  const Json bare = written(std::vector<TemplateListItem>{item});
  CHECK(bare[0]["key"].is_null());
  CHECK_FALSE(bare[0].contains("website"));
  item.website = TemplateWebsite{item.id, "Shop"};
  CHECK(written(item)["website"]["name"] == "Shop");
  TemplateDetail detail;
  detail.id = detail.organization_id = item.id;
  detail.created_at = detail.updated_at = item.created_at;
  CHECK(written(detail)["currentSnapshotId"].is_null());
  StatusResponse status;
  status.organization.id = status.api_key.id = item.id;
  status.delivery.mode = DeliveryMode::Capture;
  status.time = item.created_at;
  CHECK(written(status)["delivery"]["mode"] == "Capture");
}
