// A FastCGI client for tests: one connection to a unix socket, over which a test sends records whole, in
// pieces, or not at all.
#ifndef CVM_TESTS_SUPPORT_FCGI_CLIENT_H_
#define CVM_TESTS_SUPPORT_FCGI_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cvm::tests {

using FcgiParameters = std::vector<std::pair<std::string, std::string>>;

struct FcgiAnswer {
  std::string status;  // "200 OK"
  std::string head;    // every header line, with its end
  std::string body;
};

// The parameters that a request always has, and those of `more`.
FcgiParameters RequestParameters(const std::string& method, const std::string& target,
                                 const FcgiParameters& more = {});

// Everything waits at most kPatience and throws std::runtime_error where it waited in vain.
class FcgiClient {
 public:
  static constexpr int kPatience = 60;  // seconds

  explicit FcgiClient(const std::string& socket_path);
  FcgiClient(const FcgiClient&) = delete;
  FcgiClient& operator=(const FcgiClient&) = delete;
  FcgiClient(FcgiClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~FcgiClient() { Close(); }

  // A whole request in one piece.
  void Send(const FcgiParameters& parameters, std::string_view body = {}, bool keep = true);
  // The pieces of one.
  void SendBegin(bool keep, std::uint8_t role = 1);
  void SendParameters(const FcgiParameters& parameters, bool end = true);
  void SendBody(std::string_view body, std::size_t record_size);
  void SendBodyEnd();
  void SendRaw(std::string_view bytes);

  // The answer of one request.
  FcgiAnswer Receive();
  // Whether the other side ends the connection, without another byte.
  bool Ended();
  void Close();
  // No more bytes come from here; answers are still received.
  void CloseSending();

  // Send and Receive on a new connection that is not kept.
  static FcgiAnswer Ask(const std::string& socket_path, const FcgiParameters& parameters);

 private:
  bool Read(char* into, std::size_t size);

  int fd_ = -1;
};

}  // namespace cvm::tests

#endif  // CVM_TESTS_SUPPORT_FCGI_CLIENT_H_
