#include "lib/ssh/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstddef>
#include <system_error>
#include <vector>

#include "lib/ssh/resolver.h"

namespace cvm::ssh {
namespace {

// A link that was cut is noticed: while something is sent or a connection is asked for, after
// kUnacknowledgedMs (three to four seconds, as the retransmissions fall; well within a status's time, so that
// another session can be tried); while a command runs in silence, by probes after 15 s. (A peer that is
// stopped, not cut, is noticed by deadlines alone: its kernel goes on acknowledging.)
constexpr int kUnacknowledgedMs = 3000;
struct Option {
  int level, name, value;
};
constexpr Option kOptions[] = {
    {IPPROTO_TCP, TCP_NODELAY, 1},   {IPPROTO_TCP, TCP_USER_TIMEOUT, kUnacknowledgedMs},
    {SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_KEEPIDLE, 15},
    {IPPROTO_TCP, TCP_KEEPINTVL, 5}, {IPPROTO_TCP, TCP_KEEPCNT, 3},
};

// What to look at first where a connection does not come to be.
const char* ToLookAt(int number) {
  switch (number) {
    case ECONNREFUSED:
      return ": is the port right, does sshd run, does a firewall reject it?";
    case ETIMEDOUT:
      return ": is the address right, is the host up, does a firewall drop it?";
    default:
      return "";
  }
}

base::Error SystemError(const std::string& what, int number) {
  return {base::ErrorCode::kUnavailable, what + ": " + std::generic_category().message(number)};
}

base::Error NotConnected(int number) {
  base::Error error = SystemError("connect", number);
  error.message += ToLookAt(number);
  return error;
}

int PendingError(int descriptor) {
  int number = 0;
  socklen_t size = sizeof number;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? number : errno;
}

base::Result<Socket> ConnectTo(const Address& address, base::Deadline deadline) {
  const int family = address.storage.ss_family;
  Socket made(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.descriptor() < 0) {  // no descriptor or memory is left: that says nothing of the peer
    return base::Error{base::ErrorCode::kOverloaded, SystemError("socket", errno).message};
  }
  for (const Option& option : kOptions) {
    if (setsockopt(made.descriptor(), option.level, option.name, &option.value, sizeof option.value) != 0) {
      return SystemError("setsockopt", errno);
    }
  }
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (connect(made.descriptor(), where, address.size) == 0) return made;
  if (errno != EINPROGRESS && errno != EINTR) return NotConnected(errno);
  if (!WaitFor(made.descriptor(), POLLOUT, deadline)) return NotConnected(ETIMEDOUT);
  const int problem = PendingError(made.descriptor());
  if (problem != 0) return NotConnected(problem);
  return made;
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Socket::Shutdown() {
  if (descriptor_ >= 0) shutdown(descriptor_, SHUT_RDWR);
}

void Socket::AckAtOnce() {
  constexpr int on = 1;
  // Where it fails the peer waits 40 ms longer.
  static_cast<void>(setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on));
}

bool Socket::PeerClosed() const {
  char byte = 0;
  const ssize_t count = recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

base::Result<Socket> Connect(const std::string& host, std::uint16_t port, base::Deadline deadline) {
  const auto addresses = Resolve(host, port, deadline);
  if (!addresses.ok()) return addresses.error();
  base::Error last{base::ErrorCode::kUnavailable, "connect: no address"};
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // Each address gets an equal share of what is left, so that a silent one leaves time for the next.
    const auto share = deadline.Remaining() / static_cast<long>(addresses->size() - i);
    auto connected = ConnectTo((*addresses)[i], deadline.Within(share));
    if (connected.ok()) return connected;
    last = connected.error();
  }
  return last;
}

bool WaitFor(int descriptor, short events, base::Deadline deadline) {
  for (;;) {
    pollfd item{descriptor, events, 0};
    const auto left = std::min<long long>(deadline.Remaining().count(), INT_MAX);
    const int ready = poll(&item, 1, static_cast<int>(left));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (deadline.Passed()) return false;
  }
}

}  // namespace cvm::ssh
