#include "lib/ctl/each.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <vector>

namespace cvm::ctl {

void ForEach(std::size_t count, std::size_t at_once, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::future<void>> others;
  for (std::size_t i = 1; i < std::min(at_once, count); ++i) {
    others.push_back(std::async(std::launch::async, run));
  }
  run();
  for (auto& other : others) other.get();
}

}  // namespace cvm::ctl
