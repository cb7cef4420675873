#include "lib/log/throttle.h"

#include <utility>

namespace cvm::log {

std::optional<std::uint64_t> Throttle::Pass(Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (passed_at_ && now - *passed_at_ < between_) {
    ++left_out_;
    return std::nullopt;
  }
  passed_at_ = now;
  return std::exchange(left_out_, 0);
}

std::optional<std::uint64_t> Throttles::Pass(std::uint64_t id, Throttle::Clock::time_point now) {
  return Of(id).Pass(now);
}

Throttle& Throttles::Of(std::uint64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = each_.find(id);
  if (known != each_.end()) return known->second;
  return each_.size() < most_ ? each_.try_emplace(id, between_).first->second : rest_;
}

}  // namespace cvm::log
