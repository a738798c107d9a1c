// A transaction of a session while it is under way.
#pragma once

#include <string>
#include <vector>

#include "transport/smtp/session.hpp"

namespace transport::smtp {

struct Session::Transaction {
  Transaction(Assignment& the_job, const std::string& peer) : job(the_job), mail(the_job.mail()) {
    outcome.peer = peer;
  }

  Assignment& job;
  const segmentflow::OutgoingMail& mail;
  std::vector<std::string> recipients;  // of the mail, those that this peer can be told
  ContentFacts facts;
  bool smtp_utf8 = false;
  segmentflow::MailOutcome outcome;
  bool stale = false;
};

}  // namespace transport::smtp
