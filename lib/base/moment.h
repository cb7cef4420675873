// A moment as people write it: a date and time in UTC, or a span of time that begins or ends now.
#ifndef CVM_LIB_BASE_MOMENT_H_
#define CVM_LIB_BASE_MOMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cvm::base {

// One of the two. Who reads it knows which clock is meant and whether the span lies ahead or behind.
struct Moment {
  std::optional<std::uint64_t> seconds;  // "90d", "12h", "30m", "45s", "2w"; a century at most
  std::string at;                        // UTC, "YYYY-MM-DD HH:MM:SS"; empty: the span
};

// Of the Gregorian calendar; months count from 1.
unsigned DaysIn(unsigned year, unsigned month);

// Nothing where `text` is neither a span nor a date that exists: "2027-01-31", "2027-01-31 18:00",
// "2027-01-31T18:00:00Z".
std::optional<Moment> ParseMoment(std::string_view text);
// A span alone, in seconds; 0 too.
std::optional<std::uint64_t> ParseSpan(std::string_view text);

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_MOMENT_H_
