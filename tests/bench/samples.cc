#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "tests/bench/bench.h"

namespace cvm::bench {
namespace {

std::string InWords(const char* relation, double number, const std::string& unit) {
  std::ostringstream text;
  text << relation << " " << number << unit;
  return text.str();
}

}  // namespace

void Samples::Time(int times, const std::function<void()>& work) {
  for (int i = 0; i < times; ++i) {
    const auto begun = Clock::now();
    work();
    Add(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
  }
}

double Samples::Quantile(double share) const {
  if (values_.empty()) return std::nan("");
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(share * last))];
}

std::string Short(double number) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << number;
  return text.str();
}

Line AtMost(const std::string& what, double goal, double measured, const std::string& unit,
            const std::string& details) {
  return {what, InWords("at most", goal, unit), Short(measured) + unit + " (" + details + ")",
          measured <= goal};
}

Line AtLeast(const std::string& what, double goal, double measured, const std::string& unit,
             const std::string& details) {
  return {what, InWords("at least", goal, unit), Short(measured) + unit + " (" + details + ")",
          measured >= goal};
}

}  // namespace cvm::bench
