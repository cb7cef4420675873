// The connections of a worker process and where each of them is.
//
// A connection is in exactly one place: idle (watched by the poller), queued (readable, waiting for a thread)
// or at work (with one thread). So the queue can never hold more than there are connections, and an idle
// connection costs no thread.
#ifndef CVM_FCGI_CONNECTIONS_H_
#define CVM_FCGI_CONNECTIONS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "fcgi/descriptor.h"
#include "fcgi/poller.h"
#include "lib/base/deadline.h"

namespace cvm::fcgi {

class Connection {
 public:
  using Clock = base::Deadline::Clock;

  explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  // When the request that is being served became readable: waiting in the queue counts.
  Clock::time_point arrived() const { return arrived_; }

  // By whoever serves it: the transfer that now begins must be over by `when`, or CutOffLate() breaks it off.
  void LimitTransfer(Clock::time_point when) { limit_.store(when.time_since_epoch().count()); }
  void EndTransfer() { limit_.store(kNoLimit); }

 private:
  friend class Connections;
  static constexpr Clock::rep kNoLimit = 0;

  Descriptor socket_;
  Clock::time_point admitted_ = Clock::now();
  bool served_ = false;  // one request at least
  Clock::time_point arrived_{};
  std::atomic<Clock::rep> limit_{kNoLimit};
  std::list<std::unique_ptr<Connection>>::iterator self_{};
};

// How many are where.
struct ConnectionFigures {
  std::size_t idle = 0;
  std::size_t queued = 0;
  std::size_t at_work = 0;
};

// Safe from any thread; who is meant to call what is said below.
class Connections {
 public:
  using Clock = Connection::Clock;

  // `poller` watches the idle ones under the address of their Connection; `wake` is signalled when a wish for
  // room or for the end may have come true. Both outlive this. A new connection has `grace` for its first
  // request before it may be closed to make room.
  Connections(Poller& poller, const WakeUp& wake, std::size_t most, Clock::duration grace)
      : poller_(poller), wake_(wake), most_(most), grace_(grace) {}

  // ---- for the dispatcher, which has handled every event that the poller gave it: these may close idle ones
  // ----

  // Whether one more may be admitted, after closing the connection that is idle the longest where that is
  // needed. Where not, `wake` is signalled once something was released.
  bool MakeRoom();
  // Closes the connection that is idle the longest: false, and a wish for room, where none is.
  bool EvictOldestIdle();
  // Takes a new connection over, as idle. Closes it where it cannot be watched.
  void Admit(Descriptor socket);
  // An idle one was reported by the poller: it is queued, or closed where the other side is gone and sent
  // nothing.
  void Reported(Connection& connection, bool hung_up);
  // Breaks off the transfers that are over their limit: the thread in them sees the end of the connection.
  void CutOffLate();
  // Whether any is queued or at work, so that CutOffLate() is wanted from time to time.
  bool AnyAtWork() const;
  // From now on nothing stays idle: what is idle is closed (queued where a request has already arrived), what
  // is released is closed, and Take() ends once the queue is empty.
  void Drain();
  bool Empty() const;

  // ---- for whoever watches ----

  ConnectionFigures Figures() const;

  // ---- for the threads that serve ----

  // The next one, waited for; nothing once drained. The caller has it until Release().
  Connection* Take();
  // Gives one back: idle again where it shall be kept, else closed.
  void Release(Connection& connection, bool keep);

 private:
  using List = std::list<std::unique_ptr<Connection>>;

  std::size_t Count() const { return idle_.size() + queued_.size() + at_work_.size(); }
  bool MayEvict(const Connection& connection) const;
  bool EvictWithLock();
  void QueueWithLock(Connection& connection);

  Poller& poller_;
  const WakeUp& wake_;
  const std::size_t most_;
  const Clock::duration grace_;

  mutable std::mutex mutex_;
  std::condition_variable queued_or_draining_;
  List idle_;  // the one that is idle the longest in front
  List queued_;
  List at_work_;
  bool room_wanted_ = false;
  bool draining_ = false;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_CONNECTIONS_H_
