#include "tests/bench/client.h"

#include <cstddef>
#include <stdexcept>

namespace cvm::bench {
namespace {

std::size_t Keep(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

}  // namespace

Client::Client(const std::string& url, const std::string& public_token, const std::string& private_token)
    : url_(url), body_(std::make_unique<std::string>()), curl_(curl_easy_init()) {
  headers_.reset(curl_slist_append(nullptr, ("API-Public-Token: " + public_token).c_str()));
  headers_.reset(curl_slist_append(headers_.release(), ("API-Private-Token: " + private_token).c_str()));
  curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, Keep);
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, body_.get());
  curl_easy_setopt(curl_.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT, 60L);
}

const std::string& Client::Ask(const std::string& target, const char* method) {
  body_->clear();
  const std::string url = url_ + target;
  curl_easy_setopt(curl_.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl_.get(), CURLOPT_CUSTOMREQUEST, method);
  const CURLcode code = curl_easy_perform(curl_.get());
  if (code != CURLE_OK) throw std::runtime_error(target + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) throw std::runtime_error(target + ": " + std::to_string(status) + " " + *body_);
  return *body_;
}

std::string Client::Status(const std::string& vps) {
  const std::string& body = Get("/api/client/vps/" + vps + "/status");
  const std::string key = "\"status\": \"";
  const std::size_t at = body.find(key);
  if (at == std::string::npos) throw std::runtime_error("no status in " + body);
  const std::size_t word = at + key.size();
  return body.substr(word, body.find('"', word) - word);
}

}  // namespace cvm::bench
