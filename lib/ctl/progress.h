// A bar that shows a person how far something is, on standard error. Without a terminal there is none.
#ifndef CVM_LIB_CTL_PROGRESS_H_
#define CVM_LIB_CTL_PROGRESS_H_

#include <cstddef>
#include <mutex>
#include <string>

#include "lib/ctl/console.h"

namespace cvm::ctl {

class Progress {
 public:
  // `what` are counted: "nodes". `console` must outlive this.
  Progress(Console& console, std::size_t total, std::string what);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // takes the bar away

  // One more is done. From any thread.
  void Advance();

 private:
  void Draw();

  Console& console_;
  const std::size_t total_;
  const std::string what_;
  const bool shown_;
  std::mutex mutex_;
  std::size_t done_ = 0;
};

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_PROGRESS_H_
