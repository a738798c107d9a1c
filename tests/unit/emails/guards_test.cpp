// Guard-rails of API keys where emails are accepted: allow-lists, daily limits, approvals, dry
// runs.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/delivery/approvals.hpp"
#include "core/delivery/delivery_records.hpp"
#include "core/emails/accept_guards.hpp"
#include "core/jobs/jobs.hpp"
#include "tests/unit/engine/shop.hpp"

using namespace segmentflow;
using test::mailbox;
using test::must;
using test::outcome;
using test::Shop;

namespace {

class Guarded : public Shop {
 public:
  explicit Guarded(const Guards& guards) : guards_(guards) {
    guarded = write([&](Transaction& tx) {
      return create_api_key(tx, ids, entropy, organization, "guarded", {"emails:write"}, false,
                            guards)
          .key;
    });
  }
  Result<Accepted> send(
      const std::function<void(SendRequest&)>& change = [](SendRequest&) {}, std::string key = "") {
    SendRequest wanted = request(key.empty() ? "k" + std::to_string(++count_) : key);
    change(wanted);
    return std::move(accept_as(guarded, {std::move(wanted)}).at(0));
  }
  std::vector<Result<Accepted>> command(int emails, std::optional<Uuid> approval,
                                        bool is_dry_run = false) {
    AcceptCommand wanted;
    wanted.is_dry_run = is_dry_run;
    for (int i = 0; i < emails; ++i) {
      wanted.items.push_back(
          prepare_accept(guarded, request("k" + std::to_string(++count_)), secret));
      wanted.items.back()->approval_id = approval;
    }
    return accept_command(std::move(wanted)).items;
  }
  // Jobs that could be claimed now.
  std::int64_t due() {
    return number("SELECT count(*) FROM jobs WHERE due_at <= $1", {clock.now()});
  }
  ApiKey guarded;

 private:
  const Guards guards_;
  int count_ = 0;
};

}  // namespace

TEST_CASE("guards: every recipient of an email has to be allowed") {
  Guards guards;
  guards.recipients = {"example.com", "one@other.example"};
  Guarded shop(guards);
  CHECK(outcome(shop.send()) == "ok");
  CHECK(outcome(shop.send([](auto& r) { r.to = mailbox("ONE@other.example"); })) == "ok");
  CHECK(outcome(shop.send([](auto& r) { r.to = mailbox("two@other.example"); })) ==
        "RecipientNotAllowed /to/email");
  CHECK(outcome(shop.send([](auto& r) { r.to = mailbox("a@sub.example.com"); })) ==
        "RecipientNotAllowed /to/email");
  CHECK(outcome(shop.send([](auto& r) {
          r.cc = {mailbox("a@example.com"), mailbox("b@evil.example")};
        })) == "RecipientNotAllowed /cc/1");
  CHECK(outcome(shop.send([](auto& r) { r.bcc = {mailbox("b@evil.example")}; })) ==
        "RecipientNotAllowed /bcc/0");
  const Uuid outsider = shop.add_profile("someone@evil.example");
  CHECK(outcome(shop.send([&](auto& r) {
          r.to.reset();
          r.profile_id = outsider;
        })) == "RecipientNotAllowed /profileId");
  CHECK(shop.number("SELECT count(*) FROM email_sends") == 2);
}

TEST_CASE("guards: templates are allowed by key or id") {
  Guards guards;
  guards.templates = {"receipt"};
  Guarded shop(guards);
  CHECK(outcome(shop.send()) == "ok");
  CHECK(outcome(shop.send([](auto& r) { r.template_ref = TemplateKey{"receipt"}; })) == "ok");
  const Template other = shop.add_template("other", test::simple_definition(), shop.receipts.id);
  CHECK(outcome(shop.send([&](auto& r) { r.template_ref = other.id; })) ==
        "TemplateNotAllowed /templateId");
  CHECK(outcome(shop.send([](auto& r) { r.template_ref = TemplateKey{"other"}; })) ==
        "TemplateNotAllowed /templateKey");
}

TEST_CASE("guards: a day's emails are counted once each, and a new day begins anew") {
  Guards guards;
  guards.sends_per_day = 2;
  Guarded shop(guards);
  const auto nothing = [](SendRequest&) {};
  CHECK(outcome(shop.send(nothing, "a")) == "ok");
  CHECK(outcome(shop.send(nothing, "a")) == "replay");
  CHECK(outcome(shop.send(nothing, "b")) == "ok");
  const auto refused = shop.send(nothing, "c");
  CHECK(outcome(refused) == "DailyLimitReached ");
  CHECK(refused.error().retry_after_s > 0);
  CHECK(refused.error().retry_after_s <= 24 * 3'600);
  CHECK(outcome(shop.send(nothing, "b")) == "replay");
  CHECK(shop.number("SELECT sends FROM api_key_days") == 2);
  shop.clock.advance(24 * 3'600 * kMicrosPerSecond);
  CHECK(outcome(shop.send(nothing, "c")) == "ok");
  // Only days that are over are forgotten.
  CHECK(shop.number("SELECT count(*) FROM api_key_days") == 2);
  CHECK(shop.write([&](Transaction& tx) { return purge_days(tx, tx.now(), 100); }) == 1);
  CHECK(shop.number("SELECT sends FROM api_key_days") == 1);
}

TEST_CASE("guards: one list, or many at once, cannot pass the daily limit") {
  Guards guards;
  guards.sends_per_day = 10;
  Guarded shop(guards);
  const auto list = shop.command(12, std::nullopt);
  CHECK(std::count_if(list.begin(), list.end(),
                      [](const auto& each) { return each.has_value(); }) == 10);
  CHECK(shop.number("SELECT sends FROM api_key_days") == 10);
  // What another process has counted since the look-up makes the list run again.
  CHECK_FALSE(shop.write([&](Transaction& tx) {
    return count_days(tx, {{shop.guarded.id, {shop.organization.id, 1, 10}}}, tx.now());
  }));
  CHECK(shop.number("SELECT sends FROM api_key_days") == 10);
}

TEST_CASE("guards: a dry run decides as a real one, and leaves nothing") {
  Guards guards;
  guards.sends_per_day = 1;
  Guarded shop(guards);
  const auto tried = shop.command(2, std::nullopt, true);
  CHECK(outcome(tried[0]) == "ok");
  CHECK(outcome(tried[1]) == "DailyLimitReached ");
  for (const char* table : {"email_sends", "jobs", "email_contents", "profiles", "api_key_days"}) {
    CHECK(shop.number("SELECT count(*) FROM " + std::string(table)) == 0);
  }
  CHECK(outcome(shop.send()) == "ok");
}

TEST_CASE("approvals: emails wait for one, and go out together") {
  Guarded shop(Guards{});
  const Uuid id = shop.ids.next();
  const auto list = shop.command(3, id);
  CHECK(must(list[0]).send.approval_id == id);
  CHECK(shop.due() == 0);
  const auto waiting = shop.write([](Transaction& tx) { return list_approvals(tx, true, 10); });
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0].emails == 3);
  CHECK(waiting[0].key_name == "guarded");
  CHECK(waiting[0].to_email == "alex@example.com");
  CHECK(must(shop.write([&](Transaction& tx) { return approve(tx, id); })) == 3);
  CHECK(shop.due() == 3);
  const auto again = shop.write([&](Transaction& tx) { return reject(tx, id); });
  CHECK(again.error().code == ErrorCode::Conflict);
  const auto nothing = shop.write([&](Transaction& tx) { return approve(tx, Uuid{}); });
  CHECK(nothing.error().code == ErrorCode::NotFound);
  CHECK(shop.write([](Transaction& tx) { return list_approvals(tx, true, 10); }).empty());
}

TEST_CASE("approvals: what is rejected, or not approved in time, is skipped") {
  Guarded shop(Guards{});
  const Uuid rejected = shop.ids.next();
  const auto first = must(shop.command(1, rejected)[0]).send;
  CHECK(must(shop.write([&](Transaction& tx) { return reject(tx, rejected); })) == 1);
  CHECK(shop.stored(first.id).skipped_reason == SkippedReason::AdmissionDenied);
  const Uuid late = shop.ids.next();
  const auto second = must(shop.command(1, late)[0]).send;
  shop.clock.advance(AcceptSettings{}.deadline + 1);
  shop.write([](Transaction& tx) {
    end_overdue_sends(tx, 10);
    return true;
  });
  CHECK(shop.stored(second.id).skipped_reason == SkippedReason::AdmissionDenied);
  CHECK(shop.number("SELECT count(*) FROM jobs") == 0);
  const auto all = shop.write([](Transaction& tx) { return list_approvals(tx, false, 10); });
  REQUIRE(all.size() == 2);
  CHECK(all[0].state == "Expired");
  CHECK(all[1].state == "Rejected");
}

TEST_CASE("approvals: a restored copy does not mistake them for its own queue") {
  Guarded shop(Guards{});
  const Uuid id = shop.ids.next();
  shop.command(1, id);
  shop.send();
  CHECK(shop.write([](Transaction& tx) { return hold_jobs(tx, last_job(tx)); }) == 1);
  CHECK(shop.write([](Transaction& tx) { return resume_jobs(tx); }) == 1);
  CHECK(shop.due() == 1);
}

TEST_CASE("guards: texts of an operator are read, kept and told") {
  GuardTexts texts{"Example.com, a@B.example", "receipt", 5, "human", 10};
  const Guards guards = must(parse_guards(texts));
  CHECK(guards.recipients == std::vector<std::string>{"example.com", "a@b.example"});
  CHECK(guards_from_json(guards_to_json(guards)).value() == guards);
  CHECK(describe_guards(guards) ==
        "recipients example.com,a@b.example; templates receipt; 5 emails a day; asks first (human "
        "above 10 emails)");
  CHECK(guards.ask_about(11));
  CHECK_FALSE(guards.ask_about(10));
  CHECK_FALSE(Guards{}.any());
  for (const GuardTexts& wrong :
       {GuardTexts{.recipients = "a b"}, GuardTexts{.templates = "No Key"},
        GuardTexts{.sends_per_day = -1}, GuardTexts{.ask_first = "sometimes"},
        GuardTexts{.ask_above = 5}, GuardTexts{.recipients = ""}, GuardTexts{.templates = " ,"},
        GuardTexts{.ask_first = ""}}) {
    CHECK_FALSE(parse_guards(wrong));
  }
}
