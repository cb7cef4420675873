// Counts observations into buckets, as Prometheus wants them. Safe from any thread; an observation takes one
// short lock.
#ifndef CVM_LIB_METRICS_HISTOGRAM_H_
#define CVM_LIB_METRICS_HISTOGRAM_H_

#include <memory>
#include <vector>

namespace cvm::metrics {

class Histogram {
 public:
  // The buckets' upper bounds, inclusive, rising; one without a bound is added.
  explicit Histogram(const std::vector<double>& bounds);
  ~Histogram();
  void Observe(double value);

 private:
  friend class Report;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::metrics

#endif  // CVM_LIB_METRICS_HISTOGRAM_H_
