#include "core/delivery/relay_state.hpp"

#include <catch2/catch.hpp>

#include "core/delivery/relay_troubles.hpp"
#include "tests/unit/engine/deliveries.hpp"

using namespace segmentflow;

namespace {

constexpr Time kSecond = kMicrosPerSecond;
constexpr Time kMax = 60 * kSecond;

EmailSend of_sender(std::uint8_t id) {
  EmailSend send;
  send.organization_id.bytes[0] = 1;
  send.sender_profile_id.bytes[0] = id;
  return send;
}

MailOutcome no_session(MailStage stage, int code) {
  MailOutcome outcome;
  outcome.peer = "relay:587";
  outcome.stage = stage;
  outcome.reply = {code, "", ""};
  outcome.detail = "relay:587 did not answer in time while connecting.";
  return outcome;
}

MailOutcome refuses_sender() {
  MailOutcome outcome = no_session(MailStage::Rcpt, 553);
  outcome.reply = {553, "5.7.1", "not owned by user"};
  outcome.refuses_us = true;
  return outcome;
}

}  // namespace

TEST_CASE("relay state: waits grow, and end with the first mail the relay hears of") {
  RelayState state(kSecond, kMax);
  const EmailSend send = of_sender(1);
  const MailOutcome refused = no_session(MailStage::Auth, 535);
  CHECK_FALSE(state.is_shut());
  CHECK(state.refused(refused, send, 0) == kSecond);
  CHECK(state.is_shut());
  CHECK(state.refused(refused, send, kSecond / 2) == kSecond);  // of the same failure
  CHECK(state.refused(refused, send, kSecond) == 3 * kSecond);
  CHECK(state.refused(refused, send, 3 * kSecond) == 7 * kSecond);
  Time now = 7 * kSecond;
  for (int i = 0; i < 10; ++i) now = state.refused(refused, send, now).value();
  CHECK(state.refused(refused, send, now) == now + kMax);
  REQUIRE(state.troubles(now).size() == 1);
  CHECK(state.troubles(now)[0].since == 0);
  CHECK(state.troubles(now)[0].code == 535);
  CHECK(state.troubles(now)[0].stage == MailStage::Auth);
  CHECK_FALSE(state.troubles(now)[0].sender_profile_id);
  state.answered(send, false, now);
  CHECK_FALSE(state.is_shut());
  CHECK(state.troubles(now).empty());
  CHECK(state.refused(refused, send, now) == now + kSecond);
  CHECK(state.refusals().at({MailStage::Auth, 535}) >= 14);
}

TEST_CASE("relay state: a refused sender is in no other's way") {
  RelayState state(kSecond, kMax);
  const EmailSend refused = of_sender(1);
  const EmailSend other = of_sender(2);
  CHECK(state.refused(refuses_sender(), refused, 0) == kSecond);
  CHECK_FALSE(state.is_shut());
  CHECK(state.holds(refused, kSecond / 2) == kSecond);
  CHECK_FALSE(state.holds(other, kSecond / 2));
  CHECK_FALSE(state.holds(refused, kSecond));
  CHECK(state.refused(refuses_sender(), refused, kSecond) == 3 * kSecond);
  state.answered(other, true, kSecond);
  REQUIRE(state.troubles(kSecond).size() == 1);
  CHECK(state.troubles(kSecond)[0].sender_profile_id == refused.sender_profile_id);
  CHECK(state.troubles(kSecond)[0].organization_id == refused.organization_id);
  Time now = 3 * kSecond;
  for (int i = 0; i < 10; ++i) now = state.refused(refuses_sender(), refused, now).value();
  CHECK(state.refused(refuses_sender(), refused, now) == now + RelayState::kSenderPauseMax);
  state.answered(refused, true, now);
  CHECK(state.troubles(now).empty());
  CHECK_FALSE(state.holds(refused, now));
}

TEST_CASE("relay state: where a sender's mail is taken besides, only the refused mail waits") {
  RelayState state(kSecond, kMax);
  const EmailSend send = of_sender(1);
  state.refused(refuses_sender(), send, 0);
  state.answered(send, true, kSecond);
  CHECK_FALSE(state.refused(refuses_sender(), send, 2 * kSecond));
  CHECK_FALSE(state.holds(send, 2 * kSecond));
  CHECK(state.troubles(2 * kSecond).empty());
}

TEST_CASE("relay state: mail that waits for its sender comes the rarer the longer that lasts") {
  RelayState state(kSecond, kMax);
  const EmailSend send = of_sender(1);
  state.refused(refuses_sender(), send, 0);
  state.refused(refuses_sender(), send, 100 * kSecond);
  CHECK(state.holds(send, 101 * kSecond) == 202 * kSecond);
  state.refused(refuses_sender(), send, 900 * kSecond);
  CHECK(state.holds(send, 901 * kSecond) == 901 * kSecond + RelayState::kHeldMax);
  CHECK(state.troubles(901 * kSecond).size() == 1);
  // Nothing of it waits any more.
  CHECK(state.troubles(900 * kSecond + RelayState::kTroubleLasts).empty());
}

TEST_CASE("relay state: senders that are remembered are bounded") {
  RelayState state(kSecond, kMax);
  EmailSend send = of_sender(1);
  for (std::size_t i = 0; i < kRefusedSendersMax + 5; ++i) {
    send.sender_profile_id.bytes[14] = static_cast<std::uint8_t>(i / 256);
    send.sender_profile_id.bytes[15] = static_cast<std::uint8_t>(i % 256);
    CHECK(state.refused(refuses_sender(), send, 0) > 0);
  }
  CHECK(state.troubles(0).size() == kRefusedSendersMax);
}

TEST_CASE("relay state: what was refused, in words") {
  MailOutcome outcome = no_session(MailStage::Auth, 535);
  outcome.reply = {535, "5.7.3", ""};
  outcome.detail = "relay:587 refused the login with 535 5.7.3 while answering AUTH: look.";
  CHECK(describe_outcome(outcome) ==
        "relay:587 refused the login with 535 5.7.3 while answering AUTH: look");
  outcome.reply.text = "nope";
  CHECK(describe_outcome(outcome) ==
        "relay:587 refused the login with 535 5.7.3 while answering AUTH: look (nope)");
  outcome.detail = "The relay asked for a pause.";
  outcome.reply = {421, "4.7.0", "later"};
  CHECK(describe_outcome(outcome) == "relay:587 answered 421 4.7.0 later");
  CHECK(describe_outcome(no_session(MailStage::Connect, 0)) ==
        "relay:587 did not answer in time while connecting");
  outcome.phase = MailPhase::Replied;
  outcome.reply = {550, "5.1.1", "no such user"};
  outcome.detail.clear();
  CHECK(describe_outcome(outcome) == "relay:587 answered 550 5.1.1 no such user");
}

TEST_CASE("relay troubles: every process sees them, each organisation its own") {
  test::Deliveries shop;
  const Lease mine = shop.join();
  const Lease other = shop.join();
  const auto seen = [&](const Uuid& organization) {
    return shop.write([&](Transaction& tx) { return read_relay_troubles(tx, organization); });
  };
  const auto tell = [&](const Lease& lease, const std::vector<RelayTrouble>& troubles) {
    shop.database->write(
        [&](Transaction& tx) { write_relay_troubles(tx, lease.instance, troubles); });
  };
  RelayTrouble all{{}, {}, "relay:587", MailStage::Auth, 535, "5.7.8", "refused the login", 5};
  RelayTrouble theirs = all;
  theirs.organization_id = shop.organization.id;
  theirs.sender_profile_id = shop.receipts.id;
  tell(mine, {all, theirs});
  CHECK(seen(shop.organization.id) == std::vector<RelayTrouble>{all, theirs});
  CHECK(seen(shop.key.id) == std::vector<RelayTrouble>{all});  // another organisation
  all.since = 7;
  tell(other, {all});
  CHECK(seen(shop.organization.id).size() == 2);
  CHECK(seen(shop.organization.id)[0].since == 5);
  tell(mine, {});
  CHECK(seen(shop.organization.id) == std::vector<RelayTrouble>{all});
  shop.reap(other);
  CHECK(seen(shop.organization.id).empty());
}
