#include "tests/bench/bare_session.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace cvm::bench {
namespace {

int Connected(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  constexpr int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return descriptor;
  close(descriptor);
  throw std::runtime_error("the node cannot be reached");
}

struct FreeChannel {
  void operator()(LIBSSH2_CHANNEL* channel) const { libssh2_channel_free(channel); }
};

}  // namespace

BareSession::BareSession(std::uint16_t port, const std::string& key_file)
    : socket_(Connected(port)), session_(libssh2_session_init()) {
  if (libssh2_session_handshake(session_.get(), socket_) != 0 ||
      libssh2_userauth_publickey_fromfile(session_.get(), "root", nullptr, key_file.c_str(), nullptr) != 0) {
    throw std::runtime_error("no login on the node");
  }
}

BareSession::~BareSession() {
  libssh2_session_disconnect(session_.get(), "done");
  session_.reset();
  close(socket_);
}

std::string BareSession::Run(const std::string& line) {
  const std::unique_ptr<LIBSSH2_CHANNEL, FreeChannel> channel(libssh2_channel_open_session(session_.get()));
  if (!channel || libssh2_channel_exec(channel.get(), line.c_str()) != 0) {
    throw std::runtime_error("no command on the node");
  }
  std::string out;
  char buffer[4096];
  for (ssize_t count; (count = libssh2_channel_read(channel.get(), buffer, sizeof buffer)) > 0;) {
    out.append(buffer, static_cast<std::size_t>(count));
  }
  libssh2_channel_close(channel.get());
  libssh2_channel_wait_closed(channel.get());
  if (libssh2_channel_get_exit_status(channel.get()) != 0) throw std::runtime_error(line + " failed");
  return out;
}

}  // namespace cvm::bench
