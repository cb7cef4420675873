// What nginx itself answers on /api/client, by the two files of nginx/ in a host's own server blocks, and
// that the host's other pages stay as they were.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <ostream>
#include <string>

#include "tests/support/http.h"
#include "tests/support/program.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

// Bytes as they are, to a server of ours and until it closes: libcurl would send nothing malformed.
std::string Exchange(const std::string& url, const std::string& request) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{30, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  BOOST_REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[16384];
  for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  return answer;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string WithoutDate(std::string answer) {
  const std::size_t begin = answer.find("\r\nDate: ");
  if (begin != std::string::npos) answer.erase(begin, answer.find("\r\n", begin + 2) - begin);
  return answer;
}

// A request that nginx refuses before the worker could see it. PATH stands for the path.
struct Refused {
  const char* name;
  const char* request;
  const char* status_line;
};
std::ostream& operator<<(std::ostream& out, const Refused& refused) {
  return out << refused.name;
}

constexpr Refused kRefused[] = {
    {"TRACE", "TRACE PATH HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 "},
    {"CONNECT", "CONNECT PATH HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 "},
    {"no Host", "GET PATH HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 "},
    {"a Host that is none", "GET PATH HTTP/1.1\r\nHost: x/..\r\nConnection: close\r\n\r\n", "HTTP/1.1 400 "},
    {"a percent sign alone", "GET PATH%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
    {"an encoded NUL", "GET PATH/%00 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
    {"a method in small letters", "get PATH HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
    {"a length that is none", "POST PATH HTTP/1.1\r\nHost: x\r\nContent-Length: y\r\n\r\n", "HTTP/1.1 400 "},
    {"an unknown encoding", "POST PATH HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: y\r\n\r\n", "HTTP/1.1 501 "},
    {"an unknown version", "GET PATH HTTP/7.1\r\nHost: x\r\n\r\n", "HTTP/1.1 505 "},
    {"an absolute target", "TRACE http://xPATH HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
     "HTTP/1.1 405 "},
    {"a long target", "GET PATH?LONG HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 414 "},
    {"a long header", "GET PATH HTTP/1.1\r\nHost: x\r\nX: LONG\r\n\r\n", "HTTP/1.1 400 "},
};

std::string For(const Refused& refused, const std::string& path) {
  return Replaced(Replaced(refused.request, "PATH", path), "LONG", std::string(40000, 'a'));
}

void CheckForm(const HttpAnswer& answer) {
  BOOST_TEST(answer.Header("content-type") == "application/json");
  BOOST_TEST(answer.Header("cache-control") == "no-store");
  BOOST_TEST(answer.Header("x-request-id").size() == 32u);
  const auto document = ParseJson(answer.body);
  BOOST_TEST(answer.body.rfind("{\"errors\": [\"", 0) == 0u);
}

std::size_t Append(char* data, std::size_t, std::size_t length, void* to) {
  static_cast<std::string*>(to)->append(data, length);
  return length;
}

// GET over TLS, the certificate checked; gives the status.
long GetByTls(const std::string& target, long version, std::string& body, long& spoken) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::string url = RequireEnv("CVM_TLS_URL") + target;
  const std::string ca = RequireEnv("CVM_TLS_CA");
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_HTTP_VERSION, version);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  BOOST_REQUIRE(curl_easy_perform(curl.get()) == CURLE_OK);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl.get(), CURLINFO_HTTP_VERSION, &spoken);
  return status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nginx)

BOOST_DATA_TEST_CASE(WhatIsRefusedBeforeItIsReadHasTheFormOfTheApi, boost::unit_test::data::make(kRefused),
                     refused) {
  const std::string answer = Exchange(TheWorld().url, For(refused, "/api/client/vps/list"));
  BOOST_TEST(answer.rfind(refused.status_line, 0) == 0u, answer.substr(0, 400));
  BOOST_TEST(answer.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  BOOST_TEST(answer.find("\r\nCache-Control: no-store\r\n") != std::string::npos);
  BOOST_TEST(answer.find("\r\nX-Request-Id: ") != std::string::npos);
  BOOST_TEST(answer.find("\r\n\r\n{\"errors\": [\"") != std::string::npos);
}

BOOST_DATA_TEST_CASE(TheHostsOtherPagesAreRefusedAsWithoutTheApi, boost::unit_test::data::make(kRefused),
                     refused) {
  for (const char* path : {"/index.html", "/api/clientx", "/api", "/nothing"}) {
    const std::string request = For(refused, path);
    BOOST_TEST(WithoutDate(Exchange(TheWorld().url, request)) ==
               WithoutDate(Exchange(RequireEnv("CVM_PLAIN_URL"), request)));
  }
}

BOOST_AUTO_TEST_CASE(TheHostsOtherPagesAreAnsweredAsWithoutTheApi) {
  for (const char* path :
       {"/", "/api/clientx", "/api", "/cvm-client-api-error", "/cvm-client-api-error/early"}) {
    const std::string request =
        std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    BOOST_TEST(WithoutDate(Exchange(TheWorld().url, request)) ==
               WithoutDate(Exchange(RequireEnv("CVM_PLAIN_URL"), request)));
  }
}

BOOST_AUTO_TEST_CASE(TraceNamesTheMethodsThatAreAllowed) {
  const char* end = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const auto answer = [&](const std::string& path) {
    return Exchange(TheWorld().url, "TRACE " + path + end);
  };
  BOOST_TEST(answer("/api/client/vps/list").find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
  BOOST_TEST(answer("/api/client/vps/1/stop?x").find("\r\nAllow: POST\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ABodyBeyond64KibibytesIsTooLarge) {
  const HttpAnswer answer = TheWorld().Send({"POST", "/api/client/vps/1/start", {}, std::string(65537, 'x')});
  BOOST_TEST(answer.status == 413);
  CheckForm(answer);
  BOOST_TEST(TheWorld().Send({"POST", "/api/client/vps/1/start", {}, std::string(65536, 'x')}).status == 401);
}

BOOST_AUTO_TEST_CASE(AWorkerThatIsNotThereIs502WithRetryAfter) {
  for (const char* method : {"GET", "POST"}) {
    const HttpAnswer answer = Http(RequireEnv("CVM_NOBODY_URL"), {method, "/api/client/vps/1/start", {}, ""});
    BOOST_TEST(answer.status == 502);
    BOOST_TEST(answer.Has("retry-after"));
    CheckForm(answer);
  }
}

BOOST_AUTO_TEST_CASE(PlainHttpIsForbiddenUnlessItIsAllowed) {
  for (const char* method : {"GET", "POST"}) {
    for (const char* path : {"/api/client", "/api/client/", "/api/client/vps/list"}) {
      const HttpAnswer answer = Http(RequireEnv("CVM_REFUSING_URL"), {method, path, {}, ""});
      BOOST_TEST(answer.status == 403);
      CheckForm(answer);
    }
  }
  BOOST_TEST(Http(RequireEnv("CVM_REFUSING_URL"), {"GET", "/", {}, ""}).status == 200);
}

BOOST_AUTO_TEST_CASE(TlsIsAnsweredOverBothVersionsOfHttp) {
  for (const long version :
       {static_cast<long>(CURL_HTTP_VERSION_1_1), static_cast<long>(CURL_HTTP_VERSION_2TLS)}) {
    std::string body;
    long spoken = 0;
    BOOST_TEST(GetByTls("/api/client/vps/list", version, body, spoken) == 401);
    BOOST_TEST(body == R"({"errors": ["No valid API token pair was specified."]})");
    BOOST_TEST(spoken == (version == CURL_HTTP_VERSION_1_1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2_0));
  }
}

BOOST_AUTO_TEST_CASE(PlainHttpOnThePortOfTlsIsRefusedInTheApisForm) {
  const std::string plain = "http" + RequireEnv("CVM_TLS_URL").substr(5);
  const HttpAnswer api = Http(plain, {"GET", "/api/client/vps/list", {}, ""});
  BOOST_TEST(api.status == 400);
  BOOST_TEST(api.Header("content-type") == "application/json");
  BOOST_TEST(api.Header("x-request-id").size() == 32u);
  const HttpAnswer host = Http(plain, {"GET", "/", {}, ""});
  BOOST_TEST(host.status == 400);
  BOOST_TEST(host.body.find("The plain HTTP request was sent to HTTPS port") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
