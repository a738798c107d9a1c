// The client against a TLS server whose certificate is made here.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/unit/http/fixture.hpp"
#include "transport/http/client.hpp"

using transport::http::Client;

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

Certificate self_signed(EVP_PKEY* key, const char* alternative_name) {
  Certificate made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  X509_NAME* name = X509_get_subject_name(made.get());
  const auto* common = reinterpret_cast<const unsigned char*>("test");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative_name);
  X509_add_ext(made.get(), names, -1);
  X509_EXTENSION_free(names);
  REQUIRE(X509_sign(made.get(), key, EVP_sha256()) > 0);
  return made;
}

// Answers each connection once with "secure"; a failed handshake just ends that connection.
class TlsServer {
 public:
  explicit TlsServer(const char* alternative_name)
      : key_(EVP_EC_gen("P-256")), certificate_(self_signed(key_.get(), alternative_name)) {
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL's alert to a client that has gone
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  void write_certificate(const std::filesystem::path& path) const {
    std::unique_ptr<BIO, Freed<BIO_free_all>> file(BIO_new_file(path.c_str(), "w"));
    REQUIRE(PEM_write_bio_X509(file.get(), certificate_.get()) == 1);
  }

  std::uint16_t port = 0;

 private:
  void serve() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const std::unique_ptr<SSL, Freed<SSL_free>> tls(SSL_new(context_.get()));
      SSL_set_fd(tls.get(), fd);
      char bytes[4096];
      if (SSL_accept(tls.get()) == 1 && SSL_read(tls.get(), bytes, sizeof bytes) > 0) {
        const std::string answer = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure";
        SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(tls.get());
      }
      ::close(fd);
    }
  }

  Key key_;
  Certificate certificate_;
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_{SSL_CTX_new(TLS_server_method())};
  int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::thread thread_;
};

// Makes the server's certificate the only trusted one while it lives.
class Trust {
 public:
  explicit Trust(const TlsServer& server)
      : path_(std::filesystem::temp_directory_path() /
              ("sf-http-test-" + std::to_string(::getpid()) + ".pem")) {
    server.write_certificate(path_);
    ::setenv("SSL_CERT_FILE", path_.c_str(), 1);
  }
  ~Trust() {
    ::unsetenv("SSL_CERT_FILE");
    std::filesystem::remove(path_);
  }
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;

 private:
  std::filesystem::path path_;
};

tl::expected<transport::http::ClientResponse, std::string> ask(const TlsServer& server) {
  auto client = Client::make("https://localhost:" + std::to_string(server.port), {});
  REQUIRE(client);
  return (*client)->request("GET", "/", {}, "");
}

}  // namespace

TEST_CASE("A client takes a trusted certificate of the right name") {
  const TlsServer server("DNS:localhost");
  const Trust trust(server);
  for (int i = 0; i < 2; ++i) {
    const auto reply = ask(server);
    INFO((reply ? "" : reply.error()));
    REQUIRE(reply);
    CHECK(reply->body == "secure");
  }
}

TEST_CASE("A client refuses a certificate nobody vouches for") {
  const TlsServer server("DNS:localhost");
  const auto reply = ask(server);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("certificate") != std::string::npos);
}

TEST_CASE("A client refuses a trusted certificate of another name") {
  const TlsServer server("DNS:elsewhere.example");
  const Trust trust(server);
  const auto reply = ask(server);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("certificate") != std::string::npos);
}
