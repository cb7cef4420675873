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

// Longer than a breaker above this keeps callers away, so that a host which is gone is known when it is tried
// again.
constexpr std::chrono::minutes kDoubtKept{2};

}  // namespace

Shelf::Shelf(Limits limits, Opens& opens, base::Backoff::Random random)
    : limits_(limits), opens_(opens), pause_(kFirstPause, kLongestPause, std::move(random)) {}

Shelf::~Shelf() {
  if (starved_) opens_.Forget(*this);
}

std::uint64_t Shelf::Enter() {
  ++callers_;
  return failures_;
}

std::optional<base::Error> Shelf::RefusalSince(std::uint64_t entered) const {
  return failures_ > entered ? failure_ : std::nullopt;
}

bool Shelf::Available(Grant& grant, Clock::time_point now) {
  if (!idle_.empty()) {
    grant.kept = std::move(idle_.back().session);
    idle_.pop_back();
    return true;
  }
  if (!MayOpen(now)) return false;
  ++used_;
  ++connecting_;
  return true;
}

bool Shelf::MayOpen(Clock::time_point now) {
  if (used_ >= limits_.sessions || connecting_ >= limits_.connects || now < paused_until_) return false;
  if (opens_.Begin(doubtful_ || connecting_ > 0)) return true;
  if (!std::exchange(starved_, true)) opens_.Await(*this);
  return false;
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

void Shelf::ServeStarved(Clock::time_point now) {
  starved_ = false;
  Serve(now);
}

bool Shelf::Enqueue(Waiter& waiter, Clock::time_point now) {
  if (waiters_.size() >= limits_.waiters) return false;
  waiters_.push_back(&waiter);
  Serve(now);
  return true;
}

void Shelf::Leave(Waiter& waiter, Clock::time_point now) {
  waiters_.remove(&waiter);
  Serve(now);
}

bool Shelf::ConnectEnded(Opening how, Clock::time_point now, const std::string& why) {
  --connecting_;
  bool again = false;
  switch (how) {
    case Opening::kOpened:
    case Opening::kOpenedSlowly:
      Reached(how == Opening::kOpened, now);
      break;
    case Opening::kFailed:
      NotReached(why, now);
      break;
    case Opening::kDropped:
      ++drops_;
      paused_until_ = now + pause_.Next();
      again = !Hopeless();
      if (!again) NotReached(why, now);
      WakeAll();
      break;
    case Opening::kGivenUp:
      break;
  }
  opens_.End(now);  // the others first
  Serve(now);
  return again;
}

void Shelf::Reached(bool promptly, Clock::time_point now) {
  drops_ = 0;
  pause_.Reset();
  paused_until_ = {};
  failure_.reset();
  doubtful_ = !promptly;
  doubtful_since_ = now;
}

void Shelf::NotReached(const std::string& why, Clock::time_point now) {
  ++failures_;
  failure_ = base::Error{base::ErrorCode::kUnavailable, why};
  doubtful_ = true;
  doubtful_since_ = now;
  for (Waiter* waiter : waiters_) waiter->refusal = failure_;
  WakeAll();
  waiters_.clear();
}

void Shelf::WakeAll() {
  for (Waiter* waiter : waiters_) waiter->wake.notify_one();
}

// Whether it is of no use to go on opening sessions, for one whose own attempt was the last to be dropped:
// the server dropped several in a row, nobody holds one, and nobody else is at it.
bool Shelf::Hopeless() const {
  return drops_ >= kMostDrops && used_ <= 1 && connecting_ == 0;
}

bool Shelf::Unused(Clock::time_point now) const {
  return used_ == 0 && callers_ == 0 && waiters_.empty() && now >= paused_until_ &&
         (!doubtful_ || now - doubtful_since_ > kDoubtKept);
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
