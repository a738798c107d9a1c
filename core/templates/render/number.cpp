#include "core/templates/render/number.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace segmentflow::render {
namespace {

using Whole = Number::Whole;

constexpr double kTwoTo53 = 0x1p53;  // up to here each whole number is a double
constexpr double kTwoTo64 = 0x1p64;
constexpr double kTwoTo126 = 0x1p126;  // safely within Whole
// From here on JavaScript prints an exponent.
constexpr double kPrintedInFullMax = 1e21;

bool fits_signed(Whole value) {
  return value >= std::numeric_limits<std::int64_t>::min() &&
         value <= std::numeric_limits<std::int64_t>::max();
}

bool fits_unsigned(Whole value) {
  return value >= 0 && value <= std::numeric_limits<std::uint64_t>::max();
}

bool is_whole_real(double value) {
  return value == std::trunc(value) && std::isfinite(value);
}

// Lays out `digits` (no dot) with the decimal point after `point` of them, as ECMA-262 does.
void append_digits(std::string& out, std::string_view digits, int point) {
  constexpr int kPointMax = 21;
  constexpr int kPointMin = -6;
  const int count = static_cast<int>(digits.size());
  if (count <= point && point <= kPointMax) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= kPointMax) {
    out.append(digits.substr(0, static_cast<std::size_t>(point))).push_back('.');
    out.append(digits.substr(static_cast<std::size_t>(point)));
  } else if (kPointMin < point && point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else {
    out.push_back(digits.front());
    if (count > 1) out.append(".").append(digits.substr(1));
    out.append(point > 0 ? "e+" : "e-").append(std::to_string(std::abs(point - 1)));
  }
}

std::string real_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  std::string out(number < 0 ? "-" : "");
  std::array<char, 32> buffer;
  const auto end =
      std::to_chars(buffer.begin(), buffer.end(), std::fabs(number), std::chars_format::scientific);
  const std::string_view printed(buffer.begin(), end.ptr);  // d.ddde+XX
  const std::size_t mark = printed.find('e');
  std::string digits(1, printed.front());
  if (mark > 2) digits.append(printed.substr(2, mark - 2));
  int exponent = 0;
  const bool negative = printed[mark + 1] == '-';
  std::from_chars(printed.begin() + mark + 2, printed.end(), exponent);
  append_digits(out, digits, (negative ? -exponent : exponent) + 1);
  return out;
}

// Whether it lies exactly between two numbers of so many decimals: an odd multiple of half of
// the last one's place, which as a binary fraction has one place more.
bool is_half(double value, int decimals) {
  const double scaled = std::ldexp(value, decimals + 1);
  return is_whole_real(scaled) && std::fabs(std::fmod(scaled, 2)) == 1;
}

// With one decimal more a half is exact and ends in 5.
std::string half_away_from_zero(double value, int decimals) {
  std::string digits = fmt::format("{:.{}f}", value, decimals + 1);
  digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  for (std::size_t at = digits.size(); at-- > 0;) {
    if (digits[at] == '.') continue;
    if (digits[at] == '-') {
      digits.insert(1, "1");
      return digits;
    }
    if (digits[at] != '9') {
      ++digits[at];
      return digits;
    }
    digits[at] = '0';
  }
  return "1" + digits;
}

// The number, where 64 bits or a double hold it exactly.
std::optional<Number> of_exact(Whole exact) {
  if (fits_signed(exact)) return Number::of(static_cast<std::int64_t>(exact));
  if (fits_unsigned(exact)) return Number::of(static_cast<std::uint64_t>(exact));
  const auto rounded = static_cast<double>(exact);
  if (std::fabs(rounded) >= kTwoTo126 || static_cast<Whole>(rounded) != exact) return std::nullopt;
  return Number::of(rounded);
}

// The double that is exactly this number.
std::optional<double> exact_double(const Number& number) {
  const double real = number.as_double();
  if (Number::of(real) != number) return std::nullopt;
  return real;
}

struct Rounded {
  double result;
  double lost;  // what rounding took from the exact result; not 0 either where it overflowed
};

// JavaScript's arithmetic, where it takes no digit from whole numbers.
std::optional<Number> of_doubles(const Number& a, const Number& b,
                                 Rounded (*apply)(double, double)) {
  if (a.is_nan() || b.is_nan()) return Number::of(std::numeric_limits<double>::quiet_NaN());
  const auto x = exact_double(a);
  const auto y = exact_double(b);
  if (!x || !y) return std::nullopt;
  const auto [result, lost] = apply(*x, *y);
  if (lost != 0 && is_whole_real(*x) && is_whole_real(*y)) return std::nullopt;
  return Number::of(result);
}

// Knuth's TwoSum.
Rounded rounded_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

}  // namespace

Number Number::of(double value) {
  if (std::fabs(value) <= kTwoTo53 && value == std::trunc(value))
    return of(static_cast<std::int64_t>(value));
  Number number;
  number.form_ = Form::Real;
  number.real_ = value;
  return number;
}

Number Number::of(std::int64_t value) {
  Number number;
  number.signed_ = value;
  return number;
}

Number Number::of(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return of(static_cast<std::int64_t>(value));
  Number number;
  number.form_ = Form::Unsigned;
  number.unsigned_ = value;
  return number;
}

Number Number::of(const describe::Json& json) {
  if (json.is_number_unsigned()) return of(json.get<std::uint64_t>());
  if (json.is_number_integer()) return of(json.get<std::int64_t>());
  return of(json.get<double>());
}

bool Number::is_zero() const {
  return form_ == Form::Signed && signed_ == 0;
}

bool Number::is_nan() const {
  return form_ == Form::Real && std::isnan(real_);
}

bool Number::is_negative() const {
  return form_ == Form::Real ? real_ < 0 : form_ == Form::Signed && signed_ < 0;
}

double Number::as_double() const {
  switch (form_) {
    case Form::Real:
      return real_;
    case Form::Signed:
      return static_cast<double>(signed_);
    case Form::Unsigned:
      return static_cast<double>(unsigned_);
  }
  return 0;
}

Number::Whole Number::whole() const {
  if (form_ == Form::Unsigned) return unsigned_;
  return form_ == Form::Signed ? signed_ : static_cast<Whole>(real_);
}

bool Number::fits_whole() const {
  return form_ != Form::Real || (is_whole_real(real_) && std::fabs(real_) <= kTwoTo64);
}

std::partial_ordering operator<=>(const Number& left, const Number& right) {
  if (left.fits_whole() && right.fits_whole()) return left.whole() <=> right.whole();
  // One of them is a fraction, so below 2^52, or at least 2^64: rounding the other one, where it
  // has too many digits for a double, does not take it past that.
  return left.as_double() <=> right.as_double();
}

bool operator==(const Number& left, const Number& right) {
  return (left <=> right) == std::partial_ordering::equivalent;
}

std::optional<Number> add(const Number& a, const Number& b) {
  if (a.fits_whole() && b.fits_whole()) return of_exact(a.whole() + b.whole());
  return of_doubles(a, b, rounded_sum);
}

std::optional<Number> subtract(const Number& a, const Number& b) {
  if (a.fits_whole() && b.fits_whole()) return of_exact(a.whole() - b.whole());
  return of_doubles(a, b, [](double x, double y) { return rounded_sum(x, -y); });
}

std::optional<Number> multiply(const Number& a, const Number& b) {
  Whole exact = 0;
  if (a.fits_whole() && b.fits_whole() && !__builtin_mul_overflow(a.whole(), b.whole(), &exact) &&
      of_exact(exact)) {
    return of_exact(exact);
  }
  return of_doubles(a, b,
                    [](double x, double y) { return Rounded{x * y, std::fma(x, y, -(x * y))}; });
}

std::string Number::text() const {
  switch (form_) {
    case Form::Real:
      return real_text(real_);
    case Form::Signed:
      return std::to_string(signed_);
    case Form::Unsigned:
      return std::to_string(unsigned_);
  }
  return "";
}

std::string Number::fixed(int decimals) const {
  if (form_ != Form::Real) {
    std::string digits = text();
    if (decimals > 0) digits.append(".").append(static_cast<std::size_t>(decimals), '0');
    return digits;
  }
  if (!(std::fabs(real_) < kPrintedInFullMax)) return real_text(real_);
  // fmt rounds the exact value, but halves to the even digit.
  return is_half(real_, decimals) ? half_away_from_zero(real_, decimals)
                                  : fmt::format("{:.{}f}", real_, decimals);
}

}  // namespace segmentflow::render
