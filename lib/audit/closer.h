// Writes the ends of records behind the answers: one thread and a bounded queue, so that no answer waits for
// the commit of its own record's end.
#ifndef CVM_LIB_AUDIT_CLOSER_H_
#define CVM_LIB_AUDIT_CLOSER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "lib/audit/audit.h"
#include "lib/db/db.h"

namespace cvm::audit {

class Closer {
 public:
  struct Settings {
    std::size_t queue = 1024;  // ends that wait; beyond them a caller writes its own
    // How long an end is tried again while the database is away. Then its intent stays open, and is logged.
    std::chrono::seconds patience{60};
    std::chrono::milliseconds flush{5000};  // how long the destructor waits for the database
  };

  // `pool` must outlive this. Starts the thread; contacts nobody.
  explicit Closer(db::Pool& pool) : Closer(pool, Settings()) {}
  Closer(db::Pool& pool, Settings settings);
  // Writes what is queued; logs what could not be written. No call may be under way.
  ~Closer();

  // Has the end written, within milliseconds where the database is well; from any thread. Waits only where
  // the queue is full, and then for one statement. A failure is logged, and leaves the intent open.
  void End(std::uint64_t id, Outcome outcome);

  // Ends that are queued.
  std::size_t Waiting() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::audit

#endif  // CVM_LIB_AUDIT_CLOSER_H_
