#include "tests/support/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <stdexcept>

namespace cvm::test {
namespace {

struct FreeCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, FreeCurl>;
using List = std::unique_ptr<curl_slist, FreeList>;

std::size_t KeepBody(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

std::string Trimmed(std::string text) {
  text.erase(text.find_last_not_of("\r\n \t") + 1);
  return text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

void KeepStatusLine(const std::string& line, HttpAnswer& answer) {
  answer.headers.clear();
  const std::size_t after_code = line.find(' ', line.find(' ') + 1);
  answer.reason = after_code == std::string::npos ? "" : Trimmed(line.substr(after_code));
}

std::size_t KeepHeader(char* data, std::size_t size, std::size_t count, void* target) {
  auto& answer = *static_cast<HttpAnswer*>(target);
  const std::string line(data, size * count);
  const std::size_t colon = line.find(':');
  if (line.rfind("HTTP/", 0) == 0) {
    KeepStatusLine(line, answer);
  } else if (colon != std::string::npos) {
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers.emplace_back(name, Trimmed(line.substr(colon + 1)));
  }
  return size * count;
}

List HeaderList(const Headers& headers) {
  List list(curl_slist_append(nullptr, "Expect:"));  // No waiting for a 100.
  for (const auto& [name, value] : headers) {
    // libcurl's way to send a header without a value is a semicolon.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    list.reset(curl_slist_append(list.release(), line.c_str()));
  }
  return list;
}

void SetMethod(CURL* curl, const HttpRequest& request) {
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (request.body.empty()) return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
}

}  // namespace

bool HttpAnswer::Has(const std::string& name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

std::string HttpAnswer::Header(const std::string& name) const {
  std::string joined;
  for (const auto& [key, value] : headers) {
    if (key == name) joined += (joined.empty() ? "" : ", ") + value;
  }
  return joined;
}

HttpAnswer Http(const std::string& base_url, const HttpRequest& request) {
  const Curl curl(curl_easy_init());
  HttpAnswer answer;
  const List list = HeaderList(request.headers);
  curl_easy_setopt(curl.get(), CURLOPT_URL, base_url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_REQUEST_TARGET, request.target.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, KeepBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, KeepHeader);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  SetMethod(curl.get(), request);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) throw std::runtime_error(std::string("curl: ") + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

}  // namespace cvm::test
