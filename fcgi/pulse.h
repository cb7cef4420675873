// Whether a loop turns: whoever asks waits for its next turn. Costs the loop one atomic look where nobody
// asks.
#ifndef CVM_FCGI_PULSE_H_
#define CVM_FCGI_PULSE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "fcgi/poller.h"
#include "lib/base/deadline.h"

namespace cvm::fcgi {

class Pulse {
 public:
  // By the loop, once a turn, after it has waited for events.
  void Beat() {
    if (!asked_.exchange(false)) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++beats_;
    }
    beaten_.notify_all();
  }

  // By any thread: wakes the loop through `wake` and says whether it turned by the deadline.
  bool Felt(const WakeUp& wake, base::Deadline by) {
    std::unique_lock<std::mutex> lock(mutex_);
    const std::uint64_t before = beats_;
    asked_.store(true);
    wake.Signal();
    return beaten_.wait_until(lock, by.when(), [&] { return beats_ != before; });
  }

 private:
  std::atomic<bool> asked_{false};
  std::mutex mutex_;
  std::condition_variable beaten_;
  std::uint64_t beats_ = 0;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_PULSE_H_
