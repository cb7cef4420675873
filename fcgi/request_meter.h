// Counts answers by route and status, and their times by route. Both are known beforehand, so that counting
// is a look into two small tables, an atomic addition and a histogram's short lock. Safe from any thread.
#ifndef CVM_FCGI_REQUEST_METER_H_
#define CVM_FCGI_REQUEST_METER_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "lib/metrics/histogram.h"
#include "lib/metrics/report.h"

namespace cvm::fcgi {

class RequestMeter {
 public:
  RequestMeter();
  // `target` as the client sent it: what is of no route counts as "other", and so does a status that the API
  // does not give.
  void Count(std::string_view target, int status, std::chrono::nanoseconds taken);
  // All that there can be, from the beginning: a rate needs a first value to rise from.
  void Describe(metrics::Report& report) const;

 private:
  static constexpr std::size_t kRoutes = 6;
  static constexpr std::size_t kStatuses = 8;

  std::array<std::array<std::atomic<std::uint64_t>, kStatuses>, kRoutes> counts_{};
  std::deque<metrics::Histogram> seconds_;  // by route; never grows once it is made
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_REQUEST_METER_H_
