#include "mcp/session.hpp"

#include <utility>
#include <vector>

namespace mcp {

using jsonrpc::Fault;

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

void Session::end() {
  std::unordered_map<std::string, Question> forgotten;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  forgotten.swap(questions_);
}

std::optional<std::string> Session::ask(Link& via, const InputRequest& question, Asked done) {
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    id = "\"ask-" + std::to_string(++last_question_) + "\"";
    questions_.emplace(id, Question{std::move(done), Clock::now()});
  }
  if (via.send(jsonrpc::write_request(id, question.method, describe::dump_json(question.params)))) {
    return id;
  }
  withdraw(id);
  return std::nullopt;
}

void Session::withdraw(const std::string& id) {
  Asked forgotten;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  forgotten = std::move(found->second.done);
  questions_.erase(found);
}

void Session::give_up_questions(Clock::time_point latest) {
  std::vector<Asked> late;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(questions_, [&](auto& each) {
      if (each.second.asked_at > latest) return false;
      late.push_back(std::move(each.second.done));
      return true;
    });
  }
  for (const Asked& done : late) {
    done(tl::unexpected(Fault{jsonrpc::Code::InternalError, "it gave no answer in time."}));
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
