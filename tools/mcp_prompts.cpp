#include "tools/mcp_prompts.hpp"

#include <fmt/format.h>

#include "tools/untrusted.hpp"

namespace segmentflow {
namespace {

using describe::Json;

std::string argument(const Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? "" : without_hidden(found->get<std::string>());
}

std::string send_receipt(const Json& arguments) {
  return fmt::format(
      "Send a receipt to {}. About the order: {}\n\n"
      "1. Find the template with list_templates: Active, complete, Transactional{}.\n"
      "2. Read it with get_template and see which values it reads below /data. Ask me for those "
      "that you cannot take from what I said; invent nothing.\n"
      "3. Tell me recipient, template and data, and wait for my word.\n"
      "4. Call send_email. Make the idempotencyKey from the order, for example receipt:ord_9421, "
      "so "
      "that repeating the call never sends twice.\n"
      "5. Follow it with get_email until its status is final, and tell me the status and the "
      "email's id.",
      argument(arguments, "recipient"), argument(arguments, "order"),
      arguments.contains("template") ? ", namely " + argument(arguments, "template") : "");
}

std::string why_not_arrived(const Json& arguments) {
  return fmt::format(
      "Find out why the email {} did not arrive.\n\n"
      "1. Read it with get_email. status, skippedReason, failureReason and failureMessage say what "
      "became of it. With an approvalId and Queued it waits until a person approves it.\n"
      "2. Call get_status: does this installation deliver at all, and where to?\n"
      "3. Explain it in plain words: was it never sent, refused by the mail server, or accepted by "
      "it, after which only the recipient's side can tell? OutcomeUnknown means that it may or may "
      "not have arrived.\n"
      "4. Say what to do next. Do not send anything again without my word.",
      argument(arguments, "email"));
}

std::string draft_template(const Json& arguments) {
  return fmt::format(
      "Draft an email template: {}\n\n"
      "1. Read describe_template_format once.\n"
      "2. Look at one of the templates of this organization (list_templates, get_template) for its "
      "style, where there is one.\n"
      "3. Write a definition: short, with a preheader, values as $state or $template below /data "
      "and /profile, conditions for what may be missing, alt texts, and sample values in "
      "renderVariables. Secrets such as reset links belong into "
      "sensitiveTransactionalVariablePaths.\n"
      "4. Call preview_template with it, mend what its problems name, and look at the text that "
      "readers of plain text get.\n"
      "5. Show me subject, text and the values it needs. Save it with create_template (purpose "
      "Transactional, a key) when I agree.",
      argument(arguments, "description"));
}

std::string review_template(const Json& arguments) {
  return fmt::format(
      "Review the email template {}.\n\n"
      "1. Read it with get_template, and render it with preview_template, once with its sample "
      "values and once without the optional ones.\n"
      "2. Judge: problems and warnings; missing values and what then stands there; subject and "
      "preheader; whether the text alone can be understood; links, alt texts, size; tone and "
      "spelling.\n"
      "3. List what you would change, the most important first. Change nothing without my word.",
      argument(arguments, "template"));
}

}  // namespace

std::span<const OfferedPrompt> offered_prompts() {
  static const std::vector<OfferedPrompt> prompts = {
      {{"send_receipt",
        "Send a receipt",
        "Sends one receipt from a saved template, after asking.",
        {{"recipient", "Recipient", "Email address of the customer.", true},
         {"order", "Order", "What the receipt is about: order id, items, amounts.", true},
         {"template", "Template", "Id or key of the template, when there are several.", false}}},
       {"list_templates", "get_template", "send_email", "get_email"},
       send_receipt},
      {{"why_not_arrived",
        "Why did this email not arrive?",
        "Explains what became of an email and what to do next.",
        {{"email", "Email", "Id of the email, from send_email or the Message-ID header.", true}}},
       {"get_email", "get_status"},
       why_not_arrived},
      {{"draft_template",
        "Draft a template",
        "Writes an email template from a description, shows it, and saves it after asking.",
        {{"description", "Description", "What the email is for and what it should say.", true}}},
       {"describe_template_format", "list_templates", "get_template", "preview_template",
        "create_template"},
       draft_template},
      {{"review_template",
        "Review a template",
        "Looks at a template with and without its optional values, and says what to improve.",
        {{"template", "Template", "Id or key of the template.", true}}},
       {"get_template", "preview_template"},
       review_template},
  };
  return prompts;
}

}  // namespace segmentflow
