// Of what may happen very often a line now and then, and how many were left out.
#ifndef CVM_LIB_LOG_THROTTLE_H_
#define CVM_LIB_LOG_THROTTLE_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace cvm::log {

// For any thread.
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  // Lets one through in each `between`, the first at once.
  explicit Throttle(Clock::duration between) : between_(between) {}

  // How many were left out since the one before; nothing: leave this one out, too.
  std::optional<std::uint64_t> Pass(Clock::time_point now = Clock::now());

 private:
  const Clock::duration between_;
  std::mutex mutex_;
  std::optional<Clock::time_point> passed_at_;
  std::uint64_t left_out_ = 0;
};

}  // namespace cvm::log

#endif  // CVM_LIB_LOG_THROTTLE_H_
