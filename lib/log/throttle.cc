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

}  // namespace cvm::log
