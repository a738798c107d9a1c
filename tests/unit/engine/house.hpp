// What the engine's tests stand on: a database of its own with the product's schema, a clock turned
// by hand, repeatable randomness, and a committer.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/id.hpp"
#include "core/base/secret.hpp"
#include "core/delivery/delivery_config.hpp"
#include "core/jobs/instances.hpp"
#include "core/jobs/provenance.hpp"
#include "core/store/committer.hpp"
#include "core/store/database.hpp"
#include "core/store/schema.hpp"
#include "tests/unit/engine/test_database.hpp"

namespace segmentflow::test {

inline constexpr Time kStart = 1'780'000'000 * kMicrosPerSecond;
// How long after kStart the jobs of add_job() may be done.
inline constexpr Time kJobTime = 86'400 * kMicrosPerSecond;

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    const std::lock_guard lock(mutex_);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(random_());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
};

class House {
 public:
  explicit House(CommitterLimits limits = {}) {
    database = open();
    if (!database->migrate(schema_migrations())) throw std::runtime_error("no schema");
    database->write([&](Transaction& tx) {
      ensure_installation(tx, secret);
      record_identity(tx, "", tx.identity());
    });
    committer = std::make_unique<Committer>(*database, limits);
  }

  // Another process's view of the same database; `other_clock` is that process's.
  std::unique_ptr<Database> open(const Clock& other_clock) const {
    return test_database.open(other_clock);
  }
  std::unique_ptr<Database> open() const { return open(clock); }

  // One write transaction, without the committer; gives what `work` gives.
  template <class Work>
  auto write(Work work) {
    std::optional<decltype(work(std::declval<Transaction&>()))> result;
    database->write([&](Transaction& tx) { result.emplace(work(tx)); });
    return std::move(*result);
  }

  SqlRows rows(std::string_view sql, std::initializer_list<SqlValue> params = {}) {
    SqlRows found;
    const auto read = database->read([&](Transaction& tx) { found = tx.query(sql, params); });
    if (!read) throw std::runtime_error(read.error().message);
    return found;
  }
  std::int64_t number(std::string_view sql, std::initializer_list<SqlValue> params = {}) {
    return rows(sql, params).at(0).at(0).integer();
  }
  void change(std::string_view sql, std::initializer_list<SqlValue> params = {}) {
    database->write([&](Transaction& tx) { tx.query(sql, params); });
  }

  // A process that shares the database.
  Lease join() {
    Instance instance;
    instance.id = ids.next();
    instance.epoch = 1;
    database->write([&](Transaction& tx) { register_instance(tx, instance, LeaseTimes{}); });
    return {instance.id, instance.epoch};
  }
  // A job to deliver something; its subject.
  Uuid add_job(Time due_at = 0) {
    const NewJob job{ids.next(), JobKind::Deliver, ids.next(), due_at, kStart + kJobTime};
    database->write([&](Transaction& tx) { add_jobs(tx, {&job, 1}); });
    return job.subject_id;
  }

  TestDatabase test_database;
  ManualClock clock{kStart};
  SeededEntropy entropy{20'260'529};
  IdSource ids{clock, entropy};
  InstallationSecret secret{std::string(32, 'k')};
  std::unique_ptr<Database> database;
  std::unique_ptr<Committer> committer;
};

}  // namespace segmentflow::test
