// From a claimed send to the bytes of its message: snapshot and frozen values → HTML and text →
// MIME.
#pragma once

#include "core/delivery/delivery_records.hpp"
#include "core/delivery/mail_transport.hpp"
#include "core/templates/compiled.hpp"
#include "core/templates/render_workers.hpp"

namespace segmentflow {

// Thread-safe. Every attempt of a send gives the same bytes: Message-ID, boundary and date derive
// from stored values.
class Composer {
 public:
  Composer(Database& database, TemplateCache& templates)
      : database_(database), templates_(templates) {}

  // NotReady when the snapshot cannot be read now; any other error means that rendering failed.
  Result<OutgoingMail> compose(const Delivery& delivery);

  // To be entered by whoever renders in this process, so that a suspect can be rendered alone.
  RenderGate& gate() { return gate_; }

 private:
  Database& database_;
  TemplateCache& templates_;
  RenderGate gate_;
};

}  // namespace segmentflow
