#ifndef CVM_TESTS_NODE_LOCK_H_
#define CVM_TESTS_NODE_LOCK_H_

// vzctl's lock on a container: /vz/lock/CTID.lck with the holder's PID. It appears whole, by link(2), and two
// processes that find the same stale lock cannot both win.

#include <string>

#include "tests/node/console.h"

namespace cvm::testnode {

class Lock {
 public:
  Lock(unsigned ctid, const Console* console);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // 0 when taken, else vzctl's exit status, with the reason said. Held until the object dies; a killed holder
  // leaves the file behind, as vzctl does.
  int Take();

 private:
  int TakeGuarded();
  int Refuse(const std::string& holder) const;

  std::string path_;
  const Console* console_;
  bool held_ = false;
};

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_LOCK_H_
