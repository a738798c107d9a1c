// The outcome of an attempt in words: the names under which it is stored, and sentences for people.
#pragma once

#include <string>
#include <string_view>

#include "core/delivery/mail_transport.hpp"

namespace segmentflow {

std::string_view to_string(MailResult result);
std::string_view to_string(MailPhase phase);
std::string_view to_string(MailStage stage);

// The other way, of what is stored. Throws std::logic_error for an unknown name; the stage of an
// attempt of version 0.1, "", is Connect.
MailResult parse_result(const std::string& name);
MailPhase parse_phase(const std::string& name);
MailStage parse_stage(const std::string& name);

// Whether the attempt came to nothing before the peer heard of this message, or because of our
// settings: that says nothing about the message. Then the destination pauses, and the attempt does
// not count.
bool never_started(const MailOutcome& outcome);

// What an outcome that is no success says, in a sentence without its end: who refused what with
// which code, and its words ("relay:25 answered 450 4.2.1 slow down").
std::string describe_outcome(const MailOutcome& outcome);

// What was answered in place of a recipient: the same for one copy.
std::string describe_refusal(const std::string& peer, const MailReply& reply);

}  // namespace segmentflow
