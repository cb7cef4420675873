#include "lib/ssh/shelf.h"

#include <algorithm>
#include <utility>

namespace cvm::ssh {

bool Shelf::Available(Grant& grant) {
  if (!idle_.empty()) {
    grant.kept = std::move(idle_.back().session);
    idle_.pop_back();
    return true;
  }
  if (used_ >= limits_.sessions || connecting_ >= limits_.connects) return false;
  ++used_;
  ++connecting_;
  return true;
}

bool Shelf::TryTake(Grant& grant) {
  return waiters_.empty() && Available(grant);
}

void Shelf::Serve() {
  while (!waiters_.empty() && Available(waiters_.front()->grant)) {
    waiters_.front()->granted = true;
    waiters_.front()->wake.notify_one();
    waiters_.pop_front();
  }
}

void Shelf::ConnectEnded() {
  --connecting_;
  Serve();
}

void Shelf::GiveBack(SessionPtr session, Clock::time_point now) {
  if (session != nullptr) {
    idle_.push_back({std::move(session), now});
  } else {
    --used_;
  }
  Serve();
}

std::vector<SessionPtr> Shelf::TakeIdle() {
  return TakeIdleSince(Clock::time_point::max());
}

std::vector<SessionPtr> Shelf::TakeIdleSince(Clock::time_point before) {
  std::vector<SessionPtr> taken;
  const auto young =
      std::find_if(idle_.begin(), idle_.end(), [&](const Idle& i) { return i.since > before; });
  for (auto i = idle_.begin(); i != young; ++i) taken.push_back(std::move(i->session));
  idle_.erase(idle_.begin(), young);
  used_ -= taken.size();
  Serve();
  return taken;
}

}  // namespace cvm::ssh
