// The engine as operations see it: the parts they may use, wired by the composition root.
#pragma once

#include <functional>
#include <string>

#include "core/access/authenticator.hpp"
#include "core/base/clock.hpp"
#include "core/base/id.hpp"
#include "core/base/secret.hpp"
#include "core/delivery/delivery_config.hpp"
#include "core/emails/acceptor.hpp"
#include "core/store/committer.hpp"
#include "core/store/database.hpp"
#include "core/store/readers.hpp"
#include "core/templates/render_workers.hpp"

namespace segmentflow {

// What `status` and start-up say about delivery.
struct DeliveryStatus {
  DeliveryMode mode = DeliveryMode::Off;
  bool enabled = false;  // something delivers now
  std::string detail;    // a sentence for a person
};

// References only: everything outlives every operation. Thread-safe as each part is.
struct Engine {
  const Clock& clock;
  IdSource& ids;
  const InstallationSecret& secret;
  Database& database;
  Committer& committer;
  ReaderPool& readers;
  Authenticator& authenticator;
  Acceptor& acceptor;
  RenderWorkers& previews;  // apart from those that compose mail
  RenderGate& render_gate;  // to be entered by whoever renders
  std::function<DeliveryStatus()> delivery_status;
  std::string version;
};

}  // namespace segmentflow
