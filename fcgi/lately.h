// Something that takes its time to find out, and need not be newer than so: found out by a thread of its own
// when somebody wants it, so that nobody waits longer than he likes.
#ifndef CVM_FCGI_LATELY_H_
#define CVM_FCGI_LATELY_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace cvm::fcgi {

// For any thread. T is copied out.
template <class T>
class Lately {
 public:
  using Clock = std::chrono::steady_clock;

  // `find_out` must not throw, and what it gives is good for `good`. Nothing is found out before it is
  // wanted.
  Lately(std::function<T()> find_out, Clock::duration good)
      : find_out_(std::move(find_out)), good_(good), thread_([this] { FindOutWhenWanted(); }) {}
  Lately(const Lately&) = delete;
  Lately& operator=(const Lately&) = delete;
  // Waits for what is being found out.
  ~Lately() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    wanted_or_ending_.notify_all();
    thread_.join();
  }

  // Nothing where it was not found out within `patience`.
  std::optional<T> Read(Clock::duration patience) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (last_ && Clock::now() - found_at_ <= good_) return last_;
    const std::uint64_t before = findings_;
    wanted_ = true;
    wanted_or_ending_.notify_all();
    if (!found_.wait_for(lock, patience, [&] { return findings_ != before; })) return std::nullopt;
    return last_;
  }

 private:
  void FindOutWhenWanted() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wanted_or_ending_.wait(lock, [this] { return wanted_ || ending_; });
      if (ending_) return;
      lock.unlock();
      T finding = find_out_();
      lock.lock();
      wanted_ = false;  // whoever came meanwhile has it, too
      last_ = std::move(finding);
      found_at_ = Clock::now();
      ++findings_;
      found_.notify_all();
    }
  }

  const std::function<T()> find_out_;
  const Clock::duration good_;
  std::mutex mutex_;
  std::condition_variable wanted_or_ending_, found_;
  bool wanted_ = false;
  bool ending_ = false;
  std::uint64_t findings_ = 0;
  std::optional<T> last_;
  Clock::time_point found_at_{};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_LATELY_H_
