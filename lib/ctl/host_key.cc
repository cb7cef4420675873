#include "lib/ctl/host_key.h"

#include <functional>
#include <optional>
#include <string>

namespace cvm::ctl {
namespace {

// Fetches the host's keys, one type after the other, until `accept` takes one. The first failure is kept in
// `failure`: the later ones mostly say that there is no key of that type.
std::optional<ssh::HostKey> FetchUntil(Invocation& call, const ssh::Endpoint& endpoint,
                                       std::optional<base::Error>& failure,
                                       const std::function<bool(const ssh::HostKey&)>& accept) {
  const auto deadline = base::Deadline::In(2 * call.services->ssh_settings.connect_timeout);
  for (const std::string& type : ssh::HostKeyTypes()) {
    const auto key = ssh::FetchHostKey(endpoint.host, endpoint.port, type, deadline);
    if (key && accept(*key)) return *key;
    if (!key && !failure) failure = key.error();
  }
  return std::nullopt;
}

base::Result<ssh::HostKey> FetchByFingerprint(Invocation& call, const ssh::Endpoint& endpoint,
                                              const std::string& fingerprint) {
  std::string shown;
  std::optional<base::Error> failure;
  const auto key = FetchUntil(call, endpoint, failure, [&](const ssh::HostKey& candidate) {
    shown += "\n  " + candidate.type + " " + candidate.Fingerprint();
    return candidate.Fingerprint() == fingerprint;
  });
  if (key) return *key;
  if (shown.empty() && failure) return *failure;
  return base::Error{base::ErrorCode::kConflict,
                     "no host key of " + endpoint.host + " has the fingerprint " + fingerprint +
                         "; nothing was stored. Either it is not the host that you mean, or somebody stands "
                         "between. It shows:" +
                         shown};
}

base::Result<ssh::HostKey> FetchAndAsk(Invocation& call, const ssh::Endpoint& endpoint) {
  if (!call.console.terminal) {
    return base::Error{base::ErrorCode::kInvalid,
                       "the host key must be confirmed and there is no terminal to ask on: give --host-key "
                       "with the node's public key (/etc/ssh/ssh_host_ed25519_key.pub there), or with its "
                       "fingerprint (ssh-keygen -lf of that file)"};
  }
  std::optional<base::Error> failure;
  const auto key = FetchUntil(call, endpoint, failure, [](const ssh::HostKey&) { return true; });
  if (!key) return *failure;
  call.console.err
      << endpoint.host << " port " << endpoint.port << " shows the host key\n  " << key->type << " "
      << key->Fingerprint()
      << "\nCompare it with what `ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub` prints on the node.\n";
  if (call.console.Ask("Is it the same, and shall it be pinned?")) return *key;
  return base::Error{base::ErrorCode::kInternal, "the host key was not confirmed, nothing was stored"};
}

}  // namespace

base::Result<ssh::HostKey> KeyToPin(Invocation& call, const ssh::Endpoint& endpoint) {
  const auto given = call.arguments.Maybe("--host-key");
  if (!given) return FetchAndAsk(call, endpoint);
  if (IsFingerprint(*given)) return FetchByFingerprint(call, endpoint, *given);
  return ssh::HostKey::Parse(*given);
}

}  // namespace cvm::ctl
