// Waiting times that double from one failure to the next, each shortened by chance, so that many who failed
// together do not come back together.
#ifndef CVM_LIB_BASE_BACKOFF_H_
#define CVM_LIB_BASE_BACKOFF_H_

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace cvm::base {

// A number in [0, 1), another each time. Safe from any thread.
double RandomUnit();

class Backoff {
 public:
  using Random = std::function<double()>;
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most, Random random = RandomUnit)
      : first_(first), most_(most), next_(first), random_(std::move(random)) {}

  // Between half and all of a time that begins at `first` and doubles with each call, up to `most`.
  std::chrono::milliseconds Next() {
    const auto whole = std::chrono::duration<double, std::milli>(next_);
    next_ = std::min(next_ * 2, most_);
    return std::chrono::ceil<std::chrono::milliseconds>(whole * (0.5 + random_() / 2));
  }
  void Reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, most_, next_;
  Random random_;
};

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_BACKOFF_H_
