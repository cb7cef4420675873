// One FastCGI request over a connection that is ours: the one door to libfcgi.
//
// libfcgi accepts nothing here. It gets a duplicate of the connection's descriptor, which it may close as it
// likes (it does so at every error, deep in its calls); the connection itself stays with its owner, whose
// number nobody else can get meanwhile. The duplicate is detached, without which libfcgi would wait at
// closing, up to two seconds and longer, for the other side to close first.
//
// What libfcgi does not bear, whoever can connect can do to the process: a record of parameters whose lengths
// add up beyond INT_MAX, and an FCGI_GET_VALUES that asks four times for the same, end it inside the library;
// nor does the library bound the bytes of the parameters. Therefore the socket's mode is the border, and a
// supervisor restarts the worker. A value ends at its first NUL. Bytes that follow a request before its
// answer (pipelining, which no web server does) are lost.
#ifndef CVM_FCGI_EXCHANGE_H_
#define CVM_FCGI_EXCHANGE_H_

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "lib/base/error.h"

struct FCGX_Request;

namespace cvm::fcgi {

class Exchange {
 public:
  // More of either is no request of this API: nginx ends headers at 32 KiB and bodies at 64.
  static constexpr std::size_t kMostParameters = 1000;
  static constexpr std::size_t kMostBody = std::size_t{1} << 20;  // bytes

  // Reads one request from the blocking socket `connection`: its parameters, and its body, which nobody
  // wants, up to kMostBody. Waits no longer for any bytes than the socket's own receive timeout. After an
  // error nothing more can be read from the connection. kUnavailable: no descriptor was left to duplicate it;
  // kBroken: the request was not complete when the connection ended, fell silent or left the protocol;
  // kInvalid: it is complete, and none that is served here.
  static base::Result<Exchange> Receive(int connection);

  // "NAME=value" in the order they came, and a null pointer; valid as long as this.
  const char* const* parameters() const;

  // Sends the answer, header lines and body, and ends the request. False where the other side did not take it
  // all, within the socket's send timeout for each piece. Once.
  bool Send(std::string_view head, std::string_view body);

  // Whether the web server goes on with this connection, and it is fit for another request.
  bool keep() const { return keep_; }

 private:
  struct Free {
    void operator()(FCGX_Request* request) const;
  };
  explicit Exchange(std::unique_ptr<FCGX_Request, Free> request) : request_(std::move(request)) {}
  base::Status CheckKind() const;
  base::Status ReadBody();

  std::unique_ptr<FCGX_Request, Free> request_;
  bool keep_ = false;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_EXCHANGE_H_
