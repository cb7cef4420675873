// The pool of sessions: shelves by endpoint behind one mutex that is never held over I/O, and a thread that
// closes what was idle for too long.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/log/log.h"
#include "lib/ssh/opens.h"
#include "lib/ssh/session.h"
#include "lib/ssh/shelf.h"
#include "lib/ssh/ssh.h"
#include "lib/ssh/thread.h"

namespace cvm::ssh {
namespace {

// sshd drops connections at random once ten wait for their login (MaxStartups), whoever opened them. Two keep
// both of our cores busy.
constexpr std::size_t kConnectsPerEndpoint = 2;

// A bound for the worst; those above let fewer than this wait.
constexpr std::size_t kWaitersPerEndpoint = 256;

// A session that took longer to open makes its endpoint a slow one.
constexpr std::chrono::seconds kPromptly{1};

// A session that does not answer within this is taken for dead, and its like with it.
constexpr std::chrono::milliseconds kPatience{1000};

// How long the reaper lets go by between two looks at the idle sessions.
constexpr std::chrono::seconds kLongestReapInterval{5};

base::Error OutOfTime() {
  return {base::ErrorCode::kOverloaded, "no session became free by the deadline"};
}

base::Error At(const Endpoint& endpoint, const base::Error& error) {
  return {error.code, endpoint.Where() + ": " + error.message};
}

}  // namespace

class Pool::Impl {
 public:
  explicit Impl(Settings settings)
      : settings_(std::move(settings)),
        limits_{std::max<std::size_t>(settings_.sessions_per_endpoint, 1), kConnectsPerEndpoint,
                kWaitersPerEndpoint},
        opens_(std::max<std::size_t>(settings_.opens, 1)),
        reaper_(StartThread([this] { Reap(); })) {}
  ~Impl();
  base::Result<Output> Run(const Endpoint& endpoint, const Command& command, base::Deadline deadline);
  PoolFigures Figures() const;

 private:
  // A caller's stay at the shelf of its endpoint, which lives for as long.
  class Visit {
   public:
    Visit(Impl& pool, std::string key);
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit();
    Impl& pool() const { return pool_; }
    // To be used with the pool's mutex held.
    Shelf& shelf() const { return *shelf_; }
    std::uint64_t entered() const { return entered_; }

   private:
    Impl& pool_;
    const std::string key_;
    Shelf* shelf_ = nullptr;  // an element of an unordered_map stays where it is
    std::uint64_t entered_ = 0;
  };

  // A slot of a shelf, given back when this dies.
  class Lease {
   public:
    Lease(Visit& visit, Grant grant)
        : visit_(visit), session_(std::move(grant.kept)), kept_(session_ != nullptr), connecting_(!kept_) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      EndConnect(Opening::kGivenUp);
      visit_.pool().GiveBack(visit_.shelf(), std::move(session_));
    }
    // Whether the session had been used before.
    bool kept() const { return kept_; }
    // After kConflict the server dropped the connection, and another attempt makes sense.
    base::Status Open(const Endpoint& endpoint, base::Deadline deadline);
    Session& session() { return *session_; }

   private:
    bool EndConnect(Opening how, const std::string& why = "") {
      return std::exchange(connecting_, false) && visit_.pool().ConnectEnded(visit_.shelf(), how, why);
    }
    base::Error Judge(base::Error error, bool hurried);

    Visit& visit_;
    SessionPtr session_;
    bool kept_;
    bool connecting_;
  };

  base::Result<Grant> Take(const Visit& visit, base::Deadline deadline);
  static void Wait(Shelf& shelf, Waiter& waiter, std::unique_lock<std::mutex>& lock, base::Deadline deadline);
  void GiveBack(Shelf& shelf, SessionPtr session);
  bool ConnectEnded(Shelf& shelf, Opening how, const std::string& why);
  void Count(Opening how);
  void DropIdle(Shelf& shelf);
  base::Deadline OpenBy(const Lease& lease, base::Deadline deadline) const;
  void Reap();
  std::vector<SessionPtr> TakeExpired();

  const Settings settings_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  Opens opens_;
  std::unordered_map<std::string, Shelf> shelves_;  // a shelf goes when it is unused
  PoolFigures counted_;                             // without the endpoints, which are the shelves'
  std::thread reaper_;                              // last: it uses what stands above
};

Pool::Impl::Visit::Visit(Impl& pool, std::string key) : pool_(pool), key_(std::move(key)) {
  const std::lock_guard<std::mutex> lock(pool_.mutex_);
  shelf_ = &pool_.shelves_.try_emplace(key_, pool_.limits_, pool_.opens_).first->second;
  entered_ = shelf_->Enter();
}

Pool::Impl::Visit::~Visit() {
  const std::lock_guard<std::mutex> lock(pool_.mutex_);
  shelf_->Exit();
  if (shelf_->Unused(Clock::now())) pool_.shelves_.erase(key_);
}

base::Status Pool::Impl::Lease::Open(const Endpoint& endpoint, base::Deadline deadline) {
  const Settings& settings = visit_.pool().settings_;
  const auto begun = Clock::now();
  const auto by = deadline.Within(settings.connect_timeout);
  const bool hurried = by.Remaining() < settings.connect_timeout / 2;
  auto opened = Session::Open(endpoint, settings.key_directory, by);
  if (!opened.ok()) return Judge(opened.error(), hurried && by.Passed());
  session_ = std::move(*opened);
  EndConnect(Clock::now() - begun > kPromptly ? Opening::kOpenedSlowly : Opening::kOpened);
  return {};
}

// Says what a session that was not opened means, and tells the shelf. `hurried`: it was given little time,
// all of which it took, so that the host is not to blame.
base::Error Pool::Impl::Lease::Judge(base::Error error, bool hurried) {
  if (error.code == base::ErrorCode::kConflict) {
    if (!EndConnect(Opening::kDropped, error.message)) error.code = base::ErrorCode::kUnavailable;
    return error;
  }
  if (hurried) error.code = base::ErrorCode::kOverloaded;
  const bool unreachable = error.code == base::ErrorCode::kUnavailable;
  EndConnect(unreachable ? Opening::kFailed : Opening::kGivenUp, error.message);
  return error;
}

Pool::Impl::~Impl() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  stop_changed_.notify_all();
  reaper_.join();
  for (auto& [key, shelf] : shelves_) {
    for (const SessionPtr& session : shelf.TakeIdle(Clock::now())) session->Disconnect();
  }
}

base::Result<Grant> Pool::Impl::Take(const Visit& visit, base::Deadline deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  Shelf& shelf = visit.shelf();
  if (deadline.Passed()) return OutOfTime();
  if (auto refusal = shelf.RefusalSince(visit.entered())) return *std::move(refusal);
  Waiter waiter;
  if (shelf.TryTake(waiter.grant, Clock::now())) return std::move(waiter.grant);
  if (!shelf.Enqueue(waiter, Clock::now())) {
    return base::Error{base::ErrorCode::kOverloaded, "too many wait for a session"};
  }
  Wait(shelf, waiter, lock, deadline);
  if (waiter.granted) return std::move(waiter.grant);
  if (waiter.refusal) return *std::move(waiter.refusal);
  return OutOfTime();
}

void Pool::Impl::Wait(Shelf& shelf, Waiter& waiter, std::unique_lock<std::mutex>& lock,
                      base::Deadline deadline) {
  while (waiter.waiting() && !deadline.Passed()) {
    const auto pause_end = shelf.paused_until();
    const bool paused = pause_end > Clock::now();
    waiter.wake.wait_until(lock, paused ? std::min(pause_end, deadline.when()) : deadline.when());
    if (waiter.waiting()) shelf.Serve(Clock::now());
  }
  shelf.Leave(waiter, Clock::now());
}

void Pool::Impl::GiveBack(Shelf& shelf, SessionPtr session) {
  SessionPtr to_keep;
  if (session != nullptr && session->Usable()) to_keep = std::move(session);
  session.reset();  // closes a session that is of no more use, outside the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  shelf.GiveBack(std::move(to_keep), Clock::now());
}

// Says whether there is sense in another try.
bool Pool::Impl::ConnectEnded(Shelf& shelf, Opening how, const std::string& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Count(how);
  return shelf.ConnectEnded(how, Clock::now(), why);
}

void Pool::Impl::Count(Opening how) {
  switch (how) {
    case Opening::kOpened:
    case Opening::kOpenedSlowly:
      ++counted_.opened;
      break;
    case Opening::kFailed:
    case Opening::kGivenUp:
      ++counted_.failed;
      break;
    case Opening::kDropped:
      ++counted_.dropped;
      break;
  }
}

PoolFigures Pool::Impl::Figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  PoolFigures figures = counted_;
  for (const auto& [key, shelf] : shelves_) {
    if (shelf.used() == 0 && shelf.waiting() == 0) continue;
    figures.endpoints.push_back({key, shelf.used(), shelf.used() - shelf.idle(), shelf.waiting()});
  }
  return figures;
}

void Pool::Impl::DropIdle(Shelf& shelf) {
  std::vector<SessionPtr> dropped;  // destroyed after the lock is released
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped = shelf.TakeIdle(Clock::now());
}

// When a channel must be there. On a kept session half of what is left must do, so that time remains to
// replace it.
base::Deadline Pool::Impl::OpenBy(const Lease& lease, base::Deadline deadline) const {
  const auto by = deadline.Within(settings_.connect_timeout);
  return lease.kept() ? by.Within(deadline.Remaining() / 2) : by;
}

base::Result<Output> Pool::Impl::Run(const Endpoint& endpoint, const Command& command,
                                     base::Deadline deadline) {
  Visit visit(*this, endpoint.Identity());
  const std::string line = command.Quoted();
  // A command that did not leave on a kept session goes to another one; what fails on a new session is final.
  for (std::size_t kept_failures = 0;;) {
    auto grant = Take(visit, deadline);
    if (!grant.ok()) return At(endpoint, grant.error());
    Lease lease(visit, std::move(*grant));
    if (!lease.kept()) {
      const auto opened = lease.Open(endpoint, deadline);
      if (!opened.ok() && opened.error().code == base::ErrorCode::kConflict) continue;
      if (!opened.ok()) return At(endpoint, opened.error());
    }
    const bool hurried = deadline.Remaining() < kPatience;
    const auto open_by = OpenBy(lease, deadline);
    auto output = lease.session().Run(line, open_by, deadline, settings_.output_cap);
    if (output.ok()) return output;
    if (!NotSent(output.error()) || !lease.kept() || ++kept_failures > settings_.sessions_per_endpoint) {
      return At(endpoint, output.error());
    }
    log::Debug("ssh.session_replaced", {{"where", endpoint.Where()}, {"error", output.error().message}});
    // What was kept as long is likely to be as dead; unless it was only given too little time.
    if (!hurried || !open_by.Passed()) DropIdle(visit.shelf());
  }
}

std::vector<SessionPtr> Pool::Impl::TakeExpired() {
  const auto now = Clock::now();
  std::vector<SessionPtr> expired;
  for (auto shelf = shelves_.begin(); shelf != shelves_.end();) {
    auto old = shelf->second.TakeIdleSince(now - settings_.idle_timeout, now);
    auto dead = shelf->second.TakeDead(now);
    std::move(old.begin(), old.end(), std::back_inserter(expired));
    std::move(dead.begin(), dead.end(), std::back_inserter(expired));
    shelf = shelf->second.Unused(now) ? shelves_.erase(shelf) : std::next(shelf);
  }
  return expired;
}

void Pool::Impl::Reap() {
  const auto interval = std::clamp<std::chrono::milliseconds>(
      settings_.idle_timeout / 2, std::chrono::milliseconds(250), kLongestReapInterval);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stop_changed_.wait_for(lock, interval, [this] { return stopping_; })) {
    auto expired = TakeExpired();
    lock.unlock();
    for (const SessionPtr& session : expired) session->Disconnect();
    expired.clear();
    lock.lock();
  }
}

Pool::Pool(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Pool::~Pool() = default;

PoolFigures Pool::Figures() const {
  return impl_->Figures();
}

base::Result<Output> Pool::Run(const Endpoint& endpoint, const Command& command, base::Deadline deadline) {
  if (endpoint.host_keys.empty()) {
    return At(endpoint, {base::ErrorCode::kUnavailable, kNothingPinned});
  }
  return impl_->Run(endpoint, command, deadline);
}

}  // namespace cvm::ssh
