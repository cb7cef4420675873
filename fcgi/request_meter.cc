#include "fcgi/request_meter.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "fcgi/metric_table.h"
#include "lib/api/router.h"

namespace cvm::fcgi {
namespace {

using api::What;

constexpr What kWhats[] = {What::kList, What::kStatus, What::kStart, What::kStop, What::kRestart};
constexpr std::size_t kOtherRoute = std::size(kWhats);

constexpr int kKnownStatuses[] = {200, 401, 403, 404, 405, 500, 503};
constexpr std::size_t kOtherStatus = std::size(kKnownStatuses);

// A list takes a millisecond, a status some ten, a stop of a container up to three minutes.
const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                     1,     2.5,    5,     10,   30,    60,   120, 240};

template <class Known, class Value>
std::size_t PlaceOf(const Known& known, const Value& value) {
  return static_cast<std::size_t>(std::find(std::begin(known), std::end(known), value) - std::begin(known));
}

std::size_t RouteOf(std::string_view target) {
  const auto match = api::FindRoute(api::PathOf(target));
  return match ? PlaceOf(kWhats, match->route->what) : kOtherRoute;
}

std::string RouteName(std::size_t route) {
  return route == kOtherRoute ? "other" : api::WhatName(kWhats[route]);
}

std::string StatusName(std::size_t status) {
  return status == kOtherStatus ? "other" : std::to_string(kKnownStatuses[status]);
}

}  // namespace

RequestMeter::RequestMeter() {
  static_assert(kRoutes == kOtherRoute + 1 && kStatuses == kOtherStatus + 1);
  for (std::size_t route = 0; route < kRoutes; ++route) seconds_.emplace_back(kBounds);
}

void RequestMeter::Count(std::string_view target, int status, std::chrono::nanoseconds taken) {
  const std::size_t route = RouteOf(target);
  counts_[route][PlaceOf(kKnownStatuses, status)].fetch_add(1, std::memory_order_relaxed);
  seconds_[route].Observe(std::chrono::duration<double>(taken).count());
}

void RequestMeter::Describe(metrics::Report& report) const {
  for (std::size_t route = 0; route < kRoutes; ++route) {
    for (std::size_t status = 0; status < kStatuses; ++status) {
      const std::uint64_t count = counts_[route][status].load(std::memory_order_relaxed);
      report.Add(metric::kRequests, static_cast<double>(count),
                 {{"route", RouteName(route)}, {"status", StatusName(status)}});
    }
    report.Add(metric::kRequestSeconds, seconds_[route], {{"route", RouteName(route)}});
  }
}

}  // namespace cvm::fcgi
