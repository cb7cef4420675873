// One SSH connection up to the point where the peer has shown its host key: a socket and the libssh2 session
// on it. Used by one thread at a time.
//
// libssh2 runs in non-blocking mode and does its reading and writing through callbacks of ours, which know
// the deadline of the step under way (so that a peer that never stops sending cannot hold a thread beyond it)
// and count what was given to the socket (so that it is known whether a request left).
#ifndef CVM_LIB_SSH_TRANSPORT_H_
#define CVM_LIB_SSH_TRANSPORT_H_

#include <libssh2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/ssh/socket.h"
#include "lib/ssh/ssh.h"

namespace cvm::ssh {

struct SessionDeleter {
  void operator()(LIBSSH2_SESSION* session) const;
};
using SessionHandle = std::unique_ptr<LIBSSH2_SESSION, SessionDeleter>;

// A new, unconnected, non-blocking session. `abstract` is what its callbacks get.
SessionHandle NewSession(void* abstract);

class Transport {
 public:
  // Connects and waits until the peer says something, as an SSH server does first. kUnavailable where that
  // fails; kConflict: the peer closed the connection at once, as sshd does beyond its MaxStartups;
  // kOverloaded: something of this process is used up.
  static base::Result<std::unique_ptr<Transport>> Connect(const std::string& host, std::uint16_t port,
                                                          base::Deadline deadline);
  // Exchanges keys; the peer may choose among `key_types` only. Once, before anything else. Errors as
  // Connect()'s: a refusal beyond MaxStartups can also come as a line of text.
  base::Status Handshake(const std::vector<std::string>& key_types, base::Deadline deadline);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  // Does not wait for the peer.
  ~Transport();

  LIBSSH2_SESSION* handle() const { return session_.get(); }
  HostKey ShownKey() const;

  // Calls `step` until it gives anything but EAGAIN, waiting for the socket in between. Gives what the step
  // gave, or LIBSSH2_ERROR_TIMEOUT.
  template <class Step>
  int Drive(base::Deadline deadline, Step step) {
    deadline_ = deadline;
    for (;;) {
      const int code = static_cast<int>(step());
      if (code != LIBSSH2_ERROR_EAGAIN) return code;
      if (!Wait(deadline)) return LIBSSH2_ERROR_TIMEOUT;
    }
  }
  // Waits for what libssh2 waits for; false: the deadline passed.
  bool Wait(base::Deadline deadline);

  // Why a step failed, in words: `what` was being done.
  std::string Explain(const std::string& what, int code) const;
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  bool PeerClosed() const { return socket_.PeerClosed(); }
  // Nothing is sent or received from here on, so that freeing what libssh2 holds cannot wait.
  void Abandon() { socket_.Shutdown(); }
  // From here on nothing is acknowledged sooner than the kernel does it by itself. Until then everything is:
  // sshd keeps Nagle's algorithm on until the first command, and would hold what it says after the login back
  // for the 40 ms of a delayed acknowledgement.
  void Settle() { settled_ = true; }
  // Says goodbye, as far as that goes without waiting.
  void Disconnect();

 private:
  explicit Transport(Socket socket) : socket_(std::move(socket)) {}
  bool Dropped() const;
  void NoteFirstWords(std::string_view received) {
    constexpr std::size_t kEnough = 32;
    if (first_words_.size() < kEnough) first_words_ += received.substr(0, kEnough);
  }
  static LIBSSH2_SEND_FUNC(Send);
  static LIBSSH2_RECV_FUNC(Receive);

  Socket socket_;
  base::Deadline deadline_ = base::Deadline::At({});
  std::uint64_t bytes_sent_ = 0;
  bool settled_ = false;
  std::string first_words_;  // what the peer's greeting begins with
  SessionHandle session_;    // last: it dies first, and its callbacks use what stands above
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_TRANSPORT_H_
