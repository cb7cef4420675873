#include "tests/bench/forwarder.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace cvm::bench {
namespace {

// What an event is about: a listener's number with this bit, or a descriptor.
constexpr std::uint64_t kListener = std::uint64_t{1} << 32;

int ConnectTo(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return descriptor;
  close(descriptor);
  return -1;
}

void Watch(int epoll, int descriptor, std::uint64_t about) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = about;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) throw std::runtime_error("epoll_ctl failed");
}

}  // namespace

Forwarder::Forwarder(std::uint16_t target, std::size_t ports)
    : target_(target), epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC)) {
  Watch(epoll_, wake_, static_cast<std::uint64_t>(wake_));
  for (std::size_t i = 0; i < ports; ++i) {
    listeners_.push_back(std::make_unique<tests::Listener>());
    ports_.push_back(listeners_[i]->port());
    Watch(epoll_, listeners_[i]->descriptor(), kListener | i);
  }
  thread_ = std::thread([this] { Forward(); });
}

Forwarder::~Forwarder() {
  const std::uint64_t one = 1;
  if (write(wake_, &one, sizeof one) == sizeof one) thread_.join();
  for (const auto& [descriptor, end] : ends_) close(descriptor);
  close(wake_);
  close(epoll_);
}

void Forwarder::Kill(std::size_t i) {
  const std::lock_guard<std::mutex> lock(mutex_);
  listeners_[i].reset();
  for (const auto& [descriptor, end] : ends_) {
    if (end.port == i) shutdown(descriptor, SHUT_RDWR);  // which the thread then sees
  }
}

void Forwarder::Forward() {
  epoll_event events[64];
  for (;;) {
    const int count = epoll_wait(epoll_, events, 64, -1);
    const std::lock_guard<std::mutex> lock(mutex_);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t about = events[i].data.u64;
      if (about == static_cast<std::uint64_t>(wake_)) return;
      if ((about & kListener) != 0) {
        Accept(static_cast<std::size_t>(about & ~kListener));
      } else {
        Move(static_cast<int>(about));
      }
    }
  }
}

void Forwarder::Accept(std::size_t i) {
  if (!listeners_[i]) return;
  const int client = listeners_[i]->Accept();
  const int server = ConnectTo(target_);
  if (client < 0 || server < 0) throw std::runtime_error("a connection cannot be forwarded");
  ends_[client] = {server, i};
  ends_[server] = {client, i};
  for (const int descriptor : {client, server})
    Watch(epoll_, descriptor, static_cast<std::uint64_t>(descriptor));
}

void Forwarder::Move(int from) {
  const auto end = ends_.find(from);
  if (end == ends_.end()) return;  // cut by an event just before
  char buffer[16 * 1024];
  const ssize_t count = recv(from, buffer, sizeof buffer, 0);
  if (count <= 0 || send(end->second.other, buffer, static_cast<std::size_t>(count), MSG_NOSIGNAL) != count) {
    Cut(from);
  }
}

void Forwarder::Cut(int one) {
  const int other = ends_.at(one).other;
  for (const int descriptor : {one, other}) {
    ends_.erase(descriptor);
    close(descriptor);
  }
}

}  // namespace cvm::bench
