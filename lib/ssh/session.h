// An authenticated session on one endpoint, running one command at a time. Used by one thread at a time.
#ifndef CVM_LIB_SSH_SESSION_H_
#define CVM_LIB_SSH_SESSION_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/ssh/ssh.h"
#include "lib/ssh/transport.h"

namespace cvm::ssh {

inline constexpr char kNothingPinned[] = "no host key is pinned: cvmctl node pin NAME KEY";

class Session {
 public:
  // Connects, compares the host key with the pinned ones and logs in. kUnavailable where any of that fails;
  // a host key that is not pinned is logged as an error of its own. kConflict: the server closed the
  // connection before it greeted; kOverloaded: something of ours is used up. `reached`, where there is one,
  // is told each step before it is taken.
  static base::Result<std::unique_ptr<Session>> Open(const Endpoint& endpoint,
                                                     const std::string& key_directory,
                                                     base::Deadline deadline, SessionStep* reached = nullptr);

  // Runs one command line. Errors as Runner::Run gives them; kUnavailable where the connection broke before
  // the command was sent, or gave no channel by `open_by`, and kOverloaded where the server refuses one more
  // channel.
  base::Result<Output> Run(const std::string& line, base::Deadline open_by, base::Deadline deadline,
                           std::size_t output_cap);

  // Whether another command can be tried on it: the last one (if any) ended with its channel closed by both
  // sides, and the peer has not closed the connection since.
  bool Usable() const { return clean_ && !transport_->PeerClosed(); }
  // Ends an idle session without leaving the peer to wonder.
  void Disconnect() { transport_->Disconnect(); }

 private:
  explicit Session(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
  base::Status CheckHostKey(const Endpoint& endpoint) const;
  base::Status LogIn(const Endpoint& endpoint, const std::string& key_directory, base::Deadline deadline);

  std::unique_ptr<Transport> transport_;
  bool clean_ = true;
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SESSION_H_
