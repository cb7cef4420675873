// The sessions to one endpoint, and who waits: the bookkeeping of Pool, without any I/O and
// without a lock of its own (Pool holds its mutex around every call).
//
// A slot is the right to hold one session, open or being opened; there are `sessions` of them. Those who find
// no free slot wait in line, and what becomes free is handed to the first of them. After a server has dropped
// a new connection no more are opened for a moment, longer each time; a session that becomes free meanwhile
// is handed on all the same. Once an attempt has shown that the host cannot be reached, all who came before
// are refused: one attempt's time is the most that a host which is gone costs anybody.
#ifndef CVM_LIB_SSH_SHELF_H_
#define CVM_LIB_SSH_SHELF_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/base/error.h"
#include "lib/ssh/opens.h"
#include "lib/ssh/session.h"

namespace cvm::ssh {

using SessionPtr = std::unique_ptr<Session>;
using Clock = std::chrono::steady_clock;

struct Limits {
  std::size_t sessions;  // at least 1
  std::size_t connects;  // being opened at one time; at least 1
  std::size_t waiters;   // in line
};

// How an attempt to open a session ended.
enum class Opening {
  kOpened,
  kOpenedSlowly,
  kFailed,   // the host cannot be reached
  kDropped,  // by the server, before it greeted
  kGivenUp,  // for a reason that says nothing of the host
};

// A slot that somebody got: with a kept session, or with the right to open one.
struct Grant {
  SessionPtr kept;
};

// One in line. What ends the wait takes it out of the line and wakes it.
struct Waiter {
  std::condition_variable wake;
  bool granted = false;
  Grant grant;
  std::optional<base::Error> refusal;
  bool waiting() const { return !granted && !refusal; }
};

class Shelf {
 public:
  // `opens` is shared by all shelves and must outlive them. `random` is what the pauses after a drop are
  // shortened by.
  Shelf(Limits limits, Opens& opens, base::Backoff::Random random = base::RandomUnit);
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  ~Shelf();

  // A caller comes, and goes (Exit) before the shelf dies. What Enter() gives is for RefusalSince().
  std::uint64_t Enter();
  void Exit() { --callers_; }
  // Why one who entered then is not to go on: since then an attempt showed that the host cannot be reached,
  // and none succeeded after it.
  std::optional<base::Error> RefusalSince(std::uint64_t entered) const;

  // Whether a slot was to be had at once; nobody overtakes a waiter.
  bool TryTake(Grant& grant, Clock::time_point now);
  // Hands out what is to be had. To be called by those in line when a pause is over; all other changes here
  // do it themselves.
  void Serve(Clock::time_point now);
  // The same, for Opens: this was in its line, and is no more.
  void ServeStarved(Clock::time_point now);
  // Until when no session is opened; in the past where there is no pause. When it changes those in line are
  // woken, to look at it anew.
  Clock::time_point paused_until() const { return paused_until_; }
  // Puts `waiter` in line, unless that is full; it must leave (Leave) before it dies, whatever came of it.
  bool Enqueue(Waiter& waiter, Clock::time_point now);
  void Leave(Waiter& waiter, Clock::time_point now);

  // The one who had the right to open a session has done so, or failed (`why`, in words) and must still give
  // the slot back. Gives whether there is sense in another attempt by the same caller.
  bool ConnectEnded(Opening how, Clock::time_point now, const std::string& why = "");
  // Gives a slot back, with a session to keep or (null) without one.
  void GiveBack(SessionPtr session, Clock::time_point now);

  // Takes idle sessions off the shelf, for the caller to destroy outside its lock: all, or those that were
  // put there at `before` or earlier.
  std::vector<SessionPtr> TakeIdle(Clock::time_point now);
  std::vector<SessionPtr> TakeIdleSince(Clock::time_point before, Clock::time_point now);
  // The idle sessions whose peer is gone.
  std::vector<SessionPtr> TakeDead(Clock::time_point now);
  // Whether it can be thrown away: nobody uses it, and it remembers nothing of use.
  bool Unused(Clock::time_point now) const;

  std::size_t used() const { return used_; }  // slots: lent, being opened and idle
  std::size_t idle() const { return idle_.size(); }
  std::size_t waiting() const { return waiters_.size(); }

 private:
  struct Idle {
    SessionPtr session;
    Clock::time_point since;
  };
  bool Available(Grant& grant, Clock::time_point now);
  bool MayOpen(Clock::time_point now);
  bool Hopeless() const;
  void Reached(bool promptly, Clock::time_point now);
  void NotReached(const std::string& why, Clock::time_point now);
  void WakeAll();
  template <class Condition>
  std::vector<SessionPtr> TakeWhere(Condition condition, Clock::time_point now);

  const Limits limits_;
  Opens& opens_;
  bool starved_ = false;    // in the line of `opens_`
  std::vector<Idle> idle_;  // the oldest first; used from the back
  std::size_t used_ = 0;    // slots: lent, being opened and idle
  std::size_t connecting_ = 0;
  std::size_t callers_ = 0;
  std::list<Waiter*> waiters_;
  base::Backoff pause_;
  Clock::time_point paused_until_{};
  int drops_ = 0;                       // since the last session was opened
  std::uint64_t failures_ = 0;          // of attempts, ever
  std::optional<base::Error> failure_;  // the last, unless a session was opened after it
  // The last attempt failed or took long: until it is forgotten others go first.
  bool doubtful_ = false;
  Clock::time_point doubtful_since_{};
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SHELF_H_
