// One moment by which a piece of work must be over, on the monotonic clock. Made once where the work
// arrives and handed down, so that queueing, retries and remote waits draw on the same time.
#ifndef CVM_LIB_BASE_DEADLINE_H_
#define CVM_LIB_BASE_DEADLINE_H_

#include <algorithm>
#include <chrono>

namespace cvm::base {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline In(std::chrono::milliseconds span) { return Deadline(Clock::now() + span); }
  static Deadline At(Clock::time_point when) { return Deadline(when); }

  Clock::time_point when() const { return when_; }
  bool Passed() const { return Clock::now() >= when_; }

  // What is left, rounded up to whole milliseconds and never below zero: fit for poll().
  std::chrono::milliseconds Remaining() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(when_ - Clock::now());
    return std::max(left, std::chrono::milliseconds(0));
  }

  // The earlier of this and `span` from now.
  Deadline Within(std::chrono::milliseconds span) const {
    return Deadline(std::min(when_, Clock::now() + span));
  }

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_DEADLINE_H_
