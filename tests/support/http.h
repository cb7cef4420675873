// HTTP as a customer's script speaks it: libcurl, one fresh connection a request, the target sent as it is
// written.
#ifndef CVM_TESTS_SUPPORT_HTTP_H_
#define CVM_TESTS_SUPPORT_HTTP_H_

#include <string>
#include <utility>
#include <vector>

namespace cvm::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // "/api/client/vps/list": raw, behind the base URL
  Headers headers;
  std::string body;
};

struct HttpAnswer {
  int status = 0;
  std::string reason;  // of the status line
  Headers headers;     // names in lower case
  std::string body;

  // The values of every header of that (lower-case) name, joined by ", "; empty where there is none.
  std::string Header(const std::string& name) const;
  bool Has(const std::string& name) const;
};

// Throws std::runtime_error where no answer came. Times out after 60 s.
HttpAnswer Http(const std::string& base_url, const HttpRequest& request);

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_HTTP_H_
