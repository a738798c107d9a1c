#include "mcp/session.hpp"

#include <utility>
#include <vector>

namespace mcp {

using jsonrpc::Fault;

namespace {

// https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/cancellation
std::string cancelled(const std::string& id) {
  return jsonrpc::write_notification("notifications/cancelled", R"({"requestId":)" + id + "}");
}

}  // namespace

Session::Session(Revision revision, ClientFacts client, std::shared_ptr<Link> own)
    : revision_(revision),
      client_(std::make_shared<const ClientFacts>(std::move(client))),
      own_(std::move(own)) {}

Session::~Session() = default;

void Session::watch(const std::shared_ptr<Session>& session,
                    const std::shared_ptr<Changes>& changes) {
  session->changes_ =
      Changes::listen(changes, [weak = std::weak_ptr(session)](const Change& change) {
        if (const auto watching = weak.lock()) watching->tell(change);
      });
}

void Session::tell(const Change& change) {
  if (change.of == Change::Of::Task) return;  // there are none in this era
  if (change.of == Change::Of::Resource && !watches(change.name)) return;
  own_->send(jsonrpc::write_notification(method_of(change), "{" + params_of(change) + "}"));
}

bool Session::watches(const std::string& uri) const {
  const std::lock_guard lock(mutex_);
  return watched_.contains(uri);
}

LogLevel Session::log_level() const {
  const std::lock_guard lock(mutex_);
  return log_level_;
}

void Session::set_log_level(LogLevel level) {
  const std::lock_guard lock(mutex_);
  log_level_ = level;
}

bool Session::subscribe(const std::shared_ptr<Changes>& changes, const std::string& uri,
                        std::size_t most) {
  const std::lock_guard lock(mutex_);
  if (watched_.contains(uri)) return true;
  if (watched_.size() >= most) return false;
  watched_.emplace(uri, Changes::watch(changes, uri));
  return true;
}

void Session::unsubscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  watched_.erase(uri);
}

void Session::leave() {
  give_up([](const Question& question) { return question.is_optional; }, "it has left.");
}

void Session::end() {
  give_up([](const Question&) { return true; }, "it has left.");
}

std::optional<std::string> Session::ask(Link& via, const InputRequest& question, Asked done) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    id = "\"ask-" + std::to_string(++last_question_) + "\"";
    questions_.emplace(id, Question{std::move(done), Clock::now(), question.is_optional});
  }
  if (via.send(jsonrpc::write_request(id, question.method, describe::dump_json(question.params)))) {
    return id;
  }
  forget(id);
  return std::nullopt;
}

bool Session::is_asking() const {
  const std::lock_guard lock(mutex_);
  return !questions_.empty();
}

bool Session::forget(const std::string& id) {
  Asked forgotten;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(id);
  if (found == questions_.end()) return false;
  forgotten = std::move(found->second.done);
  questions_.erase(found);
  return true;
}

void Session::withdraw(const std::string& id, Link& via) {
  if (forget(id)) via.send(cancelled(id));
}

void Session::give_up_questions(Clock::time_point latest) {
  give_up([latest](const Question& question) { return question.asked_at <= latest; },
          "it gave no answer in time.");
}

void Session::give_up(const std::function<bool(const Question&)>& is_meant, std::string_view why) {
  std::vector<std::pair<std::string, Asked>> open;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(questions_, [&](auto& each) {
      if (!is_meant(each.second)) return false;
      open.emplace_back(each.first, std::move(each.second.done));
      return true;
    });
  }
  for (const auto& [id, done] : open) {
    if (own_->can_send()) own_->send(cancelled(id));
    done(tl::unexpected(Fault{jsonrpc::Code::InternalError, std::string(why)}));
  }
}

void Session::take_response(const jsonrpc::Message& response) {
  Asked done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = questions_.find(response.id);
    if (found == questions_.end()) return;
    done = std::move(found->second.done);
    questions_.erase(found);
  }
  if (response.fault) return done(tl::unexpected(*response.fault));
  done(response.result);
}

}  // namespace mcp
