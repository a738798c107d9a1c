#include "transport/smtp/stage.hpp"

namespace transport::smtp {

using segmentflow::MailStage;

std::string_view waiting_at(MailStage stage) {
  switch (stage) {
    case MailStage::Connect:
      return "connecting";
    case MailStage::Tls:
      return "starting TLS";
    case MailStage::Greeting:
      return "waiting for its greeting";
    case MailStage::Hello:
      return "waiting for its answer to EHLO";
    case MailStage::StartTls:
      return "waiting for its answer to STARTTLS";
    case MailStage::Auth:
      return "waiting for its answer to AUTH";
    case MailStage::Mail:
      return "waiting for its answer to MAIL";
    case MailStage::Rcpt:
      return "waiting for its answer to RCPT";
    case MailStage::Data:
      return "waiting for its answer to DATA";
    case MailStage::Content:
      return "taking the content";
    case MailStage::Dot:
      return "waiting for its answer to the final dot";
  }
  return "";
}

std::string_view answering_at(MailStage stage) {
  switch (stage) {
    case MailStage::Greeting:
      return "greeting";
    case MailStage::Hello:
      return "answering EHLO";
    case MailStage::StartTls:
      return "answering STARTTLS";
    case MailStage::Auth:
      return "answering AUTH";
    case MailStage::Mail:
      return "answering MAIL";
    case MailStage::Rcpt:
      return "answering RCPT";
    case MailStage::Data:
      return "answering DATA";
    case MailStage::Dot:
      return "answering the final dot";
    case MailStage::Connect:
    case MailStage::Tls:
    case MailStage::Content:
      break;
  }
  return waiting_at(stage);
}

}  // namespace transport::smtp
