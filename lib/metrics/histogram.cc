#include "lib/metrics/histogram.h"

#include "lib/metrics/histogram_impl.h"

namespace cvm::metrics {

Histogram::Histogram(const std::vector<double>& bounds) : impl_(std::make_unique<Impl>(bounds)) {}
Histogram::~Histogram() = default;

void Histogram::Observe(double value) {
  impl_->histogram.Observe(value);
}

}  // namespace cvm::metrics
