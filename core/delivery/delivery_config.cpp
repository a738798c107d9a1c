#include "core/delivery/delivery_config.hpp"

namespace segmentflow {

DeliveryMode delivery_mode_of(std::string_view url) {
  if (url.empty()) return DeliveryMode::Off;
  return url == "capture:" ? DeliveryMode::Capture : DeliveryMode::Smtp;
}

void ensure_installation(Transaction& tx, const InstallationSecret& secret) {
  tx.query(
      "INSERT INTO installation (singleton, secret_check, created_at, updated_at) "
      "VALUES (1, $1, $2, $2) ON CONFLICT (singleton) DO NOTHING",
      {Bytes{secret.check_value()}, tx.now()});
}

Result<void> check_installation(Transaction& tx, const InstallationSecret& secret) {
  const auto rows = tx.query("SELECT secret_check FROM installation");
  if (rows.empty()) {
    return fail(ErrorCode::NotFound, "The database holds no installation. Run segmentflow init.");
  }
  if (rows[0][0].bytes() == secret.check_value()) return {};
  return fail(
      ErrorCode::Conflict,
      "The database belongs to an installation with another secret. Use the data folder (or "
      "SEGMENTFLOW_SECRET) that this database was made with.");
}

void store_delivery_url(Transaction& tx, const InstallationSecret& secret, Entropy& entropy,
                        std::string_view url) {
  tx.query("UPDATE installation SET delivery_sealed = $1, updated_at = $2",
           {Bytes{secret.seal(url, entropy)}, tx.now()});
}

Result<std::string> load_delivery_url(Transaction& tx, const InstallationSecret& secret) {
  const auto rows = tx.query("SELECT delivery_sealed FROM installation");
  if (rows.empty() || rows[0][0].is_null()) return std::string();
  return secret.unseal(rows[0][0].bytes());
}

}  // namespace segmentflow
