// Texts that clients carry.
#include "mcp/seal.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using std::chrono::system_clock;

TEST_CASE("seal: what comes back unchanged is believed, until its time has come") {
  const auto secrets = mcp::process_secrets();
  const auto now = system_clock::now();
  const std::string text("any \0 text\n", 11);
  const std::string sealed = mcp::seal(secrets, text, "context", now + 10s);
  CHECK(sealed.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
        std::string::npos);
  CHECK(mcp::unseal(secrets, sealed, "context", now) == text);
  CHECK(mcp::unseal(secrets, sealed, "context", now + 9s) == text);
  CHECK(mcp::unseal(secrets, sealed, "context", now + 11s) == std::nullopt);
  CHECK(mcp::unseal(secrets, sealed, "other", now) == std::nullopt);
  CHECK(mcp::unseal(mcp::process_secrets(), sealed, "context", now) == std::nullopt);
  CHECK(mcp::unseal(secrets, mcp::seal(secrets, "", "", now + 10s), "", now) == "");
}

TEST_CASE("seal: no byte can be changed, left out or moved between text and context") {
  const auto secrets = mcp::process_secrets();
  const auto now = system_clock::now();
  const std::string sealed = mcp::seal(secrets, "text", "context", now + 10s);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    CHECK(mcp::unseal(secrets, changed, "context", now) == std::nullopt);
    CHECK(mcp::unseal(secrets, sealed.substr(0, at), "context", now) == std::nullopt);
  }
  for (const char* made_up : {"", ".", "a.b", "MTAw.", "..", "=.="}) {
    CHECK(mcp::unseal(secrets, made_up, "context", now) == std::nullopt);
  }
  CHECK(secrets.random_name() != secrets.random_name());
}
