#include "lib/traffic/period.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "lib/base/moment.h"

namespace cvm::traffic {
namespace {

struct Date {
  std::uint64_t year;
  std::uint64_t month;
  std::uint64_t day;
};

std::uint64_t DaysIn(std::uint64_t year, std::uint64_t month) {
  return base::DaysIn(static_cast<unsigned>(year), static_cast<unsigned>(month));
}

// Of the first of January; the year 0, which SQL begins with, is a leap year to it with a day 0.
Day FirstOf(std::uint64_t year) {
  const std::uint64_t before = year - 1;
  return 366 + before * 365 + before / 4 - before / 100 + before / 400;
}

Day Count(const Date& date) {
  Day day = FirstOf(date.year) + date.day - 1;
  for (std::uint64_t month = 1; month < date.month; ++month) day += DaysIn(date.year, month);
  return day;
}

// A day before the year 1 counts as its first.
Date DateOf(Day day) {
  day = std::max(day, FirstOf(1));
  std::uint64_t year = std::max<std::uint64_t>(day / 366, 1);
  while (FirstOf(year + 1) <= day) ++year;
  std::uint64_t left = day - FirstOf(year);
  std::uint64_t month = 1;
  for (; left >= DaysIn(year, month); ++month) left -= DaysIn(year, month);
  return {year, month, left + 1};
}

Day BillingDay(std::uint64_t year, std::uint64_t month, std::uint64_t billing_day) {
  return Count({year, month, std::clamp<std::uint64_t>(billing_day, 1, DaysIn(year, month))});
}

}  // namespace

Day DayOf(unsigned year, unsigned month, unsigned day) {
  return Count({year, month, day});
}

std::string FormatDay(Day day) {
  const Date date = DateOf(day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04u-%02u-%02u", static_cast<unsigned>(date.year),
                static_cast<unsigned>(date.month), static_cast<unsigned>(date.day));
  return text.data();
}

Day PeriodBegin(Day today, std::uint64_t billing_day) {
  const Date date = DateOf(today);
  const Day this_month = BillingDay(date.year, date.month, billing_day);
  if (this_month <= today) return this_month;
  return date.month > 1 ? BillingDay(date.year, date.month - 1, billing_day)
                        : BillingDay(date.year - 1, 12, billing_day);
}

Day NextPeriodBegin(Day today, std::uint64_t billing_day) {
  const Date date = DateOf(today);
  const Day this_month = BillingDay(date.year, date.month, billing_day);
  if (this_month > today) return this_month;
  return date.month < 12 ? BillingDay(date.year, date.month + 1, billing_day)
                         : BillingDay(date.year + 1, 1, billing_day);
}

}  // namespace cvm::traffic
