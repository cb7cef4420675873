// One connection as the pool sees it: a Session with transactions, and what the pool must know to decide
// whether it may be lent again. Private to lib/db. Used by one thread at a time.
#ifndef CVM_LIB_DB_CONNECTION_H_
#define CVM_LIB_DB_CONNECTION_H_

#include <chrono>

#include "lib/db/db.h"

namespace cvm::db {

class Connection : public Session {
 public:
  using Clock = std::chrono::steady_clock;

  // These throw Failure as every statement does.
  virtual void Begin() = 0;
  virtual void Commit() = 0;
  virtual void Rollback() = 0;

  // A loan begins: `fresh` where the connection was made for it.
  void StartLoan(bool fresh) {
    unproven_ = !fresh;
    repeatable_ = doomed_ = changing_ = false;
  }

  // Dropped instead of lent again: it failed in a way that leaves its state unknown.
  bool broken() const { return broken_; }
  // The server is gone, or cut the connection.
  bool lost() const { return lost_; }
  // When the server last answered on it.
  Clock::time_point last_answer() const { return last_answer_; }
  // Whether it had died while it was idle, noticed before anything of this loan can have had an effect.
  bool DiedIdle() const { return lost_ && repeatable_; }
  // Whether it was lost when or after a change had been sent in this loan.
  bool ChangeUnknown() const { return lost_ && changing_; }

 protected:
  enum class Effect { kNone, kChange };

  // Nothing has been answered yet in this loan of a connection that had been idle.
  bool unproven() const { return unproven_; }
  // A deadlock has rolled the transaction back: whatever came now would be outside any.
  bool doomed() const { return doomed_; }
  void TransactionEdge() { doomed_ = false; }

  void Sending(Effect effect) { changing_ = changing_ || effect == Effect::kChange; }
  void Answered() {
    unproven_ = false;
    last_answer_ = Clock::now();
  }
  // A statement of that effect failed. Where it had none it can be sent again on another connection.
  void Failed(Failure::Kind kind, Effect effect) {
    lost_ = lost_ || kind == Failure::Kind::kLost;
    broken_ = broken_ || lost_ || kind == Failure::Kind::kOther;
    doomed_ = doomed_ || kind == Failure::Kind::kDeadlock;
    repeatable_ = unproven_ && effect == Effect::kNone;
    if (!lost_) Answered();
  }

 private:
  bool unproven_ = false;
  bool doomed_ = false;
  bool repeatable_ = false;
  bool changing_ = false;
  bool broken_ = false;
  bool lost_ = false;
  Clock::time_point last_answer_ = Clock::now();
};

}  // namespace cvm::db

#endif  // CVM_LIB_DB_CONNECTION_H_
