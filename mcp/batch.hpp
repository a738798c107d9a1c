// The answers to a JSON-RPC batch, which go out as one array when the last of them is there.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mcp/jsonrpc.hpp"
#include "mcp/revision.hpp"

namespace mcp {

// Why a batch of so many messages is refused; nullopt: it is not. `revision`: nullopt before the
// handshake.
std::optional<jsonrpc::Fault> batch_fault(std::size_t messages, std::optional<Revision> revision,
                                          std::size_t messages_max);

// Thread-safe.
class Batch {
 public:
  // `done` gets the array as JSON text; "" when no message had an answer.
  Batch(std::size_t messages, std::function<void(std::string)> done)
      : done_(std::move(done)), answers_(messages), open_(messages) {}

  // The answer to the message at this position, "" for none. Once for each position.
  void put(std::size_t position, std::string answer) {
    {
      std::lock_guard lock(mutex_);
      answers_[position] = std::move(answer);
      if (--open_ != 0) return;
    }
    std::string out;
    for (const std::string& text : answers_) {
      if (text.empty()) continue;
      out += out.empty() ? '[' : ',';
      out += text;
    }
    if (!out.empty()) out += ']';
    done_(std::move(out));
  }

 private:
  const std::function<void(std::string)> done_;
  std::mutex mutex_;
  std::vector<std::string> answers_;
  std::size_t open_;
};

}  // namespace mcp
