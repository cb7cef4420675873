#include "lib/base/backoff.h"

#include <random>

namespace cvm::base {

double RandomUnit() {
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

}  // namespace cvm::base
