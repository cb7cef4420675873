#include "lib/config/threads.h"

#include <algorithm>

namespace cvm::config {

ThreadShares ShareThreads(const WorkerSettings& worker) {
  const std::size_t eighth = std::max<std::size_t>(worker.threads / 8, 1);
  ThreadShares shares;
  shares.reserved = worker.reserved_threads > 0 ? worker.reserved_threads : eighth;
  shares.crypt = eighth;
  const std::size_t kept = shares.reserved + shares.crypt;
  shares.waits = worker.threads > kept ? worker.threads - kept : 0;
  // Actions can take minutes: statuses always have a part of their own.
  shares.actions = std::min(worker.threads / 2, shares.waits);
  return shares;
}

}  // namespace cvm::config
