#include "fcgi/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

namespace cvm::fcgi {

Accepted ClassifyAccept(int error) {
  switch (error) {
    case EAGAIN:
      return Accepted::kNone;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
      return Accepted::kTryAgain;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return Accepted::kExhausted;
    default:
      return Accepted::kBroken;
  }
}

base::Result<Listener> Listener::Create(Descriptor socket) {
  int listening = 0;
  ::socklen_t size = sizeof listening;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return base::Error{base::ErrorCode::kInvalid,
                       "descriptor " + std::to_string(socket.get()) +
                           " is no listening socket: start the worker with spawn-fcgi, or give it one"};
  }
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return base::Error{base::ErrorCode::kInvalid, "the listening socket cannot be made non-blocking"};
  }
  return Listener(std::move(socket));
}

base::Status Listener::Listen(Poller& poller, void* tag) {
  base::Status watched = poller.WatchListener(socket_.get(), tag);
  if (watched) poller_ = &poller;
  return watched;
}

void Listener::Pause() {
  if (poller_ != nullptr) poller_->Forget(socket_.get());
  poller_ = nullptr;
}

// Forgotten before it is closed: what epoll watches is the socket itself, which lives on in other processes.
void Listener::Close() {
  Pause();
  socket_.Close();
}

Accepted Listener::Accept(Descriptor& connection) const {
  const int fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return ClassifyAccept(errno);
  connection = Descriptor(fd);
  return Accepted::kConnection;
}

}  // namespace cvm::fcgi
