// A peer that the test plays itself: a listener on a free loopback port. Unless somebody accepts, it is one
// that takes connections and never says a word.
#ifndef CVM_TESTS_SUPPORT_LISTENER_H_
#define CVM_TESTS_SUPPORT_LISTENER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

namespace cvm::tests {

class Listener {
 public:
  explicit Listener(int backlog = 8) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    if (bind(descriptor_, where, size) != 0 || listen(descriptor_, backlog) != 0 ||
        getsockname(descriptor_, where, &size) != 0) {
      throw std::runtime_error("no listener");
    }
    port_ = ntohs(address.sin_port);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(descriptor_); }
  std::uint16_t port() const { return port_; }
  int descriptor() const { return descriptor_; }
  // The next connection; the caller closes it. Negative once Stop() was called.
  int Accept() const { return accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC); }
  // Ends an Accept() that waits in another thread.
  void Stop() const { shutdown(descriptor_, SHUT_RDWR); }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

}  // namespace cvm::tests

#endif  // CVM_TESTS_SUPPORT_LISTENER_H_
