// The listening socket: accepting, pausing, and closing it while other processes may go on with it.
#ifndef CVM_FCGI_LISTENER_H_
#define CVM_FCGI_LISTENER_H_

#include <utility>

#include "fcgi/descriptor.h"
#include "fcgi/poller.h"
#include "lib/base/error.h"

namespace cvm::fcgi {

// What accept4() said, for the one who must go on.
enum class Accepted {
  kConnection,
  kNone,       // nobody is waiting
  kTryAgain,   // this one was gone before it was accepted; the next may be good
  kExhausted,  // no descriptor or no memory for it: something must be closed first
  kBroken,     // anything else
};
Accepted ClassifyAccept(int error);

// For one thread.
class Listener {
 public:
  // Takes the descriptor over and makes it non-blocking, for every process that shares it. kInvalid: it is no
  // listening socket.
  static base::Result<Listener> Create(Descriptor socket);

  // While it listens, `poller` reports it under `tag`; both outlive this.
  base::Status Listen(Poller& poller, void* tag);
  bool listening() const { return poller_ != nullptr; }
  void Pause();
  // For good: new connections wait for the other processes that have the socket, or are refused.
  void Close();

  // Never waits. The new connection is blocking and `connection` is set where kConnection is returned.
  Accepted Accept(Descriptor& connection) const;

 private:
  explicit Listener(Descriptor socket) : socket_(std::move(socket)) {}

  Descriptor socket_;
  Poller* poller_ = nullptr;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_LISTENER_H_
