// Who may use which session of one endpoint, and who waits: the bookkeeping of Pool, without any I/O and
// without a lock of its own (Pool holds its mutex around every call).
//
// A slot is the right to hold one session, open or being opened; there are `sessions` of them. Those who find
// no free slot wait in line, and what becomes free is handed to the first of them.
#ifndef CVM_LIB_SSH_SHELF_H_
#define CVM_LIB_SSH_SHELF_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "lib/ssh/session.h"

namespace cvm::ssh {

using SessionPtr = std::unique_ptr<Session>;
using Clock = std::chrono::steady_clock;

struct Limits {
  std::size_t sessions;  // at least 1
  std::size_t connects;  // being opened at one time; at least 1
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
  explicit Shelf(Limits limits) : limits_(limits) {}

  // Whether a slot was to be had at once; nobody overtakes a waiter.
  bool TryTake(Grant& grant);
  // Puts `waiter` in line; it must leave it (Leave) or be granted before it dies.
  void Enqueue(Waiter& waiter) { waiters_.push_back(&waiter); }
  void Leave(Waiter& waiter) { waiters_.remove(&waiter); }

  // The one who had the right to open a session has done so, or failed and must still give the slot back.
  void ConnectEnded();
  // Gives a slot back, with a session to keep or (null) without one.
  void GiveBack(SessionPtr session, Clock::time_point now);

  // Takes idle sessions off the shelf, for the caller to destroy outside its lock: all, or those that were
  // put there at `before` or earlier.
  std::vector<SessionPtr> TakeIdle();
  std::vector<SessionPtr> TakeIdleSince(Clock::time_point before);
  bool Unused() const { return used_ == 0 && waiters_.empty(); }

 private:
  struct Idle {
    SessionPtr session;
    Clock::time_point since;
  };
  bool Available(Grant& grant);
  void Serve();

  Limits limits_;
  std::vector<Idle> idle_;  // the oldest first; used from the back
  std::size_t used_ = 0;    // slots: lent, being opened and idle
  std::size_t connecting_ = 0;
  std::list<Waiter*> waiters_;
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SHELF_H_
