#include "tests/support/database_relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace cvm::test {
namespace {

// The protocol's: three bytes of length, one number that is 0 where a command begins, then the command's
// byte.
constexpr std::size_t kHeader = 4;
constexpr unsigned char kQuit = 0x01, kCloseStatement = 0x19;  // nothing is answered to these

unsigned char ByteAt(const std::string& text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

std::size_t LengthOf(const std::string& packet) {
  return kHeader + ByteAt(packet, 0) + (std::size_t{ByteAt(packet, 1)} << 8) +
         (std::size_t{ByteAt(packet, 2)} << 16);
}

bool IsAnswered(const std::string& packet) {
  if (ByteAt(packet, 3) != 0 || packet.size() <= kHeader) return false;
  const unsigned char command = ByteAt(packet, kHeader);
  return command != kQuit && command != kCloseStatement;
}

int Socket(const std::string& path, decltype(&connect) join) {
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (made >= 0 && join(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  if (made >= 0) close(made);
  return -1;
}

// Adds what has come; false at the end.
bool Receive(int from, std::string& into) {
  std::array<char, 16384> buffer{};
  const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
  if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

bool Send(int to, const std::string& text) {
  return send(to, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

}  // namespace

DatabaseRelay::DatabaseRelay(std::string server, const std::string& path, unsigned command, Hold hold)
    : server_(std::move(server)), path_(path), command_(command), hold_(hold) {
  listener_ = Socket(path, bind);
  if (listener_ < 0 || listen(listener_, 64) != 0) throw std::runtime_error(path + ": cannot listen");
  accepting_ = std::thread([this] { Accept(); });
}

DatabaseRelay::~DatabaseRelay() {
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& client : clients_) client.join();
  close(listener_);
  unlink(path_.c_str());
}

void DatabaseRelay::Accept() {
  for (int client; (client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
    clients_.emplace_back([this, client] { Serve(client); });
  }
}

void DatabaseRelay::Serve(int client) {
  const int server = Socket(server_, connect);
  std::string unsent;
  std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
  bool going = server >= 0;
  while (going && poll(ends.data(), ends.size(), -1) > 0) {
    if (ends[1].revents != 0) {
      std::string answer;
      going = Receive(server, answer) && Send(client, answer);
    }
    if (going && ends[0].revents != 0)
      going = Receive(client, unsent) && PassCommands(client, server, unsent);
  }
  if (server >= 0) close(server);
  close(client);
}

// Passes whole packets on; false once one was held and the client has gone.
bool DatabaseRelay::PassCommands(int client, int server, std::string& unsent) {
  while (unsent.size() >= kHeader && unsent.size() >= LengthOf(unsent)) {
    const std::string packet = unsent.substr(0, LengthOf(unsent));
    unsent.erase(0, packet.size());
    const bool hold = IsAnswered(packet) && ++commands_ == command_;
    const bool passed = (hold && hold_ == Hold::kCommand) || Send(server, packet);
    if (!passed) return false;
    if (!hold) continue;
    std::string answer;
    if (hold_ == Hold::kAnswer && !Receive(server, answer)) return false;
    held_ = true;
    AwaitEnd(client);
    return false;
  }
  return true;
}

void DatabaseRelay::AwaitEnd(int client) {
  std::string ignored;
  while (Receive(client, ignored)) {
  }
}

}  // namespace cvm::test
