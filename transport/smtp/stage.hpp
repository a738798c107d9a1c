// The stages of a session in words, for sentences about the peer.
#pragma once

#include <string_view>

#include "core/delivery/mail_transport.hpp"

namespace transport::smtp {

// Follows "while": "waiting for its answer to MAIL".
std::string_view waiting_at(segmentflow::MailStage stage);

// Follows "while": "answering MAIL".
std::string_view answering_at(segmentflow::MailStage stage);

}  // namespace transport::smtp
