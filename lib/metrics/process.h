// What the system says of this process.
#ifndef CVM_LIB_METRICS_PROCESS_H_
#define CVM_LIB_METRICS_PROCESS_H_

#include <cstdint>
#include <optional>

namespace cvm::metrics {

struct ProcessFigures {
  double started = 0;          // seconds since the epoch
  double cpu_seconds = 0;      // of all threads, user and system
  std::uint64_t resident = 0;  // bytes
  std::uint64_t threads = 0;
  std::uint64_t descriptors = 0;  // open
  std::uint64_t most_descriptors = 0;
};

// Nothing where /proc cannot be read.
std::optional<ProcessFigures> ReadProcess();

}  // namespace cvm::metrics

#endif  // CVM_LIB_METRICS_PROCESS_H_
