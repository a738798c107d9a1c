// Texts that clients carry for a server: they come back unchanged or are not believed.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mcp {

// What signs. Both are called from any thread.
struct Secrets {
  std::function<std::string(std::string_view)> mac;  // a keyed hash, at least 16 bytes
  std::function<std::string()> random_name;          // unguessable, of A-Z a-z 0-9 _ and -
};

// Secrets that end with the process. Servers on many nodes, or that clients outlive, need their
// own.
Secrets process_secrets();

// `text` and when it stops being believed, signed together with `context`, which is not in it. Of
// A-Z a-z 0-9 _ - and the full stop.
std::string seal(const Secrets& secrets, std::string_view text, std::string_view context,
                 std::chrono::system_clock::time_point until);

// The text, when it was sealed with the same secrets and context and its time has not come.
std::optional<std::string> unseal(const Secrets& secrets, std::string_view sealed,
                                  std::string_view context,
                                  std::chrono::system_clock::time_point now);

}  // namespace mcp
