// One command on a channel of its own.
#ifndef CVM_LIB_SSH_CHANNEL_H_
#define CVM_LIB_SSH_CHANNEL_H_

#include <libssh2.h>

#include <cstddef>
#include <memory>
#include <string>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/ssh/ssh.h"
#include "lib/ssh/transport.h"

namespace cvm::ssh {

struct ChannelDeleter {
  void operator()(LIBSSH2_CHANNEL* channel) const { libssh2_channel_free(channel); }
};

class Channel {
 public:
  // `transport` must outlive this.
  explicit Channel(Transport& transport) : transport_(transport) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  // Abandons the transport unless the channel was closed by both sides: to free the channel of a command that
  // still runs would wait for it.
  ~Channel();

  // kUnavailable: broken, or not confirmed by the deadline; kOverloaded: refused, as sshd does beyond its
  // MaxSessions.
  base::Status Open(base::Deadline deadline);
  // Errors as Runner::Run gives them. Once only, after Open().
  base::Result<Output> Run(const std::string& line, base::Deadline deadline, std::size_t output_cap);
  // Whether both sides closed it, so that the session can carry another.
  bool closed() const { return closed_; }

 private:
  base::Status Execute(const std::string& line, base::Deadline deadline);
  base::Status ReadBoth(Output& output, base::Deadline deadline, std::size_t output_cap);
  long ReadSome(int stream, std::string& into);
  bool HasQueuedData();
  base::Status Close(base::Deadline deadline);
  base::Status CheckSignal();
  base::Error Broken(const std::string& what, int code) const;

  Transport& transport_;
  std::unique_ptr<LIBSSH2_CHANNEL, ChannelDeleter> channel_;
  bool closed_ = false;
};

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_CHANNEL_H_
