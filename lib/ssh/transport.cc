#include "lib/ssh/transport.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>

#include "lib/base/crypto.h"
#include "lib/base/text.h"

namespace cvm::ssh {
namespace {

void InitializeLibrary() {
  static const int code = libssh2_init(0);
  base::FatalAssert(code == 0, "libssh2_init failed");
}

std::string Join(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ",") + word;
  return list;
}

// A callback of libssh2 gives a count or a negated errno.
ssize_t CountOrError(ssize_t count) {
  if (count >= 0) return count;
  return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

base::Error DroppedEarly() {
  return {base::ErrorCode::kConflict,
          "it closed the connection before it greeted, as sshd does beyond its MaxStartups"};
}

const char* TypeName(int type) {
  switch (type) {
    case LIBSSH2_HOSTKEY_TYPE_ED25519:
      return "ssh-ed25519";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_256:
      return "ecdsa-sha2-nistp256";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_384:
      return "ecdsa-sha2-nistp384";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_521:
      return "ecdsa-sha2-nistp521";
    case LIBSSH2_HOSTKEY_TYPE_RSA:
      return "ssh-rsa";
    default:
      return "unknown";
  }
}

}  // namespace

void SessionDeleter::operator()(LIBSSH2_SESSION* session) const {
  // The socket was shut down before, so that this ends at once; EAGAIN cannot come from a dead socket for
  // long, and the bound keeps even that from becoming a loop.
  for (int i = 0; i < 100 && libssh2_session_free(session) == LIBSSH2_ERROR_EAGAIN; ++i) {
  }
}

SessionHandle NewSession(void* abstract) {
  InitializeLibrary();
  SessionHandle session(libssh2_session_init_ex(nullptr, nullptr, nullptr, abstract));
  base::FatalAssert(session != nullptr, "libssh2_session_init: out of memory");
  libssh2_session_set_blocking(session.get(), 0);
  return session;
}

ssize_t Transport::Send(libssh2_socket_t socket, const void* buffer, size_t length, int flags,
                        void** abstract) {
  auto* self = static_cast<Transport*>(*abstract);
  if (self->deadline_.Passed()) return -ETIMEDOUT;
  const ssize_t count = CountOrError(send(socket, buffer, length, flags | MSG_NOSIGNAL));
  if (count > 0) self->bytes_sent_ += static_cast<std::uint64_t>(count);
  return count;
}

ssize_t Transport::Receive(libssh2_socket_t socket, void* buffer, size_t length, int flags, void** abstract) {
  auto* self = static_cast<Transport*>(*abstract);
  if (self->deadline_.Passed()) return -ETIMEDOUT;
  const ssize_t count = CountOrError(recv(socket, buffer, length, flags));
  if (!self->settled_) self->socket_.AckAtOnce();
  if (count > 0) self->NoteFirstWords({static_cast<const char*>(buffer), static_cast<std::size_t>(count)});
  return count;
}

base::Result<std::unique_ptr<Transport>> Transport::Connect(const std::string& host, std::uint16_t port,
                                                            base::Deadline deadline) {
  auto socket = ssh::Connect(host, port, deadline);
  if (!socket.ok()) return socket.error();
  if (!WaitFor(socket->descriptor(), POLLIN, deadline)) {
    return base::Error{base::ErrorCode::kUnavailable,
                       "it accepts connections and says nothing: the deadline passed"};
  }
  if (socket->PeerClosed()) return DroppedEarly();
  return std::unique_ptr<Transport>(new Transport(std::move(*socket)));
}

// Whether the peer hung up without a greeting, or with sshd's words of refusal for one.
bool Transport::Dropped() const {
  constexpr std::string_view kRefusal = "Exceeded MaxStartups";
  return PeerClosed() && (first_words_.empty() || first_words_.compare(0, kRefusal.size(), kRefusal) == 0);
}

base::Status Transport::Handshake(const std::vector<std::string>& key_types, base::Deadline deadline) {
  session_ = NewSession(this);
  LIBSSH2_SESSION* session = session_.get();
  // libssh2 takes every kind of callback as a void pointer.
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, reinterpret_cast<void*>(&Transport::Send));
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, reinterpret_cast<void*>(&Transport::Receive));
  const std::string types = Join(key_types);
  int code = libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, types.c_str());
  if (code == 0) {
    code = Drive(deadline, [&] { return libssh2_session_handshake(session, socket_.descriptor()); });
  }
  if (code == 0) return {};
  const bool dropped = Dropped();
  Abandon();
  if (dropped) return DroppedEarly();
  return base::Error{base::ErrorCode::kUnavailable, Explain("handshake (host key " + types + ")", code)};
}

Transport::~Transport() {
  Abandon();
}

HostKey Transport::ShownKey() const {
  std::size_t size = 0;
  int type = LIBSSH2_HOSTKEY_TYPE_UNKNOWN;
  const char* blob = libssh2_session_hostkey(session_.get(), &size, &type);
  if (blob == nullptr) return {TypeName(LIBSSH2_HOSTKEY_TYPE_UNKNOWN), ""};
  return {TypeName(type), base::Base64({blob, size})};
}

bool Transport::Wait(base::Deadline deadline) {
  const int directions = libssh2_session_block_directions(session_.get());
  const bool out = (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
  const bool in = (directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 || !out;
  const int events = (in ? POLLIN : 0) | (out ? POLLOUT : 0);
  return WaitFor(socket_.descriptor(), static_cast<short>(events), deadline);
}

std::string Transport::Explain(const std::string& what, int code) const {
  if (code == LIBSSH2_ERROR_TIMEOUT || deadline_.Passed()) return what + ": the deadline passed";
  char* text = nullptr;
  int length = 0;
  libssh2_session_last_error(session_.get(), &text, &length, 0);
  const std::string_view words(text != nullptr ? text : "", static_cast<std::size_t>(length));
  return what + ": " + base::Shorten(words, 200) + " (libssh2 " + std::to_string(code) + ")";
}

void Transport::Disconnect() {
  deadline_ = base::Deadline::In(std::chrono::seconds(1));
  // EAGAIN: the goodbye did not fit into the socket; it is a courtesy only.
  libssh2_session_disconnect(session_.get(), "idle");
}

}  // namespace cvm::ssh
