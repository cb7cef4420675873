#include "tests/support/fcgi_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace cvm::tests {
namespace {

// Numbers of the FastCGI specification, version 1.
enum RecordType : std::uint8_t {
  kBeginRequest = 1,
  kEndRequest = 3,
  kParams = 4,
  kStdin = 5,
  kStdout = 6,
};
constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kMostContent = 65535;

char Byte(std::size_t number) {
  return static_cast<char>(static_cast<unsigned char>(number & 0xff));
}

std::string Record(RecordType type, std::string_view content) {
  std::string record = {1, static_cast<char>(type), 0, 1, Byte(content.size() >> 8), Byte(content.size()), 0,
                        0};
  return record.append(content);
}

std::string Begin(bool keep, std::uint8_t role) {
  const char body[8] = {0, static_cast<char>(role), keep ? '\1' : '\0', 0, 0, 0, 0, 0};
  return Record(kBeginRequest, {body, sizeof body});
}

std::string Length(std::size_t size) {
  if (size < 128) return {Byte(size)};
  return {Byte((size >> 24) | 0x80), Byte(size >> 16), Byte(size >> 8), Byte(size)};
}

std::string Stream(RecordType type, std::string_view content, std::size_t record_size) {
  std::string records;
  for (; !content.empty(); content.remove_prefix(std::min(record_size, content.size()))) {
    records += Record(type, content.substr(0, record_size));
  }
  return records;
}

std::string Params(const FcgiParameters& parameters, bool end = true) {
  std::string content;
  for (const auto& [name, value] : parameters) {
    content += Length(name.size()) + Length(value.size()) + name + value;
  }
  return Stream(kParams, content, kMostContent) + (end ? Record(kParams, {}) : std::string());
}

[[noreturn]] void Fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

FcgiAnswer Split(const std::string& output) {
  constexpr std::string_view kBlankLine = "\r\n\r\n";
  constexpr std::string_view kStatus = "Status: ";
  const std::size_t end = output.find(kBlankLine);
  if (output.rfind(kStatus, 0) != 0 || end == std::string::npos) {
    throw std::runtime_error("not an answer: " + output);
  }
  const std::size_t line = output.find("\r\n");
  return {output.substr(kStatus.size(), line - kStatus.size()), output.substr(line + 2, end - line),
          output.substr(end + kBlankLine.size())};
}

}  // namespace

FcgiParameters RequestParameters(const std::string& method, const std::string& target,
                                 const FcgiParameters& more) {
  FcgiParameters parameters = {{"REQUEST_METHOD", method},
                               {"REQUEST_URI", target},
                               {"REQUEST_ID", "0123456789abcdef0123456789abcdef"},
                               {"REMOTE_ADDR", "192.0.2.1"}};
  parameters.insert(parameters.end(), more.begin(), more.end());
  return parameters;
}

FcgiClient::FcgiClient(const std::string& socket_path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) Fail("socket");
  ::timeval time{};
  time.tv_sec = kPatience;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    Close();
    errno = error;
    Fail("connect");
  }
}

void FcgiClient::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void FcgiClient::CloseSending() {
  ::shutdown(fd_, SHUT_WR);
}

void FcgiClient::SendRaw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ::ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) Fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void FcgiClient::Send(const FcgiParameters& parameters, std::string_view body, bool keep) {
  SendRaw(Begin(keep, 1) + Params(parameters) + Stream(kStdin, body, kMostContent) + Record(kStdin, {}));
}

void FcgiClient::SendBegin(bool keep, std::uint8_t role) {
  SendRaw(Begin(keep, role));
}

void FcgiClient::SendParameters(const FcgiParameters& parameters, bool end) {
  SendRaw(Params(parameters, end));
}

void FcgiClient::SendBody(std::string_view body, std::size_t record_size) {
  SendRaw(Stream(kStdin, body, record_size));
}

void FcgiClient::SendBodyEnd() {
  SendRaw(Record(kStdin, {}));
}

// False at the end of the connection before the first byte.
bool FcgiClient::Read(char* into, std::size_t size) {
  for (std::size_t have = 0; have < size;) {
    const ::ssize_t got = ::recv(fd_, into + have, size - have, 0);
    if (got < 0 && errno != ECONNRESET) Fail("recv");
    if (got <= 0 && have == 0) return false;
    if (got <= 0) throw std::runtime_error("the connection ended within a record");
    have += static_cast<std::size_t>(got);
  }
  return true;
}

FcgiAnswer FcgiClient::Receive() {
  std::string output;
  for (;;) {
    std::array<char, kHeaderSize> header{};
    if (!Read(header.data(), header.size()))
      throw std::runtime_error("the connection ended before an answer");
    const auto at = [&](std::size_t i) {
      return static_cast<std::size_t>(static_cast<unsigned char>(header[i]));
    };
    const std::size_t content_size = at(4) * 256 + at(5);
    std::string content(content_size + at(6), '\0');
    if (!content.empty() && !Read(content.data(), content.size())) throw std::runtime_error("half a record");
    if (at(1) == kEndRequest) return Split(output);
    if (at(1) == kStdout) output.append(content, 0, content_size);
  }
}

bool FcgiClient::Ended() {
  char byte = 0;
  return !Read(&byte, 1);
}

FcgiAnswer FcgiClient::Ask(const std::string& socket_path, const FcgiParameters& parameters) {
  FcgiClient client(socket_path);
  client.Send(parameters, {}, false);
  return client.Receive();
}

}  // namespace cvm::tests
