// From a claimed send to the bytes of its message: snapshot and frozen values → HTML and text →
// MIME.
#pragma once

#include "core/delivery/delivery_records.hpp"
#include "core/delivery/mail_transport.hpp"
#include "core/templates/compiled.hpp"

namespace segmentflow {

// Thread-safe. Every attempt of a send gives the same bytes: Message-ID, boundary and date derive
// from stored values.
class Composer {
 public:
  Composer(Database& database, TemplateCache& templates)
      : database_(database), templates_(templates) {}

  // NotReady when the snapshot cannot be read now; any other error means that rendering failed.
  Result<OutgoingMail> compose(const Delivery& delivery);

 private:
  Database& database_;
  TemplateCache& templates_;
};

}  // namespace segmentflow
