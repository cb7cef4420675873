#include <string>

#include "lib/ssh/ssh.h"

namespace cvm::ssh {

std::string Endpoint::Where() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return user + "@" + (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace cvm::ssh
