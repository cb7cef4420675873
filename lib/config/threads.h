// How the worker's threads are shared out among what may hold one for long: waits for nodes (statuses, and
// actions with the wait for their turn and all else that they do) and checks by crypt(3). What is left is
// always free for requests that need neither.
#ifndef CVM_LIB_CONFIG_THREADS_H_
#define CVM_LIB_CONFIG_THREADS_H_

#include <cstddef>

#include "lib/config/config.h"

namespace cvm::config {

struct ThreadShares {
  std::size_t reserved = 0;
  std::size_t crypt = 0;    // checks that are computed or wait for it
  std::size_t waits = 0;    // for nodes, in all; 0: the settings leave none
  std::size_t actions = 0;  // of them, at most
};

// The first three add up to the threads at most, of which there are kLeastThreads or more.
ThreadShares ShareThreads(const WorkerSettings& worker);

}  // namespace cvm::config

#endif  // CVM_LIB_CONFIG_THREADS_H_
