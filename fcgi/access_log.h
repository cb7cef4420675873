// The log's one line a request.
#ifndef CVM_FCGI_ACCESS_LOG_H_
#define CVM_FCGI_ACCESS_LOG_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/api/http.h"

namespace cvm::fcgi {

// What the line says. Strings are cut to a bounded length; they are escaped where they are written.
struct AccessEntry {
  std::string request_id;
  std::string client;
  std::string token;  // the row's number, or "-" where no pair was judged valid
  std::string method;
  std::string path;  // without the query string, which is the client's own and might hold a secret
  int status = 0;
  std::chrono::milliseconds taken{};  // from arrival until the answer was on its way
};

AccessEntry DescribeAccess(const api::Request& request, const api::Response& response,
                           std::chrono::milliseconds taken);

// Writes it as the event "request".
void LogAccess(const AccessEntry& entry);

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_ACCESS_LOG_H_
