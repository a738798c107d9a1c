// The connections to one relay and the mails that wait for them. All on the loop's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <unordered_set>
#include <vector>

#include "transport/smtp/assignment.hpp"
#include "transport/smtp/session.hpp"
#include "transport/smtp/smtp_options.hpp"

namespace transport::smtp {

class Pool {
 public:
  // `workers` counts the open connections for those who wait for their end. `watch` must outlive
  // the pool.
  Pool(std::shared_ptr<boost::asio::io_context> loop, SmtpOptions options,
       std::shared_ptr<boost::asio::ssl::context> tls, std::shared_ptr<Tally> workers,
       AnswerWatch& watch);

  void submit(std::unique_ptr<Assignment> job);
  // Waiting mails are Deferred, idle connections quit, dialogues that are not past DATA are ended.
  void stop();
  // Ends everything; after it only results come.
  void abort();

 private:
  struct Worker {
    Worker(const std::shared_ptr<boost::asio::io_context>& loop, const SmtpOptions& options,
           boost::asio::ssl::context& tls, AnswerWatch& watch)
        : session(loop, options, tls, watch), wake_up(*loop) {}
    Session session;
    boost::asio::steady_timer wake_up;
    bool opening = true;
    bool woken = false;
    bool delivering = false;
  };
  using Jobs = std::deque<std::unique_ptr<Assignment>>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  boost::asio::awaitable<void> work(std::shared_ptr<Worker> worker);
  boost::asio::awaitable<bool> serve(std::shared_ptr<Worker> worker);
  boost::asio::awaitable<void> deliver(Worker& worker, std::unique_ptr<Assignment> job);
  boost::asio::awaitable<bool> idle(Worker& worker);
  void pump();
  void spawn();
  void wake();
  void worker_ended(const std::shared_ptr<Worker>& worker, const std::exception_ptr& error);
  std::unique_ptr<Assignment> take(const Worker& worker);
  bool can_spawn() const;
  void pause(std::chrono::milliseconds first);
  void defer_all(Jobs& jobs);
  void watch_silence();
  void end_if_silent();
  void watch_deadline(SteadyTime deadline);
  void end_late();
  void end_late(Jobs& jobs);

  std::shared_ptr<boost::asio::io_context> loop_;
  const SmtpOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::shared_ptr<Tally> tally_;
  AnswerWatch& watch_;
  boost::asio::steady_timer silence_;
  bool watching_silence_ = false;
  boost::asio::steady_timer late_;  // at the first deadline of those that wait
  std::unordered_set<std::shared_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;  // the last to become idle is the first to work again
  std::size_t opening_ = 0;    // workers whose connection is not ready yet
  std::size_t waking_ = 0;     // workers that were woken and have taken nothing yet
  Jobs waiting_;
  Jobs for_fresh_;  // met a dead connection; only a new one takes them
  std::chrono::milliseconds pause_length_{0};
  SteadyTime paused_until_{};
  segmentflow::MailOutcome obstacle_;  // why the last connection could not be had
  bool stopping_ = false;
};

}  // namespace transport::smtp
