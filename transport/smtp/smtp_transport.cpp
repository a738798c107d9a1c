#include "transport/smtp/smtp_transport.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "transport/smtp/assignment.hpp"
#include "transport/smtp/pool.hpp"

namespace transport::smtp {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kQuitGrace{1'000};   // for QUIT on connections without a mail
constexpr milliseconds kAbortGrace{5'000};  // for results of dialogues that were ended

using TlsContext = std::shared_ptr<asio::ssl::context>;

tl::expected<TlsContext, std::string> make_tls(const SmtpOptions& options) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  if (options.ca_file.empty()) {
    tls->set_default_verify_paths(error);
  } else {
    tls->load_verify_file(options.ca_file, error);
  }
  if (error) {
    return tl::unexpected(fmt::format(
        "The certificate authorities of the SMTP relay could not be read from {}: {}.{}",
        options.ca_file.empty() ? "the system" : options.ca_file, error.message(),
        options.ca_file.empty() ? "" : " Name a PEM file with ca= in the SMTP URL."));
  }
  return tls;
}

}  // namespace

struct SmtpTransport::Impl {
  Impl(SmtpOptions settings, const TlsContext& tls)
      : options(std::move(settings)),
        peer(options.peer()),
        pool(loop, options, tls, connections, watch),
        work(asio::make_work_guard(*loop)),
        thread([this] { run(); }) {}

  void run();
  void take_inbox();

  const SmtpOptions options;
  const std::string peer;
  AnswerWatch watch;  // before the loop, whose end may end sessions
  std::shared_ptr<asio::io_context> loop = std::make_shared<asio::io_context>(1);
  std::shared_ptr<Tally> mails = std::make_shared<Tally>();
  std::shared_ptr<Tally> connections = std::make_shared<Tally>();
  Pool pool;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::mutex mutex;
  std::vector<std::unique_ptr<Assignment>> inbox;  // guarded by mutex
  bool closed = false;                             // guarded by mutex
  std::thread thread;
};

void SmtpTransport::Impl::run() {
  while (true) {
    try {
      loop->run();
      return;
    } catch (const std::exception& error) {
      spdlog::error("smtp: a step of delivery to {} failed: {}", peer, error.what());
    }
  }
}

void SmtpTransport::Impl::take_inbox() {
  std::vector<std::unique_ptr<Assignment>> arrived;
  {
    const std::lock_guard lock(mutex);
    arrived.swap(inbox);
  }
  for (auto& job : arrived) pool.submit(std::move(job));
}

std::optional<std::string> SmtpTransport::problem(const SmtpOptions& options) {
  const auto tls = make_tls(options);
  if (tls) return std::nullopt;
  return tls.error();
}

tl::expected<std::unique_ptr<SmtpTransport>, std::string> SmtpTransport::create(
    SmtpOptions options) {
  if (options.host.empty()) return tl::unexpected<std::string>("The SMTP relay has no host name.");
  auto tls = make_tls(options);
  if (!tls) return tl::unexpected(tls.error());
  auto impl = std::make_unique<Impl>(std::move(options), *tls);
  return std::unique_ptr<SmtpTransport>(new SmtpTransport(std::move(impl)));
}

namespace {

asio::awaitable<void> open_and_quit(Session& session, SmtpTransport::Probe& probe,
                                    std::string peer) {
  auto failure = co_await session.open();
  probe.secure = session.is_secure();
  probe.hello_name = session.hello_name();
  if (!failure) {
    co_await session.quit();
    co_return;
  }
  probe.failure = deferred(std::move(peer), std::move(failure->detail));
  probe.failure->stage = failure->stage;
  probe.failure->reply = std::move(failure->reply);
  probe.failure->refuses_us = failure->refuses_us;
}

}  // namespace

SmtpTransport::Probe SmtpTransport::probe(const SmtpOptions& options, milliseconds patience) {
  Probe probe;
  auto tls = make_tls(options);
  if (!tls) {
    probe.failure = deferred(options.peer(), tls.error());
    probe.failure->stage = segmentflow::MailStage::Tls;
    return probe;
  }
  AnswerWatch watch;
  const auto loop = std::make_shared<asio::io_context>(1);
  Session session(loop, options, **tls, watch);
  asio::steady_timer timer(*loop, patience);
  const std::string over = fmt::format("did not answer within {} s", patience.count() / 1'000);
  timer.async_wait([&](const boost::system::error_code& error) {
    if (!error) session.abort(over);
  });
  asio::co_spawn(*loop, open_and_quit(session, probe, options.peer()),
                 [&](const std::exception_ptr& defect) {
                   timer.cancel();
                   if (defect) probe.failure = deferred(options.peer(), "The probe broke off.");
                 });
  loop->run();
  return probe;
}

std::optional<segmentflow::PeerSilence> SmtpTransport::silence() const {
  const auto silence = impl_->watch.silence();
  if (!silence || silence->lasting < impl_->options.silence_noticed) return std::nullopt;
  segmentflow::PeerSilence told;
  told.peer = impl_->peer;
  told.stage = silence->stage;
  told.lasting = silence->lasting;
  told.sentence = silence_sentence(impl_->options, *silence);
  return told;
}

SmtpTransport::SmtpTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SmtpTransport::~SmtpTransport() {
  shut_down(milliseconds{0});
  impl_->thread.join();
}

void SmtpTransport::send(segmentflow::OutgoingMail mail, BeforeDot before_dot, Done done) {
  if (!impl_->mails->add(impl_->options.mails_max)) {
    done(deferred(impl_->peer,
                  fmt::format("{} mails already wait for the relay.", impl_->options.mails_max)));
    return;
  }
  auto job = std::make_unique<Assignment>(std::move(mail), std::move(before_dot), std::move(done),
                                          impl_->mails);
  bool first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->closed) {
      first = impl_->inbox.empty();
      impl_->inbox.push_back(std::move(job));
    }
  }
  if (job) job->finish(deferred(impl_->peer, "Delivery is shutting down."));
  if (first) asio::post(*impl_->loop, [impl = impl_.get()] { impl->take_inbox(); });
}

void SmtpTransport::shut_down(milliseconds patience) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->closed) return;
    impl_->closed = true;
  }
  Impl* impl = impl_.get();
  asio::post(*impl->loop, [impl] {
    impl->pool.stop();
    impl->take_inbox();
  });
  const bool finished = impl->mails->wait_for_none(patience);
  if (finished) impl->connections->wait_for_none(std::min(patience, kQuitGrace));
  asio::post(*impl->loop, [impl] { impl->pool.abort(); });
  impl->work.reset();
  impl->mails->wait_for_none(kAbortGrace);
}

}  // namespace transport::smtp
