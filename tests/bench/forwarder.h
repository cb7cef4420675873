// Many nodes out of one: loopback ports that all lead to the same sshd, of which each can be made to die.
#ifndef CVM_TESTS_BENCH_FORWARDER_H_
#define CVM_TESTS_BENCH_FORWARDER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/listener.h"

namespace cvm::bench {

class Forwarder {
 public:
  Forwarder(std::uint16_t target, std::size_t ports);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();

  std::uint16_t port(std::size_t i) const { return ports_[i]; }
  // Port `i` refuses connections from here on, and those that were there are cut.
  void Kill(std::size_t i);

 private:
  void Forward();
  void Accept(std::size_t i);
  void Move(int from);
  void Cut(int one);

  const std::uint16_t target_;
  std::vector<std::uint16_t> ports_;
  int epoll_, wake_;
  std::mutex mutex_;  // guards what stands below
  std::vector<std::unique_ptr<tests::Listener>> listeners_;
  struct End {
    int other;
    std::size_t port;
  };
  std::map<int, End> ends_;
  std::thread thread_;
};

}  // namespace cvm::bench

#endif  // CVM_TESTS_BENCH_FORWARDER_H_
