// How the installation delivers: one URL, kept sealed in the database and not in each process, so
// that an AI host's process never delivers differently from the server.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "core/store/database.hpp"

namespace segmentflow {

enum class DeliveryMode { Off, Capture, Smtp };
DeliveryMode delivery_mode_of(std::string_view url);  // of "", "capture:", "smtp://…", "smtps://…"

// Makes the installation's row with the secret's check value, if it is not there.
void ensure_installation(Transaction& tx, const InstallationSecret& secret);

// Conflict when the database belongs to another secret, NotFound when there is no installation.
Result<void> check_installation(Transaction& tx, const InstallationSecret& secret);

void store_delivery_url(Transaction& tx, const InstallationSecret& secret, Entropy& entropy,
                        std::string_view url);
// "" when nothing is set.
Result<std::string> load_delivery_url(Transaction& tx, const InstallationSecret& secret);

}  // namespace segmentflow
