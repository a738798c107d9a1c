// Identifiers: UUIDs of any version from outside, UUIDv7 (RFC 9562 §5.7) for what we make.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"

namespace segmentflow {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  // Any version, upper or lower case, with hyphens; nullopt when it is not a UUID.
  static std::optional<Uuid> parse(std::string_view text);
  // The sixteen bytes as stored; nullopt when the length is wrong.
  static std::optional<Uuid> from_bytes(std::string_view bytes);
  std::string to_string() const;  // lower case, with hyphens
  std::string_view view() const;  // the sixteen bytes, as stored
};

// Random bytes from the operating system.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;  // thread-safe
};

class SystemEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// Makes UUIDv7s that increase within a process, also inside one millisecond. Thread-safe.
class IdSource {
 public:
  IdSource(const Clock& clock, Entropy& entropy) : clock_(clock), entropy_(entropy) {}
  Uuid next();

 private:
  const Clock& clock_;
  Entropy& entropy_;
  std::mutex mutex_;
  std::uint64_t last_ms_ = 0;
  std::uint16_t counter_ = 0;
};

}  // namespace segmentflow

template <>
struct std::hash<segmentflow::Uuid> {
  std::size_t operator()(const segmentflow::Uuid& id) const noexcept;
};
