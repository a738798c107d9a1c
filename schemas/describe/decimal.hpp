// Exact decimals: what a JSON number says, apart from its spelling. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace describe {

// The value is ± digits × 10^exponent. `digits` has neither leading nor trailing zeros; zero has no
// digits, exponent 0 and no sign.
struct Decimal {
  bool negative = false;
  std::string digits{};
  std::int64_t exponent = 0;
  bool operator==(const Decimal&) const = default;
};

// The decimal that a JSON number (RFC 8259 §6) spells. The text must be one.
Decimal decimal_of(std::string_view number);

// The shortest decimal that reads back as this double, which must be finite.
Decimal shortest_decimal(double value);

// The canonical spelling, also JSON: 0, 15e-1, -3, 12e4.
std::string canonical_text(const Decimal& decimal);

// The spelling JavaScript has for the number (ECMA-262 §6.1.6.1.20): 1.5, 120000, 1e-7.
std::string plain_text(const Decimal& decimal);

}  // namespace describe
