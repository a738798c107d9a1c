#include "core/store/migrations.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace segmentflow {
namespace {

std::string checksum(std::string_view sql) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(sql.data()), sql.size());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

std::string create_schema_history(const MigrationDialect& dialect) {
  return migration_statements(
             "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, "
             "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
             dialect)
      .at(0);
}

Result<void> apply_migration(Transaction& tx, const Migration& migration,
                             const MigrationDialect& dialect,
                             const std::function<void(const std::string&)>& run) {
  const std::string sum = checksum(migration.sql);
  const SqlRows known =
      tx.query("SELECT checksum FROM schema_migrations WHERE version = $1", {migration.version});
  if (!known.empty()) {
    if (known.at(0).at(0).text() == sum) return {};
    return fail(ErrorCode::Conflict,
                fmt::format("Migration {} ({}) was applied to this database with another text. An "
                            "applied migration must not be edited; use the binary that made this "
                            "database, or restore a backup.",
                            migration.version, migration.name));
  }
  for (const std::string& statement : migration_statements(migration.sql, dialect)) run(statement);
  tx.query(
      "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
      "VALUES ($1, $2, $3, $4)",
      {migration.version, migration.name, sum, tx.now()});
  return {};
}

SchemaState compare_history(Transaction& tx, std::span<const Migration> migrations) {
  const SqlRows newest = tx.query("SELECT max(version) FROM schema_migrations WHERE version > 0");
  if (newest.at(0).at(0).is_null()) return SchemaState::Absent;
  const std::int64_t applied = newest.at(0).at(0).integer();
  const std::int64_t known = migrations.empty() ? 0 : migrations.back().version;
  if (applied > known) return SchemaState::Newer;
  return applied < known ? SchemaState::Older : SchemaState::Current;
}

Error newer_schema() {
  return {ErrorCode::Conflict,
          "A newer version of Segmentflow has migrated this database. Use that version, or restore "
          "a backup from before the upgrade."};
}

}  // namespace segmentflow
