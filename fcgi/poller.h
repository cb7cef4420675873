// epoll, and the eventfd that wakes whoever waits in it.
//
// What is watched is named by a tag, an address that Wait() hands back; the caller sees to it that the thing
// behind a tag lives for as long as it is watched.
#ifndef CVM_FCGI_POLLER_H_
#define CVM_FCGI_POLLER_H_

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "fcgi/descriptor.h"
#include "lib/base/error.h"

namespace cvm::fcgi {

// What happened to one of the watched descriptors.
struct PollEvent {
  void* tag;
  bool hung_up;  // the other side has ended at least one direction, or the socket is broken
};

class Poller {
 public:
  static base::Result<Poller> Create();

  // Reported for as long as there is something to accept; of several processes that watch the same socket
  // not all are woken for one connection.
  base::Status WatchListener(int fd, void* tag);
  base::Status WatchAlways(int fd, void* tag);
  // Reported once, when readable or hung up, and again only after Rearm(). Both are safe from any thread.
  base::Status WatchOnce(int fd, void* tag);
  base::Status Rearm(int fd, void* tag);
  void Forget(int fd);

  // Waits until something happens or `span` is over (nothing: for ever). At most kMost events at a time; the
  // array belongs to the poller and is good until the next call. One thread only.
  static constexpr std::size_t kMost = 64;
  struct Events {
    const PollEvent* first;
    std::size_t count;
    const PollEvent* begin() const { return first; }
    const PollEvent* end() const { return first + count; }
  };
  Events Wait(std::optional<std::chrono::milliseconds> span);

 private:
  explicit Poller(Descriptor epoll) : epoll_(std::move(epoll)) {}
  base::Status Control(int operation, int fd, std::uint32_t what, void* tag);

  Descriptor epoll_;
  std::array<PollEvent, kMost> events_{};
};

// Wakes a Poller. Signal() may be called from any thread and from a signal handler.
class WakeUp {
 public:
  static base::Result<WakeUp> Create();
  void Signal() const noexcept;
  // Takes back every Signal() until now.
  void Clear() const noexcept;
  int fd() const { return event_.get(); }

 private:
  explicit WakeUp(Descriptor event) : event_(std::move(event)) {}
  Descriptor event_;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_POLLER_H_
