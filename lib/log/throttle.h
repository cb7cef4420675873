// Of what may happen very often a line now and then, and how many were left out.
#ifndef CVM_LIB_LOG_THROTTLE_H_
#define CVM_LIB_LOG_THROTTLE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
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

// One for each of many, by their IDs: of one that happens all the time the others' lines are not left out.
// Those beyond the first `most` share one.
class Throttles {
 public:
  explicit Throttles(Throttle::Clock::duration between, std::size_t most = 1000)
      : between_(between), most_(most), rest_(between) {}

  std::optional<std::uint64_t> Pass(std::uint64_t id,
                                    Throttle::Clock::time_point now = Throttle::Clock::now());

 private:
  Throttle& Of(std::uint64_t id);

  const Throttle::Clock::duration between_;
  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::uint64_t, Throttle> each_;  // none ever goes
  Throttle rest_;
};

}  // namespace cvm::log

#endif  // CVM_LIB_LOG_THROTTLE_H_
