// Numbers of the template language: JavaScript's, but that whole numbers of 64 bits keep every
// digit instead of being rounded to a double.
#pragma once

#include <compare>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "schemas/describe/json.hpp"

namespace segmentflow::render {

class Number {
 public:
  Number() = default;
  // A whole double up to 2^53 becomes a whole number, which is the same.
  static Number of(double value);
  static Number of(std::int64_t value);
  static Number of(std::uint64_t value);
  // `json` must be a number.
  static Number of(const describe::Json& json);

  bool is_zero() const;  // NaN is not
  bool is_nan() const;
  bool is_negative() const;  // -0 is not
  // The nearest double.
  double as_double() const;

  // Whether it is a whole number of at most 65 bits, and that number.
  __extension__ using Whole = __int128;  // room for sums and most products of these
  bool fits_whole() const;
  Whole whole() const;

  // As JavaScript prints it: all digits of a whole number; else the shortest digits that read back
  // as the same double, exponents from 1e21 and below 1e-6 (ECMA-262 §6.1.6.1.20).
  std::string text() const;
  // JavaScript's toFixed (ECMA-262 §21.1.3.3) with 0 to 100 decimals: halves go away from zero.
  std::string fixed(int decimals) const;

 private:
  enum class Form : std::uint8_t { Real, Signed, Unsigned };  // Unsigned: beyond int64 only

  Form form_ = Form::Signed;
  union {
    double real_;
    std::int64_t signed_ = 0;
    std::uint64_t unsigned_;
  };
};

// Exact, also between whole numbers and doubles; unordered with NaN.
std::partial_ordering operator<=>(const Number& left, const Number& right);
bool operator==(const Number& left, const Number& right);

// What JavaScript gives; whole numbers exactly. nullopt where that is not possible: the result has
// more digits than 64 bits or a double hold, or one operand has, beside a fraction.
std::optional<Number> add(const Number& a, const Number& b);
std::optional<Number> subtract(const Number& a, const Number& b);
std::optional<Number> multiply(const Number& a, const Number& b);

}  // namespace segmentflow::render
