// Lends connections: a bounded number of them, to whoever asks first, connecting on demand. Private to
// lib/db; safe from any thread. No lock is held while a server is waited for.
//
// At most one connect is under way at any time. When it fails, everybody who waits is told so at once, so
// that an outage costs nobody more than one connect, and a server that comes back is not stormed. From then
// until a connect succeeds, whoever finds no connection and a connect that does not get on is answered at
// once: a server that is silent, rather than gone, must not hold everybody for its timeout. A
// connection that was lost casts doubt on all that have not been answered since: they are dropped, not lent.
#ifndef CVM_LIB_DB_LENDER_H_
#define CVM_LIB_DB_LENDER_H_

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/db/connection.h"
#include "lib/db/db.h"

namespace cvm::db {

// What an attempt to connect came to: a connection, or why there is none.
struct Attempt {
  std::unique_ptr<Connection> connection;
  std::string error;
  bool server_full = false;  // the server is there but takes no more connections
  bool cut_short = false;    // the deadline of whoever asked left less than the usual time
};

class Lender {
 public:
  // Must not throw, and is called without any lock held.
  using Connect = std::function<Attempt(base::Deadline)>;

  // A loan: gives the connection back, or drops it where it is broken, when it dies.
  class Lease {
   public:
    Lease(Lender& lender, std::unique_ptr<Connection> connection)
        : lender_(&lender), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) lender_->Return(std::move(connection_));
    }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }

   private:
    Lender* lender_;
    std::unique_ptr<Connection> connection_;
  };

  Lender(std::size_t limit, Connect connect) : limit_(limit), connect_(std::move(connect)) {}
  // All leases must be gone.
  ~Lender();

  // kUnavailable: no server could be reached, or the deadline passed first.
  base::Result<Lease> Borrow(base::Deadline deadline);

  PoolFigures Figures() const;

 private:
  using Connections = std::vector<std::unique_ptr<Connection>>;
  enum class Turn { kWait, kGiven, kConnect, kFailed };
  struct Waiter {
    std::condition_variable wake;
    Turn turn = Turn::kWait;
    std::unique_ptr<Connection> connection;
    std::string error;
  };
  using Lock = std::unique_lock<std::mutex>;

  void Return(std::unique_ptr<Connection> connection);
  base::Result<Lease> Lend(std::unique_ptr<Connection> connection, bool fresh);
  // Connects for `me`. Nothing: `me` is back in line, at its head.
  std::optional<base::Result<Lease>> ConnectFor(Waiter& me, base::Deadline deadline, Lock& lock);
  base::Error TimedOut(Waiter& me);
  bool KnownAway() const;
  // The rest is called with the lock held.
  void ServeLine();
  bool MayConnect() const;
  void FailLine(const std::string& error);
  bool Doubtful(const Connection& connection) const;
  Connections TakeDoubtful();

  const std::size_t limit_;
  const Connect connect_;

  mutable std::mutex mutex_;
  Connections idle_;         // the last one used at the end: it is lent first
  std::list<Waiter*> line_;  // whoever came first at the front
  std::size_t open_ = 0;     // idle, lent or being connected
  bool connecting_ = false;
  Connection::Clock::time_point doubt_until_{};        // answers older than this prove nothing
  Connection::Clock::time_point no_connect_before_{};  // the server was full
  std::string away_;  // why the last connect failed; empty where it succeeded
  Connection::Clock::time_point connecting_since_{};
  Connection::Clock::time_point retry_away_at_{};
  PoolFigures counted_;  // what is counted since the beginning; the rest is filled in when it is asked for
};

}  // namespace cvm::db

#endif  // CVM_LIB_DB_LENDER_H_
