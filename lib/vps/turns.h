// Turns: one at a time for each key, first come first served, the others wait for a bounded time. For actions
// on the same VPS, each of which has its place among those that may wait for nodes (node/bounds.h) already.
// Used by all threads; keeps nothing of a key that nobody uses.
#ifndef CVM_LIB_VPS_TURNS_H_
#define CVM_LIB_VPS_TURNS_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "lib/base/deadline.h"

namespace cvm::vps {

class Turns {
 public:
  // A key's turn, given to the next by the destructor. Must not outlive its Turns.
  class Turn {
   public:
    Turn(Turns& turns, std::uint64_t key) : turns_(&turns), key_(key) {}
    Turn(Turn&& other) noexcept : turns_(other.turns_), key_(other.key_) { other.turns_ = nullptr; }
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->Give(key_);
    }

   private:
    Turns* turns_;
    std::uint64_t key_;
  };

  // `waiters_per_key`: threads that wait at one key; who comes beyond is refused at once.
  explicit Turns(std::size_t waiters_per_key = 1) : waiters_per_key_(waiters_per_key) {}

  // Nothing where it was not this thread's turn by the deadline, or too many wait.
  std::optional<Turn> Take(std::uint64_t key, base::Deadline deadline);

 private:
  struct Waiter {
    std::condition_variable called;
    bool turn = false;
  };
  // The waiters in the order in which they came; they live on their threads' stacks. A key that is here is
  // taken.
  using Queue = std::list<Waiter*>;

  void Give(std::uint64_t key);

  const std::size_t waiters_per_key_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Queue> taken_;
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_TURNS_H_
