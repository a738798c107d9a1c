#include "schemas/describe/decimal.hpp"

#include <array>
#include <charconv>
#include <cstdlib>

namespace describe {
namespace {

// Exponents beyond this cannot be made up for by the digits of any text we read.
constexpr std::int64_t kExponentMax = 1'000'000'000'000;
// Where JavaScript changes to the exponent form.
constexpr std::int64_t kPlainDigitsMax = 21;
constexpr std::int64_t kPlainZerosMax = 6;

std::int64_t read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) {
    value = value * 10 + (c - '0');
    if (value > kExponentMax) value = kExponentMax;
  }
  return negative ? -value : value;
}

}  // namespace

Decimal decimal_of(std::string_view number) {
  Decimal result;
  result.negative = number.starts_with('-');
  if (result.negative) number.remove_prefix(1);
  if (const auto mark = number.find_first_of("eE"); mark != number.npos) {
    result.exponent = read_exponent(number.substr(mark + 1));
    number = number.substr(0, mark);
  }
  const auto point = number.find('.');
  result.digits = number.substr(0, point);
  if (point != number.npos) {
    const auto fraction = number.substr(point + 1);
    result.digits += fraction;
    result.exponent -= static_cast<std::int64_t>(fraction.size());
  }
  const auto last = result.digits.find_last_not_of('0');
  if (last == std::string::npos) return {};
  result.exponent += static_cast<std::int64_t>(result.digits.size() - 1 - last);
  result.digits.resize(last + 1);
  result.digits.erase(0, result.digits.find_first_not_of('0'));
  return result;
}

Decimal shortest_decimal(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  return decimal_of({text.data(), end});
}

std::string canonical_text(const Decimal& decimal) {
  if (decimal.digits.empty()) return "0";
  std::string text = decimal.negative ? "-" : "";
  text += decimal.digits;
  if (decimal.exponent != 0) text += "e" + std::to_string(decimal.exponent);
  return text;
}

std::string plain_text(const Decimal& decimal) {
  if (decimal.digits.empty()) return "0";
  const std::string sign = decimal.negative ? "-" : "";
  const auto& digits = decimal.digits;
  const auto count = static_cast<std::int64_t>(digits.size());
  const std::int64_t point = count + decimal.exponent;  // where the decimal point stands
  if (count <= point && point <= kPlainDigitsMax) {
    return sign + digits + std::string(static_cast<std::size_t>(point - count), '0');
  }
  if (0 < point && point <= kPlainDigitsMax) {
    const auto whole = static_cast<std::size_t>(point);
    return sign + digits.substr(0, whole) + "." + digits.substr(whole);
  }
  if (-kPlainZerosMax < point && point <= 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  }
  const std::string fraction = count > 1 ? "." + digits.substr(1) : "";
  const std::int64_t power = point - 1;
  return sign + digits[0] + fraction + (power < 0 ? "e-" : "e+") + std::to_string(std::abs(power));
}

}  // namespace describe
