// Days and billing periods, in UTC. A day is counted as SQL's TO_DAYS() does.
#ifndef CVM_LIB_TRAFFIC_PERIOD_H_
#define CVM_LIB_TRAFFIC_PERIOD_H_

#include <cstdint>
#include <string>

namespace cvm::traffic {

using Day = std::uint64_t;

Day DayOf(unsigned year, unsigned month, unsigned day);
std::string FormatDay(Day day);  // "2026-02-28"

// The first day of the period that `today` is in. A month that has no such day has its last one instead: the
// 31st means the 30th of April. A billing day below 1 or above 31 counts as the nearest that there is.
Day PeriodBegin(Day today, std::uint64_t billing_day);
// The first day of the period after the one that `today` is in.
Day NextPeriodBegin(Day today, std::uint64_t billing_day);

// The same in SQL, of the row `v` of `vpses` and the moment at which the statement began: PeriodBegin of
// that day.
#define CVM_BILLING_DAY_IN(a_day)              \
  "LEAST(LAST_DAY(" a_day "), LAST_DAY(" a_day \
  " - INTERVAL 1 MONTH) + INTERVAL GREATEST(v.billing_day, 1) DAY)"
#define CVM_PERIOD_BEGIN                                                        \
  "IF(" CVM_BILLING_DAY_IN("UTC_DATE()") " <= UTC_DATE(), " CVM_BILLING_DAY_IN( \
      "UTC_DATE()") ", " CVM_BILLING_DAY_IN("(UTC_DATE() - INTERVAL 1 MONTH)") ")"

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_PERIOD_H_
