// TCP sockets with a deadline at every step. Nothing here blocks longer than the deadline it was given.
#ifndef CVM_LIB_SSH_SOCKET_H_
#define CVM_LIB_SSH_SOCKET_H_

#include <cstdint>
#include <string>
#include <utility>

#include "lib/base/deadline.h"
#include "lib/base/error.h"

namespace cvm::ssh {

// Owns a descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();

  int descriptor() const { return descriptor_; }
  // Ends the connection both ways and keeps the descriptor, so that nobody else gets its number while a
  // library still writes to it.
  void Shutdown();
  // Acknowledges what was received now rather than after the kernel's 40 ms. Not remembered: to be called
  // after each reception that should not be waited for.
  void AckAtOnce();
  // Whether the peer has closed it and nothing is left to read. Does not wait.
  bool PeerClosed() const;

 private:
  int descriptor_ = -1;
};

// A connected, non-blocking socket to the first address of `host` that answers. kUnavailable: none did;
// kOverloaded: this process has no descriptor left, or too many names are being looked up.
base::Result<Socket> Connect(const std::string& host, std::uint16_t port, base::Deadline deadline);

// Waits until poll() sees one of `events`, an error or a hang-up; false: the deadline passed.
bool WaitFor(int descriptor, short events, base::Deadline deadline);

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SOCKET_H_
