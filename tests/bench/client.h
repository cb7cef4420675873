// A client that keeps its connection, as a script with a session does. One thread at a time.
#ifndef CVM_TESTS_BENCH_CLIENT_H_
#define CVM_TESTS_BENCH_CLIENT_H_

#include <curl/curl.h>

#include <memory>
#include <string>

namespace cvm::bench {

class Client {
 public:
  // libcurl must have been initialized.
  Client(const std::string& url, const std::string& public_token, const std::string& private_token);

  // The answer's body; throws std::runtime_error for any answer but 200, and for none.
  const std::string& Get(const std::string& target) { return Ask(target, nullptr); }
  const std::string& Post(const std::string& target) { return Ask(target, "POST"); }
  // The status word of a VPS.
  std::string Status(const std::string& vps);

 private:
  struct FreeCurl {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  const std::string& Ask(const std::string& target, const char* method);

  std::string url_;
  std::unique_ptr<std::string> body_;  // libcurl holds its address
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeCurl> curl_;
};

}  // namespace cvm::bench

#endif  // CVM_TESTS_BENCH_CLIENT_H_
