#include "app/log_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <vector>

using segmentflow::app::LogWriter;
using segmentflow::app::LogWriterLimits;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kEnough{20'000};  // passing tests never take it

std::string lost(std::uint64_t count) {
  return fmt::format("lost {}\n", count);
}

class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int writer() const { return ends_[1]; }
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }

  // Reads until the text so far ends with `end`, or to the end of the pipe.
  std::string read_until(std::string_view end) {
    while (!text_.ends_with(end)) {
      std::array<char, 1 << 16> bytes{};
      const auto count = ::read(ends_[0], bytes.data(), bytes.size());
      if (count <= 0) break;
      text_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text_;
  }

 private:
  void close_end(std::size_t i) {
    if (ends_[i] >= 0) ::close(ends_[i]);
    ends_[i] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
  std::string text_;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    lines.push_back(text.substr(start, end - start));
  }
  REQUIRE(start == text.size());
  return lines;
}

}  // namespace

TEST_CASE("log: lines come out in order, long ones too") {
  Pipe pipe;
  LogWriter writer(pipe.writer(), lost);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    const std::string line = fmt::format("{} {}\n", i, std::string(i % 100 == 0 ? 9000 : 20, 'x'));
    all += line;
    writer.put(line);
    if (i % 50 == 0) CHECK(pipe.read_until(line) == all);
  }
  writer.put("end\n");
  CHECK(pipe.read_until("end\n") == all + "end\n");
  CHECK(writer.stop(kEnough));
  writer.put("too late\n");
}

TEST_CASE("log: nobody reads; lines are lost, and their number is told where they would stand") {
  Pipe pipe;
  LogWriter writer(pipe.writer(), lost, LogWriterLimits{.queue_bytes_max = 10'000});
  constexpr int kLines = 50'000;
  for (int i = 0; i < kLines; ++i) writer.put(fmt::format("line {:06}\n", i));
  std::thread reading([&] { pipe.read_until("end\n"); });
  CHECK(writer.drain(kEnough));
  writer.put("end\n");
  reading.join();
  CHECK(writer.stop(kEnough));
  pipe.close_writer();

  const auto lines = lines_of(pipe.read_until("end\n"));
  std::uint64_t next = 0;
  bool has_lost = false;
  for (const std::string& line : lines) {
    if (line.starts_with("lost ")) {
      next += std::stoull(line.substr(5));
      has_lost = true;
    } else if (line != "end") {
      REQUIRE(line == fmt::format("line {:06}", next));
      ++next;
    }
  }
  CHECK(has_lost);
  CHECK(next == kLines);
  CHECK(lines.back() == "end");
}

TEST_CASE("log: the end does not wait for a reader that never comes") {
  Pipe pipe;
  LogWriter writer(pipe.writer(), lost);
  for (int i = 0; i < 100; ++i) writer.put(std::string(9000, 'x') + "\n");
  CHECK_FALSE(writer.drain(milliseconds(0)));
  CHECK(writer.stop(milliseconds(0)));
}

TEST_CASE("log: a reader that has gone, a full disk and a closed descriptor stop nothing") {
  Pipe pipe;
  pipe.close_reader();
  LogWriter gone(pipe.writer(), lost);
  const int full_disk = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  LogWriter full(full_disk, lost);
  LogWriter closed(-1, lost);
  for (LogWriter* writer : {&gone, &full, &closed}) {
    for (int i = 0; i < 1000; ++i) writer->put("line\n");
    CHECK(writer->drain(kEnough));
    CHECK(writer->stop(kEnough));
  }
  ::close(full_disk);
}

TEST_CASE("log: what could not be written is told once it can") {
  Pipe pipe;
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  LogWriter writer(fd, lost);
  for (int i = 0; i < 7; ++i) {
    writer.put("line\n");
    REQUIRE(writer.drain(kEnough));
  }
  REQUIRE(::dup2(pipe.writer(), fd) == fd);  // the disk has room again
  writer.put("end\n");
  CHECK(pipe.read_until("end\n") == "lost 7\nend\n");
  CHECK(writer.stop(kEnough));
  ::close(fd);
}
