// How many sessions are being opened at one time, to all endpoints together, and which shelf may open the
// next: bookkeeping like Shelf's, without I/O and without a lock of its own (Pool holds its mutex around
// every call).
#ifndef CVM_LIB_SSH_OPENS_H_
#define CVM_LIB_SSH_OPENS_H_

#include <chrono>
#include <cstddef>
#include <list>

namespace cvm::ssh {

class Shelf;

// Peers that accept and say nothing hold each place for as long as the timeout lasts. So half of the places
// are kept for those who ask for their only one and have no bad name: however many hosts are known to be
// silent, and however many callers wait for one of them, others get through.
class Opens {
 public:
  explicit Opens(std::size_t most) : most_(most) {}  // at least 1
  Opens(const Opens&) = delete;
  Opens& operator=(const Opens&) = delete;

  // Takes a place, to be given back by End(). A `modest` asker gets none beyond the half of them.
  bool Begin(bool modest);
  // Puts a shelf that got no place in line, once: it is served (Shelf::ServeStarved) when one is given back.
  void Await(Shelf& shelf) { line_.push_back(&shelf); }
  void Forget(Shelf& shelf) { line_.remove(&shelf); }
  void End(std::chrono::steady_clock::time_point now);

 private:
  const std::size_t most_;
  std::size_t under_way_ = 0;
  std::list<Shelf*> line_;
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_OPENS_H_
