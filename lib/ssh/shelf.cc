#include "lib/ssh/shelf.h"

#include <algorithm>
#include <utility>

namespace cvm::ssh {
namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{800};

// sshd drops by chance, three of ten and more, so that a few drops say little. With the pauses it takes some
// two seconds to give up.
constexpr int kMostDrops = 8;

}  // namespace

Shelf::Shelf(Limits limits, base::Backoff::Random random)
    : limits_(limits), pause_(kFirstPause, kLongestPause, std::move(random)) {}

bool Shelf::Available(Grant& grant, Clock::time_point now) {
  if (!idle_.empty()) {
    grant.kept = std::move(idle_.back().session);
    idle_.pop_back();
    return true;
  }
  if (used_ >= limits_.sessions || connecting_ >= limits_.connects || now < paused_until_) return false;
  ++used_;
  ++connecting_;
  return true;
}

bool Shelf::TryTake(Grant& grant, Clock::time_point now) {
  return waiters_.empty() && Available(grant, now);
}

void Shelf::Serve(Clock::time_point now) {
  while (!waiters_.empty() && Available(waiters_.front()->grant, now)) {
    waiters_.front()->granted = true;
    waiters_.front()->wake.notify_one();
    waiters_.pop_front();
  }
}

void Shelf::ConnectEnded(Opening how, Clock::time_point now) {
  --connecting_;
  switch (how) {
    case Opening::kOpened:
      drops_ = 0;
      pause_.Reset();
      paused_until_ = {};
      break;
    case Opening::kFailed:
      break;
    case Opening::kDropped:
      ++drops_;
      paused_until_ = now + pause_.Next();
      break;
  }
  Serve(now);
}

bool Shelf::Hopeless() const {
  return drops_ >= kMostDrops && used_ <= 1 && connecting_ == 0;
}

void Shelf::GiveBack(SessionPtr session, Clock::time_point now) {
  if (session != nullptr) {
    idle_.push_back({std::move(session), now});
  } else {
    --used_;
  }
  Serve(now);
}

template <class Condition>
std::vector<SessionPtr> Shelf::TakeWhere(Condition condition, Clock::time_point now) {
  std::vector<SessionPtr> taken;
  const auto kept =
      std::stable_partition(idle_.begin(), idle_.end(), [&](const Idle& i) { return !condition(i); });
  for (auto i = kept; i != idle_.end(); ++i) taken.push_back(std::move(i->session));
  idle_.erase(kept, idle_.end());
  used_ -= taken.size();
  Serve(now);
  return taken;
}

std::vector<SessionPtr> Shelf::TakeIdle(Clock::time_point now) {
  return TakeWhere([](const Idle&) { return true; }, now);
}

std::vector<SessionPtr> Shelf::TakeIdleSince(Clock::time_point before, Clock::time_point now) {
  return TakeWhere([before](const Idle& idle) { return idle.since <= before; }, now);
}

std::vector<SessionPtr> Shelf::TakeDead(Clock::time_point now) {
  return TakeWhere([](const Idle& idle) { return !idle.session->Usable(); }, now);
}

}  // namespace cvm::ssh
