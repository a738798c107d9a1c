#include <sys/stat.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/base/duration.hpp"
#include "core/base/secret.hpp"
#include "schemas/describe/json.hpp"
#include "tests/unit/store/temp_folder.hpp"

using namespace segmentflow;

namespace {

class FixedEntropy final : public Entropy {
 public:
  explicit FixedEntropy(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& each : out) each = byte_;
  }

 private:
  std::uint8_t byte_;
};

}  // namespace

TEST_CASE("clock: the forms of wire and mail") {
  constexpr Time kTime = 1'780'012'800 * kMicrosPerSecond;  // 2026-05-29
  CHECK(to_iso8601(kTime) == "2026-05-29T00:00:00.000Z");
  CHECK(to_iso8601(kTime + 999'999) == "2026-05-29T00:00:00.999Z");
  CHECK(to_iso8601(0) == "1970-01-01T00:00:00.000Z");
  CHECK(to_iso8601(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(to_iso8601(951'782'400 * kMicrosPerSecond) == "2000-02-29T00:00:00.000Z");
  CHECK(to_rfc5322(kTime) == "Fri, 29 May 2026 00:00:00 +0000");
  CHECK(to_rfc5322(kTime + 3 * 86'400 * kMicrosPerSecond + 61'500'000) ==
        "Mon, 01 Jun 2026 00:01:01 +0000");
}

TEST_CASE("ids: text and bytes go both ways, and nothing else is an id") {
  const std::string text = "018f7a35-5555-7555-8555-5555555555aB";
  const auto id = Uuid::parse(text);
  REQUIRE(id);
  CHECK(id->to_string() == "018f7a35-5555-7555-8555-5555555555ab");
  CHECK(Uuid::from_bytes(id->view()) == id);
  for (const std::string bad :
       {"", "018f7a35555575558555555555555555", "018f7a35-5555-7555-8555-55555555555",
        "018f7a35-5555-7555-8555-5555555555555", "018f7a35_5555-7555-8555-555555555555",
        "g18f7a35-5555-7555-8555-555555555555", "{18f7a35-5555-7555-8555-55555555555}"}) {
    INFO(bad);
    CHECK_FALSE(Uuid::parse(bad));
  }
  CHECK_FALSE(Uuid::from_bytes("short"));
}

TEST_CASE("ids: they increase within one millisecond, past the counter, and when time goes back") {
  for (const std::uint8_t byte : {std::uint8_t{0}, std::uint8_t{0xFF}}) {
    ManualClock clock(1'780'000'000'123'456);
    FixedEntropy entropy(byte);
    IdSource ids(clock, entropy);
    Uuid last = ids.next();
    CHECK(last.to_string().starts_with("019e7044-887b-7"));
    CHECK((last.bytes[8] & 0xC0) == 0x80);
    std::size_t out_of_order = 0;
    for (int i = 0; i < 10'000; ++i) {
      if (i == 5'000) clock.advance(-kMicrosPerSecond);
      const Uuid id = ids.next();
      if (!(last < id) || (id.bytes[6] >> 4) != 7) ++out_of_order;
      last = id;
    }
    CHECK(out_of_order == 0);
    clock.advance(2 * kMicrosPerSecond);
    CHECK(last < ids.next());
  }
}

TEST_CASE("errors: every code has one row, of its own name") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::NotReady); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const ErrorKind& kind = kind_of(code);
    CHECK(kind.code == code);
    CHECK(names.insert(kind.snake_case).second);
    CHECK((kind.http_status >= 400 && kind.http_status < 600));
    // IdempotencyKeyRequired is idempotency_key_required.
    std::string snake;
    for (const char c : kind.pascal_case) {
      const bool upper = c >= 'A' && c <= 'Z';
      if (upper && !snake.empty()) snake += '_';
      snake += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    CHECK(snake == kind.snake_case);
  }
  CHECK(kind_of(ErrorCode::NotReady).http_status == 503);
  CHECK(kind_of(ErrorCode::IdempotencyConflict).http_status == 409);
}

TEST_CASE("errors: the envelope") {
  Error error{ErrorCode::InsufficientScope, "No."};
  CHECK(describe::dump_json(error_envelope(error, "")) ==
        R"({"error":"insufficient_scope","errorCode":"InsufficientScope","message":"No.",)"
        R"("statusCode":403})");
  error.problems = {{"/to", "Missing."}};
  error.required_scopes = {"emails:write"};
  const auto full = error_envelope(error, "req_1");
  CHECK(describe::dump_json(full.at("details")) == R"([{"path":"/to","message":"Missing."}])");
  CHECK(describe::dump_json(full.at("required")) == R"(["emails:write"])");
  CHECK(full.at("requestId") == "req_1");
}

TEST_CASE("durations: whole numbers with one unit") {
  CHECK(parse_duration("250ms") == 250'000);
  CHECK(parse_duration("30s") == 30 * kMicrosPerSecond);
  CHECK(parse_duration("5m") == 300 * kMicrosPerSecond);
  CHECK(parse_duration("4h") == 14'400 * kMicrosPerSecond);
  CHECK(parse_duration("90d") == 90 * 86'400 * kMicrosPerSecond);
  CHECK(parse_duration("0s") == 0);
  CHECK(parse_duration("3660d"));
  for (const char* bad : {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "1.5h", "5S", "5min",
                          "3661d", "99999999999999999999d", "9223372036854775807ms"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("secrets: what is sealed opens with the same secret only, and not when changed") {
  SystemEntropy entropy;
  const InstallationSecret secret(std::string(32, 'a'));
  const InstallationSecret other(std::string(32, 'b'));
  for (const std::string plain : {"", "smtp://user:password@host", "\0binary"}) {
    const std::string sealed = secret.seal(plain, entropy);
    CHECK(secret.unseal(sealed).value() == plain);
    CHECK(secret.seal(plain, entropy) != sealed);
    CHECK(other.unseal(sealed).error().code == ErrorCode::Internal);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      CHECK_FALSE(secret.unseal(changed));
    }
    CHECK_FALSE(secret.unseal(sealed.substr(1)));
  }
  CHECK_FALSE(secret.unseal(""));
}

TEST_CASE("secrets: keyed hashes differ by purpose, data and secret") {
  const InstallationSecret secret(std::string(32, 'a'));
  const InstallationSecret other(std::string(32, 'b'));
  CHECK(secret.mac("p", "d").size() == 32);
  CHECK(secret.mac("p", "d") == InstallationSecret(std::string(32, 'a')).mac("p", "d"));
  CHECK(secret.mac("p", "d") != secret.mac("p", "e"));
  CHECK(secret.mac("p", "d") != secret.mac("q", "d"));
  CHECK(secret.mac("p", "d") != other.mac("p", "d"));
  CHECK(secret.mac("pd", "") != secret.mac("p", "d"));
  CHECK(secret.check_value() != other.check_value());
}

TEST_CASE("secrets: encodings") {
  CHECK(to_hex("\x01\xFF") == "01ff");
  CHECK(to_base64url("\xFB\xFF") == "-_8");
  CHECK(to_base64("\xFB\xFF") == "+/8=");
  CHECK(to_hex(sha256("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("secrets: the installation's secret comes from text or a private file, made once") {
  test::TempFolder folder;
  SystemEntropy entropy;
  const std::string hex(64, 'A');
  CHECK(InstallationSecret::load("", folder.path()).error().code == ErrorCode::NotFound);
  const auto made = InstallationSecret::load_or_make("", folder.path(), entropy).value();
  CHECK(InstallationSecret::load_or_make("", folder.path(), entropy).value().check_value() ==
        made.check_value());
  struct stat info{};
  REQUIRE(::stat(folder.file("secret").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(InstallationSecret::load(hex, folder.path()).value().check_value() != made.check_value());
  for (const std::string bad :
       {std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g'), std::string(66, 'a')}) {
    const auto refused = InstallationSecret::load(bad, folder.path());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::ValidationFailed);
    CHECK(refused.error().message.find(bad) == std::string::npos);
  }
  std::ofstream(folder.file("secret")) << "damaged\n";
  CHECK(InstallationSecret::load("", folder.path()).error().code == ErrorCode::ValidationFailed);
}
