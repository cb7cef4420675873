// The pool of sessions: shelves by endpoint behind one mutex that is never held over I/O, and a thread that
// closes what was idle for too long.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
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
#include "lib/ssh/session.h"
#include "lib/ssh/shelf.h"
#include "lib/ssh/slots.h"
#include "lib/ssh/ssh.h"
#include "lib/ssh/thread.h"

namespace cvm::ssh {
namespace {

// sshd drops connections at random once ten wait for their login (MaxStartups), whoever opened them.
constexpr std::size_t kConnectsPerEndpoint = 4;

// A session that does not answer within this is taken for dead, and its like with it.
constexpr std::chrono::milliseconds kPatience{1000};

// How long the reaper lets go by between two looks at the idle sessions.
constexpr std::chrono::seconds kLongestReapInterval{5};

bool NotSent(const base::Error& error) {
  return error.code == base::ErrorCode::kUnavailable || error.code == base::ErrorCode::kOverloaded;
}

base::Error At(const Endpoint& endpoint, const base::Error& error) {
  return {error.code, endpoint.Where() + ": " + error.message};
}

}  // namespace

class Pool::Impl {
 public:
  explicit Impl(Settings settings)
      : settings_(std::move(settings)),
        handshakes_(std::max<std::size_t>(settings_.handshakes, 1)),
        reaper_(StartThread([this] { Reap(); })) {}
  ~Impl();
  base::Result<Output> Run(const Endpoint& endpoint, const Command& command, base::Deadline deadline);
  PoolFigures Figures() const;

 private:
  // A slot of a shelf, given back when this dies.
  class Lease {
   public:
    Lease(Impl& pool, std::string key, Grant grant)
        : pool_(pool),
          key_(std::move(key)),
          session_(std::move(grant.kept)),
          kept_(session_ != nullptr),
          connecting_(!kept_) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      EndConnect(Opening::kFailed);
      pool_.GiveBack(key_, std::move(session_));
    }
    // Whether the session had been used before.
    bool kept() const { return kept_; }
    // After kConflict the server dropped the connection, and another attempt makes sense.
    base::Status Open(const Endpoint& endpoint, base::Deadline deadline);
    Session& session() { return *session_; }

   private:
    bool EndConnect(Opening how) {
      return std::exchange(connecting_, false) && pool_.ConnectEnded(key_, how);
    }
    base::Error Judge(base::Error error, bool hurried);

    Impl& pool_;
    std::string key_;
    SessionPtr session_;
    bool kept_;
    bool connecting_;
  };

  std::optional<Grant> Take(const std::string& key, base::Deadline deadline);
  void GiveBack(const std::string& key, SessionPtr session);
  bool ConnectEnded(const std::string& key, Opening how);
  void Count(Opening how);
  void DropIdle(const std::string& key);
  base::Deadline OpenBy(const Lease& lease, base::Deadline deadline) const;
  void Reap();
  std::vector<SessionPtr> TakeExpired();

  const Settings settings_;
  Slots handshakes_;
  mutable std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  std::unordered_map<std::string, Shelf> shelves_;  // a shelf goes when nobody uses it
  PoolFigures counted_;                             // without the endpoints, which are the shelves'
  std::thread reaper_;                              // last: it uses what stands above
};

base::Status Pool::Impl::Lease::Open(const Endpoint& endpoint, base::Deadline deadline) {
  const auto timeout = pool_.settings_.connect_timeout;
  const auto by = deadline.Within(timeout);
  const bool hurried = by.Remaining() < timeout / 2;
  auto opened = Session::Open(endpoint, pool_.settings_.key_directory, pool_.handshakes_, by);
  if (!opened.ok()) return Judge(opened.error(), hurried && by.Passed());
  session_ = std::move(*opened);
  EndConnect(Opening::kOpened);
  return {};
}

// Says what a session that was not opened means, and tells the shelf. `hurried`: it was given little time,
// all of which it took, so that the host is not to blame.
base::Error Pool::Impl::Lease::Judge(base::Error error, bool hurried) {
  const bool dropped = error.code == base::ErrorCode::kConflict;
  const bool hopeless = EndConnect(dropped ? Opening::kDropped : Opening::kFailed);
  if (dropped && hopeless) error.code = base::ErrorCode::kUnavailable;
  if (!dropped && hurried) error.code = base::ErrorCode::kOverloaded;
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

std::optional<Grant> Pool::Impl::Take(const std::string& key, base::Deadline deadline) {
  const Limits limits{std::max<std::size_t>(settings_.sessions_per_endpoint, 1), kConnectsPerEndpoint};
  std::unique_lock<std::mutex> lock(mutex_);
  // A reference to an element of an unordered_map stays valid; in use or in line, the shelf is not erased.
  Shelf& shelf = shelves_.try_emplace(key, limits).first->second;
  Grant grant;
  if (shelf.TryTake(grant, Clock::now())) return grant;
  Waiter waiter;
  shelf.Enqueue(waiter);
  while (!waiter.granted && !deadline.Passed()) {
    const auto pause_end = shelf.paused_until();
    const bool paused = pause_end > Clock::now();
    waiter.wake.wait_until(lock, paused ? std::min(pause_end, deadline.when()) : deadline.when());
    if (!waiter.granted) shelf.Serve(Clock::now());
  }
  if (waiter.granted) return std::move(waiter.grant);
  shelf.Leave(waiter);
  return std::nullopt;
}

void Pool::Impl::GiveBack(const std::string& key, SessionPtr session) {
  SessionPtr to_keep;
  if (session != nullptr && session->Usable()) to_keep = std::move(session);
  session.reset();  // closes a session that is of no more use, outside the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto shelf = shelves_.find(key);
  shelf->second.GiveBack(std::move(to_keep), Clock::now());
  if (shelf->second.Unused(Clock::now())) shelves_.erase(shelf);
}

// Says whether it is of no use to try again.
bool Pool::Impl::ConnectEnded(const std::string& key, Opening how) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Count(how);
  Shelf& shelf = shelves_.at(key);
  shelf.ConnectEnded(how, Clock::now());
  return shelf.Hopeless();
}

void Pool::Impl::Count(Opening how) {
  switch (how) {
    case Opening::kOpened:
      ++counted_.opened;
      break;
    case Opening::kFailed:
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
    figures.endpoints.push_back({key, shelf.used(), shelf.used() - shelf.idle(), shelf.waiting()});
  }
  return figures;
}

void Pool::Impl::DropIdle(const std::string& key) {
  std::vector<SessionPtr> dropped;  // destroyed after the lock is released
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped = shelves_.at(key).TakeIdle(Clock::now());
}

// When a channel must be there. On a kept session half of what is left must do, so that time remains to
// replace it.
base::Deadline Pool::Impl::OpenBy(const Lease& lease, base::Deadline deadline) const {
  const auto by = deadline.Within(settings_.connect_timeout);
  return lease.kept() ? by.Within(deadline.Remaining() / 2) : by;
}

base::Result<Output> Pool::Impl::Run(const Endpoint& endpoint, const Command& command,
                                     base::Deadline deadline) {
  const std::string key = endpoint.Identity();
  const std::string line = command.Quoted();
  // A command that did not leave on a kept session goes to another one; what fails on a new session is final.
  for (std::size_t kept_failures = 0;;) {
    auto grant = deadline.Passed() ? std::nullopt : Take(key, deadline);
    if (!grant) {
      return At(endpoint, {base::ErrorCode::kOverloaded, "no session became free by the deadline"});
    }
    Lease lease(*this, key, std::move(*grant));
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
    if (!hurried || !open_by.Passed()) DropIdle(key);
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
    return At(endpoint,
              {base::ErrorCode::kUnavailable, "no host key is pinned: pin one with cvmctl node pin"});
  }
  return impl_->Run(endpoint, command, deadline);
}

}  // namespace cvm::ssh
