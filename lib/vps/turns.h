// Turns: one at a time for each key, first come first served, the others wait for a bounded time. For actions
// on the same VPS. Used by all threads; keeps nothing of a key that nobody uses.
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
  struct Settings {
    std::size_t waiters_per_key = 1;  // threads that wait at one key,
    std::size_t waiters = 16;         // and at all: who comes beyond is refused at once
  };

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

  explicit Turns(Settings settings) : settings_(settings) {}

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

  const Settings settings_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Queue> taken_;
  std::size_t waiting_ = 0;
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_TURNS_H_
