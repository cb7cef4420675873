// A request and its answer as the API sees them: HTTP without a transport.
#ifndef CVM_LIB_API_HTTP_H_
#define CVM_LIB_API_HTTP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/base/deadline.h"

namespace cvm::api {

// What a client sent. The views belong to the transport and are valid until the answer has been written.
struct Request {
  std::string_view method;      // as sent: "GET"
  std::string_view target;      // the raw request target: "/api/client/vps/list?x=1"
  std::string_view request_id;  // made by the web server
  auth::Presented presented;    // the token headers as often as they came, and the client's address
  base::Deadline deadline;      // by which the answer must be on its way; counted from arrival
};

// What it gets. For HEAD the transport leaves the body out and keeps its length.
struct Response {
  int status = 200;
  std::string reason = "OK";
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length is the transport's
  std::string body;
  std::uint64_t token_id = 0;  // the row of the pair that was judged valid, for the log; 0: none was
};

}  // namespace cvm::api

#endif  // CVM_LIB_API_HTTP_H_
