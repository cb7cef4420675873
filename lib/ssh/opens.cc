#include "lib/ssh/opens.h"

#include <utility>

#include "lib/ssh/shelf.h"

namespace cvm::ssh {

bool Opens::Begin(bool modest) {
  if (under_way_ >= (modest ? (most_ + 1) / 2 : most_)) return false;
  ++under_way_;
  return true;
}

void Opens::End(std::chrono::steady_clock::time_point now) {
  --under_way_;
  // Those who get nothing this time come back in the same order.
  for (Shelf* shelf : std::exchange(line_, {})) shelf->ServeStarved(now);
}

}  // namespace cvm::ssh
