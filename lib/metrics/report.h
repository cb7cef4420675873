// One reading of all metrics, in Prometheus' text format. With histogram.h the door to prometheus-cpp.
//
// Figures stay with the modules that have them, as plain numbers; a report is made of them when somebody
// asks. A metric is named, explained and given its kind once, by a Definition that lives as long as the
// program.
#ifndef CVM_LIB_METRICS_REPORT_H_
#define CVM_LIB_METRICS_REPORT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/metrics/histogram.h"

namespace cvm::metrics {

enum class Kind {
  kCounter,    // rises until the process ends
  kGauge,      // rises and falls
  kHistogram,  // added by the overload for histograms alone
};

struct Definition {
  const char* name;  // with its unit, as Prometheus wants it: "…_seconds", "…_total"
  Kind kind;
  const char* help;  // a line
};

// A value of a label may be anything; the number of different ones must be bounded.
using Labels = std::vector<std::pair<std::string, std::string>>;

// For one thread.
class Report {
 public:
  Report();
  ~Report();
  void Add(const Definition& definition, double value, const Labels& labels = {});
  void Add(const Definition& definition, const Histogram& histogram, const Labels& labels = {});
  std::string Text() const;
  static const char* ContentType();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::metrics

#endif  // CVM_LIB_METRICS_REPORT_H_
