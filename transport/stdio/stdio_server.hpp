// Serves one MCP connection over a pair of descriptors: one JSON-RPC message a line
// (https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio). Nothing else
// is ever written to the output.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>

#include "mcp/server.hpp"
#include "transport/stdio/line_reader.hpp"
#include "transport/stdio/output.hpp"

namespace transport::stdio {

struct StdioOptions {
  int input_fd = 0;                                // not closed by the server
  int output_fd = 1;                               // not closed by the server
  std::chrono::milliseconds drain_timeout{5'000};  // for calls in flight after the end of input
  // While the client leaves more than this unread, nothing more is read from it.
  std::size_t unread_output_bytes_max = 4 << 20;
};

enum class StdioEnd {
  EndOfInput,   // the client closed our input: the regular end
  ClientGone,   // nobody reads our output any more
  Stopped,      // stop() was called
  InputFailed,  // reading failed
};

class StdioServer {
 public:
  // Lines longer than the server's message_bytes_max are refused. Throws std::system_error when the
  // process is out of descriptors.
  StdioServer(std::shared_ptr<const mcp::Server> server, std::shared_ptr<mcp::Provider> provider,
              StdioOptions options);
  StdioServer(const StdioServer&) = delete;
  StdioServer& operator=(const StdioServer&) = delete;

  // Serves until the input ends, the client is gone or stop() is called; then waits up to
  // `drain_timeout` for calls in flight and writes their answers. To be called once. Calls that
  // take longer are left to themselves and their answers dropped.
  StdioEnd run();

  // Calls whose handlers have not finished.
  std::size_t in_flight() const { return connection_.in_flight(); }

  // Ends run() soon. Async-signal-safe, callable from any thread, also before run().
  void stop() noexcept;

 private:
  enum class Input { More, End, Failed };
  Input read_input();
  void handle(const LineReader::Line& line);
  void write_output();  // as much as goes without waiting; nothing once the client is gone
  StdioEnd serve();
  void drain();
  // Waits for the descriptors of interest; a negative timeout means for ever. True: input is there.
  bool wait(bool for_input, std::chrono::milliseconds timeout);

  const StdioOptions options_;
  std::shared_ptr<Outbox> outbox_;
  mcp::Connection connection_;
  LineReader lines_;
  OutputDescriptor output_;
  std::string writing_;            // taken from the outbox
  std::size_t written_bytes_ = 0;  // of writing_
  bool client_gone_ = false;
  std::string read_buffer_;
  std::atomic<bool> stopped_{false};
};

}  // namespace transport::stdio
