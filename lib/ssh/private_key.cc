#include "lib/ssh/private_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "lib/base/text.h"
#include "lib/ssh/socket.h"
#include "lib/ssh/transport.h"

namespace cvm::ssh {
namespace {

constexpr std::size_t kLongestKey = std::size_t{64} * 1024;
constexpr std::size_t kLongestName = 64;
constexpr const char* kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
constexpr mode_t kForbidden = S_IWGRP | S_IXGRP | S_IRWXO;

base::Error Invalid(const std::string& what) {
  return {base::ErrorCode::kInvalid, what};
}

bool IsKeyName(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name[0] != '.' && name[0] != '-' &&
         name.find_first_not_of(kNameCharacters) == std::string::npos;
}

std::string ToMake(const std::string& path) {
  return "; make one with: ssh-keygen -t ed25519 -N '' -f " + path;
}

base::Status CheckMode(int descriptor, const std::string& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return Invalid(path + ": " + std::generic_category().message(errno));
  if (!S_ISREG(status.st_mode)) return Invalid(path + " is not a regular file");
  if ((status.st_mode & kForbidden) != 0) {
    return Invalid(path + " must be readable by its owner (and group) alone: chmod 0600 or 0640");
  }
  return {};
}

base::Result<base::Secret> ReadAll(int descriptor, const std::string& path) {
  std::string buffer(kLongestKey, '\0');
  std::size_t size = 0;
  for (;;) {
    const ssize_t count = read(descriptor, buffer.data() + size, buffer.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Invalid(path + ": " + std::generic_category().message(errno));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size == buffer.size()) return Invalid(path + " is too long for a private key");
  }
  buffer.resize(size);
  return base::Secret(std::move(buffer));
}

// Stands in for the socket: tells the words of a login request apart from a key that does not parse.
LIBSSH2_SEND_FUNC(RefuseToSend) {
  (void)socket, (void)buffer, (void)length, (void)flags;
  *static_cast<bool*>(*abstract) = true;
  return -ECONNRESET;
}

// libssh2 parses a key only on its way into a login request. So one is begun, and ends at the first byte that
// would be sent: it got there if and only if the key was understood.
bool Parses(const base::Secret& key) {
  bool understood = false;
  const SessionHandle session = NewSession(&understood);
  libssh2_session_callback_set(session.get(), LIBSSH2_CALLBACK_SEND, reinterpret_cast<void*>(&RefuseToSend));
  const std::string& text = key.Reveal();
  libssh2_userauth_publickey_frommemory(session.get(), "root", 4, nullptr, 0, text.data(), text.size(),
                                        nullptr);
  return understood;
}

}  // namespace

base::Result<base::Secret> ReadPrivateKey(const std::string& directory, const std::string& name) {
  if (!IsKeyName(name)) {
    return Invalid("\"" + base::EscapeForLog(base::Shorten(name, kLongestName)) +
                   "\" is not a key's file name");
  }
  const std::string path = directory + "/" + name;
  const Socket file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.descriptor() < 0) {
    const bool missing = errno == ENOENT;
    const std::string why = path + ": " + std::generic_category().message(errno);
    return missing ? base::Error{base::ErrorCode::kNotFound, why + ToMake(path)} : Invalid(why);
  }
  const auto mode = CheckMode(file.descriptor(), path);
  if (!mode.ok()) return mode.error();
  return ReadAll(file.descriptor(), path);
}

base::Status CheckKey(const Settings& settings, const std::string& key_name) {
  const auto key = ReadPrivateKey(settings.key_directory, key_name);
  if (!key.ok()) return key.error();
  if (Parses(*key)) return {};
  const std::string path = settings.key_directory + "/" + key_name;
  return Invalid(path + " is not a private key without a passphrase that libssh2 reads" + ToMake(path));
}

}  // namespace cvm::ssh
