// Host names to addresses, by the system's resolver.
#ifndef CVM_LIB_SSH_RESOLVER_H_
#define CVM_LIB_SSH_RESOLVER_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"

namespace cvm::ssh {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// At least one address, in the resolver's order. getaddrinfo() knows no deadline and can block for as long as
// the name servers are silent, so a name (not a numeric address) is looked up by a thread of its own that is
// left behind when the deadline passes; how many there can be is bounded. kUnavailable: no such name, or
// no answer in time; kOverloaded: too many look-ups or threads under way.
base::Result<std::vector<Address>> Resolve(const std::string& host, std::uint16_t port,
                                           base::Deadline deadline);

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_RESOLVER_H_
