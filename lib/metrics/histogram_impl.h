// What a Histogram is. Private to lib/metrics.
#ifndef CVM_LIB_METRICS_HISTOGRAM_IMPL_H_
#define CVM_LIB_METRICS_HISTOGRAM_IMPL_H_

#include <prometheus/histogram.h>

#include <vector>

#include "lib/metrics/histogram.h"

namespace cvm::metrics {

class Histogram::Impl {
 public:
  explicit Impl(const std::vector<double>& bounds) : histogram(bounds) {}
  prometheus::Histogram histogram;
};

}  // namespace cvm::metrics

#endif  // CVM_LIB_METRICS_HISTOGRAM_IMPL_H_
