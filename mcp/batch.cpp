#include "mcp/batch.hpp"

namespace mcp {

std::optional<jsonrpc::Fault> batch_fault(std::size_t messages, std::optional<Revision> revision,
                                          std::size_t messages_max) {
  std::string sentence;
  if (!revision || !has_batches(*revision)) {
    sentence = "Batches exist only under revision 2025-03-26; send one message at a time.";
  } else if (messages == 0) {
    sentence = "A batch must hold at least one message.";
  } else if (messages > messages_max) {
    sentence = "A batch may hold at most " + std::to_string(messages_max) + " messages; split it.";
  } else {
    return std::nullopt;
  }
  return jsonrpc::Fault{jsonrpc::Code::InvalidRequest, std::move(sentence), {}};
}

}  // namespace mcp
