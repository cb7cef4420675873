#include <string>

#include "lib/ssh/ssh.h"

namespace cvm::ssh {

std::string Endpoint::Where() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return user + "@" + (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Endpoint::Identity() const {
  std::string all = Where() + '\n' + key_name;
  for (const HostKey& pin : host_keys) all += '\n' + pin.Line();
  return all;
}

}  // namespace cvm::ssh
