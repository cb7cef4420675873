#include "lib/base/moment.h"

#include <algorithm>

#include "lib/base/text.h"

namespace cvm::base {
namespace {

constexpr std::uint64_t kCentury = 36525ULL * 86400;

std::optional<std::uint64_t> SecondsIn(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    case 'w':
      return 7 * 86400;
    default:
      return std::nullopt;
  }
}

// Whether `text` has the form of `pattern`, in which 0 stands for any digit.
bool Fits(std::string_view text, std::string_view pattern) {
  return text.size() == pattern.size() &&
         std::equal(text.begin(), text.end(), pattern.begin(),
                    [](char c, char p) { return p == '0' ? c >= '0' && c <= '9' : c == p; });
}

unsigned Two(std::string_view text, std::size_t at) {
  return static_cast<unsigned>(text[at] - '0') * 10 + static_cast<unsigned>(text[at + 1] - '0');
}

// Of a text of the form "YYYY-MM-DD HH:MM:SS".
bool Exists(std::string_view text) {
  const unsigned year = Two(text, 0) * 100 + Two(text, 2), month = Two(text, 5), day = Two(text, 8);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > DaysIn(year, month)) return false;
  return Two(text, 11) < 24 && Two(text, 14) < 60 && Two(text, 17) < 60;
}

}  // namespace

unsigned DaysIn(unsigned year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

std::optional<std::uint64_t> ParseSpan(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto unit = SecondsIn(text.back());
  const auto count = ParseU64(text.substr(0, text.size() - 1));
  if (!unit || !count) return std::nullopt;
  const std::uint64_t seconds = SaturatingMultiply(*unit, *count);
  return seconds <= kCentury ? std::optional(seconds) : std::nullopt;
}

std::optional<Moment> ParseMoment(std::string_view text) {
  if (const auto seconds = ParseSpan(text)) return Moment{seconds, ""};
  std::string at(text);
  if (at.size() > 11 && at.back() == 'Z') at.pop_back();
  if (at.size() > 10 && at[10] == 'T') at[10] = ' ';
  if (Fits(at, "0000-00-00")) at += " 00:00";
  if (Fits(at, "0000-00-00 00:00")) at += ":00";
  if (!Fits(at, "0000-00-00 00:00:00") || !Exists(at)) return std::nullopt;
  return Moment{std::nullopt, at};
}

}  // namespace cvm::base
