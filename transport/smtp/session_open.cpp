// Opening a session: greeting, EHLO, STARTTLS, AUTH, and closing it.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>
#include <cctype>
#include <charconv>

#include "transport/smtp/session.hpp"
#include "transport/smtp/smtp_transport.hpp"
#include "transport/smtp/stage.hpp"

namespace transport::smtp {

namespace asio = boost::asio;
using segmentflow::MailStage;

namespace {

constexpr int kReady = 220;
constexpr int kAuthenticated = 235;
constexpr int kContinueAuth = 334;
constexpr int kClosing = 421;

// Calls `visit` with each line of a reply's body.
template <class Visit>
void each_line(std::string_view body, Visit visit) {
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    visit(body.substr(0, end));
    body.remove_prefix(end == body.npos ? body.size() : end + 1);
  }
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::string base64(std::string_view bytes) {
  std::string encoded(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return encoded;
}

}  // namespace

Extensions Extensions::read(std::string_view body) {
  Extensions extensions;
  each_line(body.substr(std::min(body.size(), body.find('\n'))), [&](std::string_view raw) {
    const std::string line = upper_case(raw);
    const std::string_view keyword = std::string_view(line).substr(0, line.find_first_of(" ="));
    if (keyword == "PIPELINING") extensions.pipelining = true;
    if (keyword == "STARTTLS") extensions.starttls = true;
    if (keyword == "8BITMIME") extensions.eight_bit_mime = true;
    if (keyword == "SMTPUTF8") extensions.smtp_utf8 = true;
    if (keyword == "SIZE") {
      extensions.size = true;
      const std::size_t number = std::min(line.size(), keyword.size() + 1);
      std::from_chars(line.data() + number, line.data() + line.size(), extensions.size_max);
    }
    if (keyword == "AUTH") {
      std::string words = line + ' ';
      std::replace(words.begin(), words.end(), '=', ' ');  // "AUTH=LOGIN PLAIN" of old servers
      extensions.auth_plain |= words.find(" PLAIN ") != words.npos;
      extensions.auth_login |= words.find(" LOGIN ") != words.npos;
    }
  });
  return extensions;
}

namespace {

// Why a relay may be silent where it should greet.
std::string_view silence_hint(const SmtpOptions& options) {
  return options.tls == TlsMode::Implicit
             ? ""
             : " (a port that wants TLS from the first byte, often 465, is written smtps://)";
}

}  // namespace

std::string silence_sentence(const SmtpOptions& options, const AnswerWatch::Silence& silence) {
  return fmt::format(
      "{} has said nothing for {} s, {}{}.", options.peer(),
      std::chrono::duration_cast<std::chrono::seconds>(silence.lasting).count(),
      waiting_at(silence.stage),
      silence.stage == MailStage::Greeting ? silence_hint(options) : std::string_view());
}

// The option was checked; the system's own name may be anything.
std::string machine_name(const SmtpOptions& options) {
  if (!options.hello_name.empty()) return options.hello_name;
  boost::system::error_code error;
  std::string name = asio::ip::host_name(error);
  return !error && is_full_name(name) ? name : std::string();
}

Session::Session(std::shared_ptr<asio::io_context> loop, const SmtpOptions& options,
                 asio::ssl::context& tls, AnswerWatch& watch)
    : loop_(std::move(loop)),
      options_(options),
      tls_(tls),
      watch_(watch),
      peer_(options.peer()),
      connection_(*loop_) {}

Session::~Session() {
  watch_.given_up(this);
}

std::string Session::sentence(MailStage stage) const {
  if (stage == MailStage::Connect) return fmt::format("{} {}.", peer_, connection_.failure());
  std::string words =
      fmt::format("{} {} while {}", peer_, connection_.failure(), waiting_at(stage));
  if (stage == MailStage::Greeting) words += silence_hint(options_);
  return words + '.';
}

// Something of ours or of the relay's is not as it has to be; time will not mend it.
bool Session::fail_open(MailStage stage, std::string detail) {
  open_failure_ = OpenFailure{stage, {}, std::move(detail), true};
  return false;
}

bool Session::fail_open(const Reply& reply, MailStage stage) {
  const bool is_login = stage == MailStage::Auth;
  segmentflow::MailReply words = to_mail_reply(reply);
  const Fault fault = is_login && reply.permanent() ? Fault::Login : fault_of(words, stage, true);
  std::string detail = fmt::format(
      "{} refused the {} with {}{}{} while {}", peer_, is_login ? "login" : "session", reply.code,
      words.enhanced.empty() ? "" : " ", words.enhanced, answering_at(stage));
  if (fault != Fault::None) detail += fmt::format(": {}", advice(fault));
  const bool refuses_us = reply.permanent() || (fault != Fault::None && reply.transient());
  open_failure_ = OpenFailure{stage, std::move(words), detail + '.', refuses_us};
  return false;
}

bool Session::fail_open_network(MailStage stage) {
  const auto trouble = connection_.tls_trouble();
  const bool is_ours = trouble != Connection::TlsTrouble::None;
  std::string detail =
      is_ours ? fmt::format("{} {}", peer_, connection_.failure()) : sentence(stage);
  if (trouble == Connection::TlsTrouble::NotTls) {
    detail += options_.tls == TlsMode::Implicit
                  ? ": write smtp:// for a port with STARTTLS (often 587) or without TLS (25)."
                  : " after its answer to STARTTLS.";
  } else if (is_ours) {
    detail += '.';
  }
  open_failure_ = OpenFailure{stage, {}, std::move(detail), is_ours};
  return false;
}

asio::awaitable<std::optional<OpenFailure>> Session::open() {
  bool ready = co_await greet();
  if (ready) {
    ready = co_await say_hello();
  }
  if (ready) {
    ready = co_await secure();
  }
  if (ready) {
    ready = co_await authenticate();
  }
  if (aborted_ && !open_failure_) fail_open_network(MailStage::Connect);
  usable_ = ready && !aborted_;
  if (!usable_) connection_.close("was left");
  co_return open_failure_;
}

asio::awaitable<bool> Session::greet() {
  watch_.asked(this, MailStage::Connect);
  const bool connected =
      co_await connection_.connect(options_.host, options_.port, watch_.last_address(),
                                   options_.address_stagger, options_.timeouts.connect);
  watch_.given_up(this);
  if (!connected) co_return fail_open_network(MailStage::Connect);
  watch_.connected_to(connection_.peer_address());
  if (options_.tls == TlsMode::Implicit) {
    const bool secured = co_await handshake();
    if (!secured) co_return false;
  }
  const auto banner = co_await read_reply(MailStage::Greeting, options_.timeouts.banner);
  if (!banner) co_return fail_open_network(MailStage::Greeting);
  if (banner->code != kReady) co_return fail_open(*banner, MailStage::Greeting);
  co_return true;
}

asio::awaitable<std::optional<Reply>> Session::read_reply(MailStage stage,
                                                          std::chrono::milliseconds timeout) {
  watch_.asked(this, stage);
  auto reply = co_await connection_.read_reply(timeout);
  if (reply) {
    watch_.answered(this);
  } else {
    watch_.given_up(this);
  }
  co_return reply;
}

asio::awaitable<std::optional<Reply>> Session::command(std::string line, MailStage stage,
                                                       std::chrono::milliseconds timeout) {
  line += "\r\n";
  std::optional<Reply> reply;
  const bool written = co_await connection_.write(line, options_.timeouts.block);
  if (written) {
    reply = co_await read_reply(stage, timeout);
  }
  if (!reply) fail_open_network(stage);
  co_return reply;
}

asio::awaitable<bool> Session::say_hello() {
  if (hello_name_.empty()) hello_name_ = machine_name(options_);
  if (hello_name_.empty()) hello_name_ = connection_.local_literal();
  auto reply = co_await command("EHLO " + hello_name_, MailStage::Hello, options_.timeouts.ehlo);
  if (!reply) co_return false;
  extensions_ = {};
  if (reply->positive()) {
    extensions_ = Extensions::read(reply->body);
    co_return true;
  }
  if (!reply->permanent()) co_return fail_open(*reply, MailStage::Hello);
  reply = co_await command("HELO " + hello_name_, MailStage::Hello, options_.timeouts.ehlo);
  if (!reply) co_return false;
  if (!reply->positive()) co_return fail_open(*reply, MailStage::Hello);
  co_return true;
}

asio::awaitable<bool> Session::secure() {
  const bool wanted = options_.tls == TlsMode::Required || options_.tls == TlsMode::Opportunistic;
  if (!wanted) co_return true;
  const bool required = options_.tls == TlsMode::Required;
  if (!extensions_.starttls) {
    if (!required) co_return true;
    co_return fail_open(
        MailStage::StartTls,
        fmt::format("{} does not offer STARTTLS, and the SMTP URL says tls=required.", peer_));
  }
  const auto reply = co_await command("STARTTLS", MailStage::StartTls, options_.timeouts.ehlo);
  if (!reply) co_return false;
  if (reply->code != kReady) {
    const bool refused = reply->transient() || reply->permanent();
    if (required || !refused || reply->code == kClosing) {
      co_return fail_open(*reply, MailStage::StartTls);
    }
    co_return true;
  }
  const bool secured = co_await handshake();
  if (!secured) co_return false;
  co_return co_await say_hello();
}

// A password goes only to a relay whose name was proved.
bool Session::must_verify() const {
  if (options_.tls == TlsMode::Required || options_.tls == TlsMode::Implicit) return true;
  return !options_.user.empty() && !options_.insecure_auth && !connection_.to_loopback();
}

asio::awaitable<bool> Session::handshake() {
  const bool verify = must_verify();
  watch_.asked(this, MailStage::Tls);
  const bool done = co_await connection_.start_tls(tls_, options_.host, verify, options_.ca_file,
                                                   options_.timeouts.handshake);
  watch_.given_up(this);
  if (!done) co_return fail_open_network(MailStage::Tls);
  co_return true;
}

std::optional<std::string> Session::auth_obstacle() const {
  const bool may = connection_.secure() || connection_.to_loopback() || options_.insecure_auth;
  if (!may) {
    return fmt::format(
        "{} offers no TLS, so the password was not sent. Use a relay with STARTTLS or smtps, or "
        "say insecure_auth=allow in the SMTP URL.",
        peer_);
  }
  if (!extensions_.auth_plain && !extensions_.auth_login) {
    return fmt::format(
        "{} offers neither AUTH PLAIN nor AUTH LOGIN. Remove the user from the SMTP URL, or use "
        "the port on which the relay takes logins (often 587).",
        peer_);
  }
  return std::nullopt;
}

// The peer's words are left out: they could repeat what we sent. Its enhanced code cannot.
bool Session::fail_auth(const Reply& reply) {
  Reply without_words;
  without_words.code = reply.code;
  without_words.body = to_mail_reply(reply).enhanced;
  return fail_open(without_words, MailStage::Auth);
}

asio::awaitable<bool> Session::authenticate() {
  if (options_.user.empty()) co_return true;
  auto obstacle = auth_obstacle();
  if (obstacle) co_return fail_open(MailStage::Auth, std::move(*obstacle));
  if (!extensions_.auth_plain) {
    co_return co_await authenticate_login();
  }
  const std::string secret = '\0' + options_.user + '\0' + options_.password;
  const auto reply =
      co_await command("AUTH PLAIN " + base64(secret), MailStage::Auth, options_.timeouts.ehlo);
  if (!reply) co_return false;
  if (reply->code != kAuthenticated) co_return fail_auth(*reply);
  co_return true;
}

asio::awaitable<bool> Session::authenticate_login() {
  const MailStage stage = MailStage::Auth;
  auto reply = co_await command("AUTH LOGIN", stage, options_.timeouts.ehlo);
  if (!reply) co_return false;
  if (reply->code == kContinueAuth) {
    reply = co_await command(base64(options_.user), stage, options_.timeouts.ehlo);
    if (!reply) co_return false;
  }
  if (reply->code == kContinueAuth) {
    reply = co_await command(base64(options_.password), stage, options_.timeouts.ehlo);
    if (!reply) co_return false;
  }
  if (reply->code != kAuthenticated) co_return fail_auth(*reply);
  co_return true;
}

asio::awaitable<void> Session::settle() {
  if (!needs_reset_ || !usable_ || spent_) co_return;
  needs_reset_ = false;
  const auto reply = co_await command("RSET", MailStage::Mail, options_.timeouts.ehlo);
  if (!reply || !reply->positive()) usable_ = false;
}

asio::awaitable<void> Session::quit() {
  if (usable_) {
    usable_ = false;
    co_await command("QUIT", MailStage::Mail, options_.timeouts.quit);
  }
  connection_.close("was left");
}

void Session::abort(std::string_view why) {
  aborted_ = true;
  usable_ = false;
  connection_.close(why);
  if (gate_) gate_->answer(false);
}

bool Session::peer_has_left() {
  if (connection_.pending() == Connection::Pending::Nothing) return false;
  usable_ = false;
  connection_.close("was left");
  return true;
}

}  // namespace transport::smtp
