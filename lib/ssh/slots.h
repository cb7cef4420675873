// A bounded number of something at one time: whoever wants one more waits for it. Shared by all threads.
#ifndef CVM_LIB_SSH_SLOTS_H_
#define CVM_LIB_SSH_SLOTS_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "lib/base/deadline.h"

namespace cvm::ssh {

class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // One slot, held for as long as this lives. False: none became free by the deadline. The slots must outlive
  // it.
  class Holder {
   public:
    Holder(Slots& slots, base::Deadline deadline) : slots_(slots), held_(slots.Take(deadline)) {}
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() {
      if (held_) slots_.GiveBack();
    }
    explicit operator bool() const { return held_; }

   private:
    Slots& slots_;
    const bool held_;
  };

 private:
  bool Take(base::Deadline deadline) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!freed_.wait_until(lock, deadline.when(), [this] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void GiveBack() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t free_;
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SLOTS_H_
