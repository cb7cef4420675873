#include "fcgi/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>
#include <system_error>

namespace cvm::fcgi {
namespace {

base::Error SystemError(const char* what) {
  return {base::ErrorCode::kUnavailable, std::string(what) + ": " + std::generic_category().message(errno)};
}

constexpr std::uint32_t kOnce = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;

int Timeout(std::optional<std::chrono::milliseconds> span) {
  if (!span) return -1;
  if (span->count() > INT_MAX) return INT_MAX;
  return static_cast<int>(span->count());
}

}  // namespace

base::Result<Poller> Poller::Create() {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return SystemError("epoll_create1");
  return Poller(std::move(epoll));
}

base::Status Poller::Control(int operation, int fd, std::uint32_t what, void* tag) {
  ::epoll_event event{};
  event.events = what;
  event.data.ptr = tag;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return SystemError("epoll_ctl");
  return {};
}

base::Status Poller::WatchListener(int fd, void* tag) {
  return Control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, tag);
}

base::Status Poller::WatchAlways(int fd, void* tag) {
  return Control(EPOLL_CTL_ADD, fd, EPOLLIN, tag);
}

base::Status Poller::WatchOnce(int fd, void* tag) {
  return Control(EPOLL_CTL_ADD, fd, kOnce, tag);
}

base::Status Poller::Rearm(int fd, void* tag) {
  return Control(EPOLL_CTL_MOD, fd, kOnce, tag);
}

void Poller::Forget(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Poller::Events Poller::Wait(std::optional<std::chrono::milliseconds> span) {
  std::array<::epoll_event, kMost> raw;
  const int count = ::epoll_wait(epoll_.get(), raw.data(), static_cast<int>(kMost), Timeout(span));
  base::FatalAssert(count >= 0 || errno == EINTR, "epoll_wait on a good descriptor");
  std::size_t filled = 0;
  for (; filled < static_cast<std::size_t>(count < 0 ? 0 : count); ++filled) {
    const ::epoll_event& event = raw[filled];
    events_[filled] = {event.data.ptr, (event.events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0};
  }
  return {events_.data(), filled};
}

base::Result<WakeUp> WakeUp::Create() {
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return SystemError("eventfd");
  return WakeUp(std::move(event));
}

void WakeUp::Signal() const noexcept {
  const int saved = errno;
  const std::uint64_t one = 1;
  // Fails only where the counter is full, and then the poller is awake already.
  [[maybe_unused]] const ::ssize_t written = ::write(event_.get(), &one, sizeof one);
  errno = saved;
}

void WakeUp::Clear() const noexcept {
  std::uint64_t count = 0;
  // Fails only where there was nothing to take back.
  [[maybe_unused]] const ::ssize_t got = ::read(event_.get(), &count, sizeof count);
}

}  // namespace cvm::fcgi
