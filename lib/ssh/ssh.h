// Commands run on remote hosts over SSH. The one door to libssh2.
//
// Runner is what other modules see. Pool, its implementation, keeps authenticated sessions to each endpoint
// and lends one to one thread at a time; it is shared by all threads. Nothing here knows what the commands
// mean.
#ifndef CVM_LIB_SSH_SSH_H_
#define CVM_LIB_SSH_SSH_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"

namespace cvm::ssh {

// A whole public host key, as in known_hosts.
struct HostKey {
  std::string type;  // "ssh-ed25519", "ecdsa-sha2-nistp256", …
  std::string blob;  // the key's wire form in Base64

  // Reads "TYPE BASE64[ comment]"; kInvalid for a type we do not accept, or a blob that is not of that type.
  static base::Result<HostKey> Parse(std::string_view line);
  // "SHA256:…", as ssh-keygen -l prints it.
  std::string Fingerprint() const;
  std::string Line() const { return type + " " + blob; }
  friend bool operator==(const HostKey& a, const HostKey& b) { return a.type == b.type && a.blob == b.blob; }
};

// The host key types that we accept, in the order in which they are preferred. The last, "ssh-rsa", is for
// servers of old: libssh2 1.10 knows RSA keys with SHA-1 only, which OpenSSH does not offer since 8.8.
const std::vector<std::string>& HostKeyTypes();

// Where a session goes and what must be true of it.
struct Endpoint {
  std::string host;  // a name or an address
  std::uint16_t port = 22;
  std::string user = "root";
  std::string key_name = "id_ed25519";  // a file below Settings::key_directory
  std::vector<HostKey> host_keys;       // pinned: the host must show one of these; none pinned is refused
  std::string Where() const;            // "user@host:port", for messages
  // All of it in one text: equal where a session to the one would do for the other.
  std::string Identity() const;
};

// A remote command as a list of arguments. Each is quoted for the remote shell in one place.
class Command {
 public:
  explicit Command(std::vector<std::string> argv);
  const std::vector<std::string>& argv() const { return argv_; }
  std::string Quoted() const;

 private:
  std::vector<std::string> argv_;
};

// How a command that ran to its end came out. Any exit status is an answer, not an error.
struct Output {
  int exit_status = 0;
  std::string out;
  std::string err;
};

class Runner {
 public:
  virtual ~Runner() = default;
  // Sends the command at most once. Errors: kUnavailable: the host could not be reached (resolve, connect,
  // handshake, host key, login), or answered that it starts nothing: the command was not sent. kOverloaded:
  // capacity is used up for now (no session to be had by the deadline, or too little time to open one; the
  // server refuses one more; descriptors, look-ups): it was not sent, and nothing is said of the host.
  // kBroken: it was sent, and the connection broke, the deadline passed or it was killed by a signal, so that
  // nothing is known of its outcome; kInvalid: more output than the cap (it was sent).
  virtual base::Result<Output> Run(const Endpoint& endpoint, const Command& command,
                                   base::Deadline deadline) = 0;
};

// Whether an error of Run says that the command was not sent.
inline bool NotSent(const base::Error& error) {
  return error.code == base::ErrorCode::kUnavailable || error.code == base::ErrorCode::kOverloaded;
}

struct Settings {
  std::string key_directory = "/etc/cvm-client-api/keys";
  std::chrono::milliseconds connect_timeout{5000};  // TCP, handshake and login together
  std::chrono::seconds idle_timeout{60};            // an unused session is closed after this
  std::size_t sessions_per_endpoint = 10;           // at most
  std::size_t opens = 32;                           // under way at one time, to all endpoints together
  std::size_t output_cap = 1 << 20;                 // bytes of stdout and stderr together
};

// What a pool is doing and has done, for whoever watches it.
struct PoolFigures {
  struct Sessions {
    std::string endpoint;     // its Identity()
    std::size_t open = 0;     // lent, idle or being opened
    std::size_t in_use = 0;   // lent or being opened
    std::size_t waiting = 0;  // callers
  };
  std::vector<Sessions> endpoints;  // those that have a session or a caller
  // Since the pool was made.
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;   // not opened, for whatever reason but the next
  std::uint64_t dropped = 0;  // by a server before it greeted; tried again
};

// Sessions are opened when they are needed, few at a time (two to an endpoint; of Settings::opens in all half
// are kept from endpoints whose last one failed or was slow, and from the second to one endpoint), and each
// carries one command at a time. Callers beyond that wait in their endpoint's line, of bounded length; when
// an attempt has shown that the host cannot be reached, all in line are told so at once. One that died while
// idle is replaced without the caller noticing; so is a connection that sshd drops because too many are
// logging in (MaxStartups), for as long as there is hope. The first command on a new session is as fast as
// the next: nothing needs warming.
class Pool : public Runner {
 public:
  // Contacts nobody; starts a thread that closes idle sessions.
  explicit Pool(Settings settings);
  // No call may be under way.
  ~Pool() override;
  base::Result<Output> Run(const Endpoint& endpoint, const Command& command,
                           base::Deadline deadline) override;
  // A look at its books: waits for no host.
  PoolFigures Figures() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The steps to a session, in their order.
enum class SessionStep { kResolve, kConnect, kHostKey, kLogin };

// How far an attempt came: where it failed `reached` is the step that did.
struct SessionTrial {
  SessionStep reached = SessionStep::kResolve;
  base::Status status;
};

// Opens a session of its own and ends it, for whoever has to say what is in the way. Within
// settings.connect_timeout; unlike a Pool it tries once.
SessionTrial TrySession(const Settings& settings, const Endpoint& endpoint, base::Deadline deadline);

// The public key in the file KEY.pub beside the private key `key_name`, which is where ssh-keygen puts it.
// kNotFound and kInvalid, with what to do about it.
base::Result<HostKey> ReadPublicKey(const Settings& settings, const std::string& key_name);

// The key of `type` that the host shows now, unverified. kUnavailable: not reached, or it has none of that
// type; kInvalid: not one of HostKeyTypes().
base::Result<HostKey> FetchHostKey(const std::string& host, std::uint16_t port, const std::string& type,
                                   base::Deadline deadline);

// Whether the private key `key_name` below `key_directory` is there, is readable by its owner (and group)
// alone, and parses. kNotFound or kInvalid, with what to do about it. Best are ed25519 keys; with an ECDSA
// key in OpenSSH's own format libssh2 1.10 loses some 60 bytes at each login (as PEM it does not).
base::Status CheckKey(const Settings& settings, const std::string& key_name);

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_SSH_H_
