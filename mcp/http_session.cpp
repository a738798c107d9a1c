#include "mcp/http_session.hpp"

#include <array>
#include <utility>

namespace mcp {
namespace {

using std::chrono::system_clock;

// What a session id remembers of a client, by a letter each.
constexpr std::array<std::pair<char, const char*>, 3> remembered = {
    {{'e', "elicitation"}, {'s', "sampling"}, {'r', "roots"}}};

std::string letters_of(const ClientFacts& client) {
  std::string letters = "-";
  for (const auto& [letter, capability] : remembered) {
    if (client.can(capability)) letters += letter;
  }
  return letters;
}

ClientFacts facts_of(std::string_view letters) {
  ClientFacts client;
  for (const auto& [letter, capability] : remembered) {
    if (letters.find(letter) != std::string_view::npos) {
      client.capabilities[capability] = Json::object();
    }
  }
  return client;
}

std::string context_of(const std::string& identity) {
  return "session\n" + identity;
}

// Messages that belong to no request.
class OwnLink final : public Link {
 public:
  explicit OwnLink(std::shared_ptr<StreamLog> log) : log_(std::move(log)) {}
  bool send(std::string message) override {
    log_->append(StreamLog::own, message);
    return true;
  }

 private:
  const std::shared_ptr<StreamLog> log_;
};

}  // namespace

HttpSession::HttpSession(Revision revision, ClientFacts client, const ServerLimits& limits,
                         const StreamLogLimits& streams)
    : log(std::make_shared<StreamLog>(streams, has_priming_events(revision))),
      session(
          std::make_shared<Session>(revision, std::move(client), std::make_shared<OwnLink>(log))),
      calls(limits.calls_in_flight_max, CallsInFlight::SameIds::Allowed) {}

SessionTable::SessionTable(std::shared_ptr<const Server> server, const HttpLimits& limits)
    : server_(std::move(server)), limits_(limits) {}

std::string SessionTable::begin(Revision revision, const ClientFacts& client,
                                const std::string& identity) {
  std::string text(mcp::text_of(revision));
  text.append(" ").append(letters_of(client)).append(" ").append(server_->secrets.random_name());
  std::string id = seal(server_->secrets, text, context_of(identity),
                        system_clock::now() + limits_.session_lifetime);
  auto session = std::make_shared<HttpSession>(revision, client, server_->limits, limits_.streams);
  keep(id, identity, std::move(session));
  return id;
}

std::shared_ptr<HttpSession> SessionTable::find(const std::string& id,
                                                const std::string& identity) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_.contains(id)) return nullptr;
    const auto found = by_id_.find(id);
    if (found != by_id_.end() && found->second->identity == identity) {
      order_.splice(order_.begin(), order_, found->second);
      return found->second->session;
    }
  }
  auto session = restore(id, identity);
  return session ? keep(id, identity, std::move(session)) : nullptr;
}

bool SessionTable::end(const std::string& id, const std::string& identity) {
  const auto ending = find(id, identity);
  if (!ending) return false;
  ending->end();
  Dropped dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (ended_.insert(id).second) ended_order_.push_back(id);
  if (ended_order_.size() > ended_max) {
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  if (const auto kept = by_id_.find(id); kept != by_id_.end()) drop(kept->second, dropped);
  return true;
}

std::shared_ptr<HttpSession> SessionTable::restore(const std::string& id,
                                                   const std::string& identity) const {
  const auto text = unseal(server_->secrets, id, context_of(identity), system_clock::now());
  if (!text) return nullptr;
  const std::size_t first = text->find(' ');
  const std::size_t second = text->find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return nullptr;
  const auto revision = revision_of(std::string_view(*text).substr(0, first));
  if (!revision || is_modern(*revision)) return nullptr;
  return std::make_shared<HttpSession>(
      *revision, facts_of(std::string_view(*text).substr(first + 1, second - first - 1)),
      server_->limits, limits_.streams);
}

std::shared_ptr<HttpSession> SessionTable::keep(const std::string& id, const std::string& identity,
                                                std::shared_ptr<HttpSession> session) {
  Session::watch(session->session, server_->changes);
  Dropped dropped;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (const auto known = by_id_.find(id); known != by_id_.end()) {  // another request was faster
    dropped.add(std::move(session));
    return known->second->session;
  }
  order_.push_front({id, identity, session});
  by_id_.emplace(id, order_.begin());
  if (++per_client_[identity] > limits_.sessions_per_client_max) {
    for (auto kept = std::prev(order_.end()); kept != order_.begin(); --kept) {
      if (kept->identity != identity) continue;
      drop(kept, dropped);
      break;
    }
  }
  if (order_.size() > limits_.sessions_max) drop(std::prev(order_.end()), dropped);
  return session;
}

void SessionTable::drop(Order::iterator kept, Dropped& dropped) {
  dropped.add(std::move(kept->session));
  const auto count = per_client_.find(kept->identity);
  if (--count->second == 0) per_client_.erase(count);
  by_id_.erase(kept->id);
  order_.erase(kept);
}

}  // namespace mcp
