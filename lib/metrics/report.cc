#include "lib/metrics/report.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdlib>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/metrics/histogram_impl.h"

namespace cvm::metrics {
namespace {

prometheus::MetricType VendorType(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return prometheus::MetricType::Counter;
    case Kind::kGauge:
      return prometheus::MetricType::Gauge;
    case Kind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  std::abort();
}

}  // namespace

class Report::Impl {
 public:
  void Add(const Definition& definition, prometheus::ClientMetric metric, const Labels& labels) {
    for (const auto& [name, value] : labels) metric.label.push_back({name, value});
    FamilyOf(definition).metric.push_back(std::move(metric));
  }
  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  prometheus::MetricFamily& FamilyOf(const Definition& definition) {
    const auto [place, is_new] = places_.try_emplace(definition.name, families_.size());
    if (is_new) families_.push_back({definition.name, definition.help, VendorType(definition.kind), {}});
    return families_[place->second];
  }

  std::vector<prometheus::MetricFamily> families_;  // in the order in which they came
  std::unordered_map<std::string, std::size_t> places_;
};

Report::Report() : impl_(std::make_unique<Impl>()) {}
Report::~Report() = default;

void Report::Add(const Definition& definition, double value, const Labels& labels) {
  base::FatalAssert(definition.kind != Kind::kHistogram, "a number is no histogram");
  prometheus::ClientMetric metric;
  (definition.kind == Kind::kCounter ? metric.counter.value : metric.gauge.value) = value;
  impl_->Add(definition, std::move(metric), labels);
}

void Report::Add(const Definition& definition, const Histogram& histogram, const Labels& labels) {
  base::FatalAssert(definition.kind == Kind::kHistogram, "a histogram is no number");
  impl_->Add(definition, histogram.impl_->histogram.Collect(), labels);
}

std::string Report::Text() const {
  return impl_->Text();
}

const char* Report::ContentType() {
  return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace cvm::metrics
