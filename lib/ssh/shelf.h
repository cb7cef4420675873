// Who may use which session of one endpoint, and who waits: the bookkeeping of Pool, without any I/O and
// without a lock of its own (Pool holds its mutex around every call).
//
// A slot is the right to hold one session, open or being opened; there are `sessions` of them. Those who find
// no free slot wait in line, and what becomes free is handed to the first of them. After a server has dropped
// a new connection no more are opened for a moment, longer each time; a session that becomes free meanwhile
// is handed on all the same.
#ifndef CVM_LIB_SSH_SHELF_H_
#define CVM_LIB_SSH_SHELF_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/ssh/session.h"

namespace cvm::ssh {

using SessionPtr = std::unique_ptr<Session>;
using Clock = std::chrono::steady_clock;

struct Limits {
  std::size_t sessions;  // at least 1
  std::size_t connects;  // being opened at one time; at least 1
};

// How an attempt to open a session ended.
enum class Opening {
  kOpened,
  kFailed,
  kDropped,  // by the server, before it greeted
};

// A slot that somebody got: with a kept session, or with the right to open one.
struct Grant {
  SessionPtr kept;
};

struct Waiter {
  std::condition_variable wake;
  bool granted = false;
  Grant grant;
};

class Shelf {
 public:
  // `random` is what the pauses after a drop are shortened by.
  explicit Shelf(Limits limits, base::Backoff::Random random = base::RandomUnit);

  // Whether a slot was to be had at once; nobody overtakes a waiter.
  bool TryTake(Grant& grant, Clock::time_point now);
  // Hands out what is to be had. To be called by the first waiter in line when a pause is over; all other
  // changes here do it themselves.
  void Serve(Clock::time_point now);
  // Until when no session is opened; in the past where there is no pause.
  Clock::time_point paused_until() const { return paused_until_; }
  // Puts `waiter` in line; it must leave it (Leave) or be granted before it dies.
  void Enqueue(Waiter& waiter) { waiters_.push_back(&waiter); }
  void Leave(Waiter& waiter) { waiters_.remove(&waiter); }

  // The one who had the right to open a session has done so, or failed and must still give the slot back.
  void ConnectEnded(Opening how, Clock::time_point now);
  // Whether it is of no use to go on opening sessions, for one whose own attempt was the last to be dropped:
  // the server dropped several in a row, nobody holds one, and nobody else is at it.
  bool Hopeless() const;
  // Gives a slot back, with a session to keep or (null) without one.
  void GiveBack(SessionPtr session, Clock::time_point now);

  // Takes idle sessions off the shelf, for the caller to destroy outside its lock: all, or those that were
  // put there at `before` or earlier.
  std::vector<SessionPtr> TakeIdle(Clock::time_point now);
  std::vector<SessionPtr> TakeIdleSince(Clock::time_point before, Clock::time_point now);
  // The idle sessions whose peer is gone.
  std::vector<SessionPtr> TakeDead(Clock::time_point now);
  // Whether it can be thrown away: nobody holds a session or waits, and there is no pause to remember.
  bool Unused(Clock::time_point now) const { return used_ == 0 && waiters_.empty() && now >= paused_until_; }

  std::size_t used() const { return used_; }  // slots: lent, being opened and idle
  std::size_t idle() const { return idle_.size(); }
  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Idle {
    SessionPtr session;
    Clock::time_point since;
  };
  bool Available(Grant& grant, Clock::time_point now);
  template <class Condition>
  std::vector<SessionPtr> TakeWhere(Condition condition, Clock::time_point now);

  Limits limits_;
  std::vector<Idle> idle_;  // the oldest first; used from the back
  std::size_t used_ = 0;    // slots: lent, being opened and idle
  std::size_t connecting_ = 0;
  std::list<Waiter*> waiters_;
  base::Backoff pause_;
  Clock::time_point paused_until_{};
  int drops_ = 0;  // since the last session was opened
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SHELF_H_
