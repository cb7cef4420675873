#include "lib/ssh/session.h"

#include <algorithm>
#include <vector>

#include "lib/log/log.h"
#include "lib/ssh/channel.h"
#include "lib/ssh/private_key.h"

namespace cvm::ssh {
namespace {

base::Error Unavailable(const std::string& what) {
  return {base::ErrorCode::kUnavailable, what};
}

// The types of the pinned keys, in our order of preference: the host is asked for a key that we know.
std::vector<std::string> PinnedTypes(const std::vector<HostKey>& pins) {
  std::vector<std::string> types;
  for (const std::string& type : HostKeyTypes()) {
    const bool pinned =
        std::any_of(pins.begin(), pins.end(), [&](const HostKey& k) { return k.type == type; });
    if (pinned) types.push_back(type);
  }
  return types;
}

constexpr char kIfItIsRight[] =
    "; where the host's own console shows that key too: cvmctl node pin NAME KEY --replace";

// What to do about a login that did not come to be, by libssh2's code.
const char* ToDo(int code) {
  switch (code) {
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
      return ": is the line that `cvmctl node authorize NAME` prints in authorized_keys there?";
    case LIBSSH2_ERROR_FILE:
    case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
      return ": `cvmctl config check` says what is wrong with it";
    default:
      return "";
  }
}

std::string Fingerprints(const std::vector<HostKey>& keys) {
  std::string list;
  for (const HostKey& key : keys) list += (list.empty() ? "" : " or ") + key.type + " " + key.Fingerprint();
  return list;
}

}  // namespace

base::Result<std::unique_ptr<Session>> Session::Open(const Endpoint& endpoint,
                                                     const std::string& key_directory,
                                                     base::Deadline deadline, SessionStep* reached) {
  const auto enter = [&](SessionStep step) {
    if (reached != nullptr) *reached = step;
  };
  enter(SessionStep::kHostKey);
  const auto types = PinnedTypes(endpoint.host_keys);
  if (types.empty()) return Unavailable(kNothingPinned);
  enter(SessionStep::kConnect);
  auto transport = Transport::Connect(endpoint.host, endpoint.port, deadline);
  if (!transport.ok()) return transport.error();
  std::unique_ptr<Session> session(new Session(std::move(*transport)));
  enter(SessionStep::kHostKey);
  auto status = session->transport_->Handshake(types, deadline);
  if (status.ok()) status = session->CheckHostKey(endpoint);
  if (status.ok()) {
    enter(SessionStep::kLogin);
    status = session->LogIn(endpoint, key_directory, deadline);
  }
  if (!status.ok()) return status.error();
  return session;
}

base::Status Session::CheckHostKey(const Endpoint& endpoint) const {
  const HostKey shown = transport_->ShownKey();
  const auto& pins = endpoint.host_keys;
  if (std::find(pins.begin(), pins.end(), shown) != pins.end()) return {};
  const std::string expected = Fingerprints(pins);
  const std::string got = shown.type + " " + shown.Fingerprint();
  log::Error(
      "ssh.host_key_mismatch",
      {{"where", endpoint.Where()},
       {"expected", expected},
       {"shown", got},
       {"hint",
        std::string("the host was installed anew, its address belongs to another host now, or somebody is "
                    "in between; no command is sent") +
            kIfItIsRight}});
  return Unavailable("the host key is not the pinned one: expected " + expected + ", shown " + got +
                     kIfItIsRight);
}

base::Status Session::LogIn(const Endpoint& endpoint, const std::string& key_directory,
                            base::Deadline deadline) {
  const auto key = ReadPrivateKey(key_directory, endpoint.key_name);
  if (!key.ok()) return Unavailable("cannot log in: " + key.error().message);
  const std::string& text = key->Reveal();
  const int code = transport_->Drive(deadline, [&] {
    return libssh2_userauth_publickey_frommemory(transport_->handle(), endpoint.user.data(),
                                                 endpoint.user.size(), nullptr, 0, text.data(), text.size(),
                                                 nullptr);
  });
  if (code == 0) return {};
  return Unavailable(
      transport_->Explain("login as " + endpoint.user + " with key " + endpoint.key_name, code) + ToDo(code));
}

base::Result<Output> Session::Run(const std::string& line, base::Deadline open_by, base::Deadline deadline,
                                  std::size_t output_cap) {
  clean_ = false;
  Channel channel(*transport_);
  const auto opened = channel.Open(open_by);
  if (!opened.ok()) return opened.error();
  transport_->Settle();
  auto output = channel.Run(line, deadline, output_cap);
  clean_ = channel.closed();
  return output;
}

}  // namespace cvm::ssh
