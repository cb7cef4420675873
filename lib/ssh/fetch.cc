#include <algorithm>
#include <cstdint>
#include <string>

#include "lib/ssh/ssh.h"
#include "lib/ssh/transport.h"

namespace cvm::ssh {

base::Result<HostKey> FetchHostKey(const std::string& host, std::uint16_t port, const std::string& type,
                                   base::Deadline deadline) {
  const auto& known = HostKeyTypes();
  if (std::find(known.begin(), known.end(), type) == known.end()) {
    return base::Error{base::ErrorCode::kInvalid,
                       "\"" + type + "\" is not a type of host key that is accepted"};
  }
  const auto transport = Transport::Connect(host, port, deadline);
  auto status = transport.ok() ? (*transport)->Handshake({type}, deadline) : transport.error();
  if (!status.ok()) return base::Error{base::ErrorCode::kUnavailable, status.error().message};
  const HostKey shown = (*transport)->ShownKey();
  auto key = HostKey::Parse(shown.Line());
  if (key.ok() && key->type == type) return key;
  return base::Error{base::ErrorCode::kUnavailable, host + " shows no proper key of type " + type};
}

}  // namespace cvm::ssh
