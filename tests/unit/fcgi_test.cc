// The pure parts of the FastCGI application: parameters to a request, an answer to header lines, the access
// log.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "fcgi/access_log.h"
#include "fcgi/adaptor.h"
#include "fcgi/listener.h"
#include "lib/log/log.h"
#include "tests/support/temporary_directory.h"

namespace cvm::fcgi {
namespace {

using std::chrono::milliseconds;

base::Result<api::Request> Read(std::vector<const char*> parameters,
                                base::Deadline deadline = base::Deadline::In(milliseconds(1000))) {
  parameters.push_back(nullptr);
  // The request's views point to the literals themselves, not into the vector.
  return ReadParameters(parameters.data(), deadline);
}

api::Request Example(std::string_view method, std::string_view target, std::string_view id) {
  api::Request request{method, target, id, {}, base::Deadline::In(milliseconds(1000))};
  request.presented.client_address = "192.0.2.1";
  return request;
}

BOOST_AUTO_TEST_SUITE(fcgi_adaptor)

BOOST_AUTO_TEST_CASE(ParametersOfARequestAreFound) {
  const auto deadline = base::Deadline::In(milliseconds(1000));
  const auto request =
      Read({"FCGI_ROLE=RESPONDER", "REQUEST_METHOD=GET", "REQUEST_URI=/a?b=c", "REQUEST_ID=7f",
            "REMOTE_ADDR=2001:db8::1", "HTTP_API_PUBLIC_TOKEN=pub", "HTTP_API_PRIVATE_TOKEN=a=b"},
           deadline);
  BOOST_REQUIRE(request.ok());
  BOOST_TEST(request->method == "GET");
  BOOST_TEST(request->target == "/a?b=c");
  BOOST_TEST(request->request_id == "7f");
  BOOST_TEST(request->presented.client_address == "2001:db8::1");
  BOOST_TEST(request->presented.public_tokens == std::vector<std::string_view>{"pub"});
  BOOST_TEST(request->presented.private_tokens == std::vector<std::string_view>{"a=b"});
  BOOST_TEST((request->deadline.when() == deadline.when()));
}

BOOST_AUTO_TEST_CASE(ATokenHeaderIsTakenAsOftenAsItCame) {
  const auto request = Read({"REQUEST_METHOD=GET", "HTTP_API_PUBLIC_TOKEN=one", "REQUEST_URI=/",
                             "HTTP_API_PUBLIC_TOKEN=", "HTTP_API_PUBLIC_TOKEN=one"});
  BOOST_REQUIRE(request.ok());
  const std::vector<std::string_view> all = {"one", "", "one"};
  BOOST_TEST(request->presented.public_tokens == all);
  BOOST_TEST(request->presented.private_tokens.empty());
}

BOOST_AUTO_TEST_CASE(NamesThatOnlyResembleOursAreIgnored) {
  const auto request =
      Read({"REQUEST_METHOD=GET", "REQUEST_URI=/", "HTTP_API_PUBLIC_TOKENS=x", "XHTTP_API_PUBLIC_TOKEN=x",
            "http_api_public_token=x", "HTTP_REMOTE_ADDR=x", "HTTP_API_PUBLIC_TOKEN"});
  BOOST_REQUIRE(request.ok());
  BOOST_TEST(request->presented.public_tokens.empty());
  BOOST_TEST(request->presented.client_address.empty());
}

BOOST_AUTO_TEST_CASE(ARequestThatTheWebServerDidNotDescribeIsRefused) {
  const std::vector<const char*> refused[] = {
      {},
      {"REQUEST_METHOD=GET"},
      {"REQUEST_URI=/"},
      {"REQUEST_METHOD=", "REQUEST_URI=/"},
      {"REQUEST_METHOD=GET", "REQUEST_URI="},
      {"REQUEST_METHOD=GET", "REQUEST_METHOD=POST", "REQUEST_URI=/"},
      {"REQUEST_METHOD=GET", "REQUEST_URI=/", "REMOTE_ADDR=192.0.2.1", "REMOTE_ADDR=192.0.2.2"},
  };
  for (const auto& parameters : refused) {
    const auto request = Read(parameters);
    BOOST_REQUIRE(!request.ok());
    BOOST_TEST((request.error().code == base::ErrorCode::kInvalid));
  }
}

BOOST_AUTO_TEST_CASE(AParameterThatCameTwiceAlikeIsTakenOnce) {
  const auto request = Read({"REQUEST_METHOD=GET", "REQUEST_METHOD=GET", "REQUEST_URI=/", "REQUEST_URI=/"});
  BOOST_REQUIRE(request.ok());
  BOOST_TEST(request->method == "GET");
}

BOOST_AUTO_TEST_CASE(TheHeadHasStatusHeadersAndTheLengthOfTheBody) {
  api::Response response;
  response.status = 401;
  response.reason = "Not Authorized";
  response.headers = {{"Content-Type", "application/json"}, {"Retry-After", "5"}};
  response.body = "{}\n";
  BOOST_TEST(WriteHead(response) ==
             "Status: 401 Not Authorized\r\nContent-Type: application/json\r\nRetry-After: 5\r\n"
             "Content-Length: 3\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(AcceptErrorsAreToldApart) {
  BOOST_TEST((ClassifyAccept(EAGAIN) == Accepted::kNone));
  for (const int error : {EINTR, ECONNABORTED}) BOOST_TEST((ClassifyAccept(error) == Accepted::kTryAgain));
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    BOOST_TEST((ClassifyAccept(error) == Accepted::kExhausted));
  }
  BOOST_TEST((ClassifyAccept(EBADF) == Accepted::kBroken));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fcgi_access_log)

BOOST_AUTO_TEST_CASE(OnlyThePathOfTheTargetIsShown) {
  const AccessEntry entry =
      DescribeAccess(Example("GET", "/api/client/vps/list?key=secret", "7f"), {}, milliseconds(12));
  BOOST_TEST(entry.path == "/api/client/vps/list");
  BOOST_TEST(entry.client == "192.0.2.1");
  BOOST_TEST(entry.request_id == "7f");
  BOOST_TEST((entry.taken == milliseconds(12)));
}

BOOST_AUTO_TEST_CASE(TheTokenIsItsRowOrADash) {
  api::Response response;
  BOOST_TEST(DescribeAccess(Example("GET", "/", ""), response, {}).token == "-");
  response.token_id = 42;
  BOOST_TEST(DescribeAccess(Example("GET", "/", ""), response, {}).token == "42");
}

BOOST_AUTO_TEST_CASE(LongValuesAreCut) {
  const std::string huge(100000, 'x');
  const AccessEntry entry = DescribeAccess(Example(huge, huge, huge), {}, {});
  BOOST_TEST(entry.method.size() < 32u);
  BOOST_TEST(entry.path.size() < 300u);
  BOOST_TEST(entry.request_id.size() < 80u);
}

BOOST_AUTO_TEST_CASE(NothingInARequestCanEndTheLineOrForgeAField) {
  const tests::TemporaryDirectory directory;
  log::Settings settings;
  settings.target = directory.Path("log");
  BOOST_REQUIRE(log::Init(settings).ok());
  LogAccess(DescribeAccess(Example("G\nT", "/a\r\nrequest b\" status=200", "1\n2"), {}, milliseconds(3)));
  log::Shutdown();
  const std::string text = directory.Read("log");
  BOOST_TEST(text.find('\n') == text.size() - 1);
  BOOST_TEST(text.find("\" status=200") == text.rfind("\" status=200"));
  BOOST_TEST(text.find("method=\"G\\x0aT\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::fcgi
