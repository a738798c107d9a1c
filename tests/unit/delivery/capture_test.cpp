#include "core/delivery/capture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cctype>
#include <fstream>
#include <future>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/unit/delivery/temp_folder.hpp"

namespace segmentflow {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience{60'000};  // never reached when all is well
const std::string kId = "0197f0a4-7c1e-7000-8000-000000000001";

OutgoingMail mail(const std::string& id,
                  const std::string& content = "Subject: x\r\n\r\nbody\r\n") {
  return {id,
          "from@a.co",
          {"to@b.co", "cc@c.co", "bcc@d.co"},
          std::make_shared<const std::string>(content)};
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

std::size_t file_count(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

void go_at_once(const std::function<void(bool)>& go) {
  go(true);
}

// Starts a delivery whose outcome can be waited for; a second `done` throws.
std::future<MailOutcome> start(MailTransport& transport, OutgoingMail outgoing,
                               MailTransport::BeforeDot before_dot = go_at_once) {
  auto promise = std::make_shared<std::promise<MailOutcome>>();
  auto outcome = promise->get_future();
  transport.send(std::move(outgoing), std::move(before_dot),
                 [promise](MailOutcome result) { promise->set_value(std::move(result)); });
  return outcome;
}

TEST_CASE("capture: writes message and envelope, then reports") {
  const TempFolder temp;
  const auto folder = temp.path() / "mail";
  const ManualClock clock(1'780'012'800 * kMicrosPerSecond);
  CaptureTransport transport(folder, clock);
  const MailOutcome outcome = start(transport, mail(kId)).get();
  CHECK(outcome.result == MailResult::Accepted);
  CHECK(outcome.phase == MailPhase::Replied);
  CHECK(outcome.reply.code == 250);
  CHECK(outcome.peer == "capture");
  CHECK(read(folder / (kId + ".eml")) == "Subject: x\r\n\r\nbody\r\n");
  CHECK(nlohmann::json::parse(read(folder / (kId + ".envelope.json"))) ==
        nlohmann::json{{"messageId", kId},
                       {"mailFrom", "from@a.co"},
                       {"recipients", {"to@b.co", "cc@c.co", "bcc@d.co"}},
                       {"capturedAt", "2026-05-29T00:00:00.000Z"}});
  CHECK(mode_of(folder) == 0700);
  CHECK(mode_of(folder / (kId + ".eml")) == 0600);
  CHECK(mode_of(folder / (kId + ".envelope.json")) == 0600);
  CHECK(file_count(folder) == 2);
}

TEST_CASE("capture: a second delivery replaces the first, whatever the spelling of the id") {
  const TempFolder temp;
  const ManualClock clock(0);
  CaptureTransport transport(temp.path(), clock);
  CHECK(start(transport, mail(kId, "first, and longer\r\n")).get().result == MailResult::Accepted);
  std::string upper = kId;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  CHECK(start(transport, mail(upper, "second\r\n")).get().result == MailResult::Accepted);
  CHECK(read(temp.path() / (kId + ".eml")) == "second\r\n");
  CHECK(file_count(temp.path()) == 2);
}

TEST_CASE("capture: ids that are not UUIDs are rejected and nothing is written") {
  const TempFolder temp;
  const ManualClock clock(0);
  CaptureTransport transport(temp.path(), clock);
  for (const auto& id :
       std::vector<std::string>{"", "x", "../" + kId, kId + "/", kId + std::string(1, '\0'),
                                "../../../../../../../../../etc/pass"}) {
    const auto outcome = start(transport, mail(id)).get();
    CHECK(outcome.result == MailResult::Rejected);
    CHECK(outcome.phase == MailPhase::NotStarted);
    CHECK_FALSE(outcome.detail.empty());
  }
  OutgoingMail empty = mail(kId);
  empty.content = nullptr;
  CHECK(start(transport, std::move(empty)).get().result == MailResult::Rejected);
  CHECK(file_count(temp.path()) == 0);
}

TEST_CASE("capture: nothing is written before before_dot says go") {
  const TempFolder temp;
  const ManualClock clock(0);
  CaptureTransport transport(temp.path(), clock);
  std::function<void(bool)> answer;
  auto outcome = start(transport, mail(kId), [&](auto go) { answer = std::move(go); });
  REQUIRE(answer);
  CHECK(outcome.wait_for(milliseconds(0)) == std::future_status::timeout);
  CHECK(file_count(temp.path()) == 0);
  std::thread([&] { answer(true); }).join();
  CHECK(outcome.get().result == MailResult::Accepted);
  CHECK(file_count(temp.path()) == 2);
}

TEST_CASE("capture: go(false) gives the message up") {
  const TempFolder temp;
  const ManualClock clock(0);
  CaptureTransport transport(temp.path(), clock);
  const auto outcome = start(transport, mail(kId), [](const auto& go) { go(false); }).get();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.phase == MailPhase::EnvelopeSent);
  CHECK(file_count(temp.path()) == 0);
}

TEST_CASE("capture: I/O errors defer with a sentence, and the next attempt can succeed") {
  const TempFolder temp;
  const ManualClock clock(0);
  const auto folder = temp.path() / "mail";
  std::ofstream(folder) << "a file where the folder should be";
  CaptureTransport transport(folder, clock);
  auto outcome = start(transport, mail(kId)).get();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.peer == "capture");
  CHECK(outcome.detail.find(folder.string()) != std::string::npos);
  CHECK(outcome.detail.find("Not a directory") != std::string::npos);
  std::filesystem::remove(folder);
  CHECK(start(transport, mail(kId)).get().result == MailResult::Accepted);

  // A folder where the file should be: this message fails, its neighbour does not.
  const std::string other = "0197f0a4-7c1e-7000-8000-000000000002";
  std::filesystem::create_directory(folder / (other + ".eml"));
  outcome = start(transport, mail(other)).get();
  CHECK(outcome.result == MailResult::Deferred);
  CHECK(outcome.detail.find(other) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / ("." + other + ".eml.part")));
  CHECK(start(transport, mail(kId)).get().result == MailResult::Accepted);
}

TEST_CASE("capture: many senders at once") {
  const TempFolder temp;
  const ManualClock clock(0);
  CaptureTransport transport(temp.path(), clock);
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  std::array<std::vector<std::future<MailOutcome>>, kThreads> outcomes;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        std::ostringstream id;
        id << "0197f0a4-7c1e-7000-8000-" << std::setw(12) << std::setfill('0') << t * kEach + i;
        outcomes[static_cast<std::size_t>(t)].push_back(start(transport, mail(id.str())));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& list : outcomes) {
    for (auto& outcome : list) REQUIRE(outcome.get().result == MailResult::Accepted);
  }
  CHECK(file_count(temp.path()) == 2 * kThreads * kEach);
}

TEST_CASE("capture: shut-down writes what is past before_dot and defers the rest") {
  const TempFolder temp;
  const ManualClock clock(0);
  CaptureTransport transport(temp.path(), clock);
  std::function<void(bool)> late;
  auto unanswered = start(transport, mail("0197f0a4-7c1e-7000-8000-00000000ffff"),
                          [&](auto go) { late = std::move(go); });
  std::vector<std::future<MailOutcome>> answered;
  for (int i = 10; i < 90; ++i) {
    answered.push_back(
        start(transport, mail("0197f0a4-7c1e-7000-8000-0000000000" + std::to_string(i))));
  }
  transport.shut_down(kPatience);
  for (auto& outcome : answered) {
    REQUIRE(outcome.wait_for(milliseconds(0)) == std::future_status::ready);
    CHECK(outcome.get().result == MailResult::Accepted);
  }
  REQUIRE(unanswered.wait_for(milliseconds(0)) == std::future_status::ready);
  CHECK(unanswered.get().result == MailResult::Deferred);
  late(true);  // too late: done is not called again, nothing is written
  CHECK(file_count(temp.path()) == 160);
  const auto refused = start(transport, mail(kId)).get();
  CHECK(refused.result == MailResult::Deferred);
  CHECK(refused.phase == MailPhase::NotStarted);
}

TEST_CASE("capture: every done is called before the object is gone, and go may outlive it") {
  const TempFolder temp;
  const ManualClock clock(0);
  std::vector<std::future<MailOutcome>> outcomes;
  std::function<void(bool)> late;
  {
    CaptureTransport transport(temp.path(), clock);
    for (int i = 10; i < 99; ++i) {
      outcomes.push_back(
          start(transport, mail("0197f0a4-7c1e-7000-8000-0000000000" + std::to_string(i))));
    }
    outcomes.push_back(start(transport, mail(kId), [&](auto go) { late = std::move(go); }));
  }
  late(true);
  for (auto& outcome : outcomes) {
    REQUIRE(outcome.wait_for(milliseconds(0)) == std::future_status::ready);
    outcome.get();
  }
}

}  // namespace
}  // namespace segmentflow
