#include "lib/vps/turns.h"

namespace cvm::vps {

std::optional<Turns::Turn> Turns::Take(std::uint64_t key, base::Deadline deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto [entry, was_free] = taken_.try_emplace(key);
  if (was_free) return Turn(*this, key);
  Queue& queue = entry->second;  // stays where it is while the key is taken
  if (queue.size() >= waiters_per_key_) return std::nullopt;
  Waiter waiter;
  const auto place = queue.insert(queue.end(), &waiter);
  const bool called = waiter.called.wait_until(lock, deadline.when(), [&] { return waiter.turn; });
  if (called) return Turn(*this, key);
  queue.erase(place);
  return std::nullopt;
}

void Turns::Give(std::uint64_t key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Queue& queue = taken_.at(key);
  if (queue.empty()) {
    taken_.erase(key);
    return;
  }
  Waiter* const next = queue.front();
  queue.pop_front();
  next->turn = true;
  next->called.notify_one();
}

}  // namespace cvm::vps
