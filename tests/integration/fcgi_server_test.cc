// What the FastCGI server makes of connections and requests, sound or not.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/fcgi_fixtures.h"

namespace cvm::fcgi {
namespace {

inline api::Response EchoTokens(const api::Request& request) {
  api::Response response;
  for (const std::string_view token : request.presented.public_tokens) response.body.append(token) += ';';
  response.body += '|';
  for (const std::string_view token : request.presented.private_tokens) response.body.append(token) += ';';
  return response;
}

BOOST_AUTO_TEST_SUITE(fcgi_server)

BOOST_AUTO_TEST_CASE(AKeptConnectionServesManyRequestsInOrder) {
  RunningServer server(Small(4));
  FcgiClient client(server.path());
  for (int i = 0; i < 200; ++i) {
    client.Send(RequestParameters("GET", "/" + std::to_string(i)));
    const FcgiAnswer answer = client.Receive();
    BOOST_TEST(answer.status == "200 OK");
    BOOST_TEST(answer.body == "GET /" + std::to_string(i));
  }
  BOOST_TEST(server.StopAndReadLog().size() == 200u);
}

BOOST_AUTO_TEST_CASE(AConnectionThatIsNotToBeKeptEndsAfterItsAnswer) {
  RunningServer server(Small(1));
  FcgiClient client(server.path());
  client.Send(RequestParameters("GET", "/"), {}, false);
  BOOST_TEST(client.Receive().body == "GET /");
  BOOST_TEST(client.Ended());
}

BOOST_AUTO_TEST_CASE(IdleConnectionsBeyondTheThreadsDelayNobody) {
  RunningServer server(Small(2));
  std::vector<FcgiClient> silent;
  std::vector<FcgiClient> kept;
  for (int i = 0; i < 40; ++i) {
    silent.emplace_back(server.path());
    kept.emplace_back(server.path()).Send(RequestParameters("GET", "/kept"));
    BOOST_TEST(kept.back().Receive().body == "GET /kept");
  }
  BOOST_TEST(server.Ask("/new").body == "GET /new");
  for (FcgiClient& client : kept) {
    client.Send(RequestParameters("GET", "/again"));
    BOOST_TEST(client.Receive().body == "GET /again");
  }
}

BOOST_AUTO_TEST_CASE(HalfSentRequestsHoldTheThreadsNoLongerThanTheTimeout) {
  RunningServer server(Small(2, milliseconds(200)));
  std::vector<FcgiClient> half;
  for (int i = 0; i < 4; ++i) half.emplace_back(server.path()).SendBegin(true);
  BOOST_TEST(server.Ask("/other").body == "GET /other");
  for (FcgiClient& client : half) BOOST_TEST(client.Ended());
}

BOOST_AUTO_TEST_CASE(AByteNowAndThenDoesNotHoldAThreadForEver) {
  RunningServer server(Small(1, milliseconds(300)));
  FcgiClient dripping(server.path());
  dripping.SendBegin(true);
  dripping.SendRaw({"\1\4\0\1\xff\xff\0\0", 8});  // the header of a record of 65535 bytes
  BOOST_TEST(Eventually([&] {
    try {
      dripping.SendRaw({"\0", 1});
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  BOOST_TEST(server.Ask("/other").body == "GET /other");
}

BOOST_AUTO_TEST_CASE(ABodyIsReadToItsLateEndAndTheNextRequestIsSound) {
  RunningServer server(Small(1));
  FcgiClient client(server.path());
  for (const std::size_t record_size : {std::size_t{100}, std::size_t{8192}, std::size_t{65535}}) {
    client.SendBegin(true);
    client.SendParameters(RequestParameters("POST", "/post"));
    client.SendBody(std::string(65536, 'b'), record_size);
    std::this_thread::yield();
    client.SendBodyEnd();
    BOOST_TEST(client.Receive().body == "POST /post");
  }
  client.Send(RequestParameters("GET", "/next"));
  BOOST_TEST(client.Receive().body == "GET /next");
}

BOOST_AUTO_TEST_CASE(ABodyBeyondTheBoundIsAnsweredAndTheConnectionEnds) {
  RunningServer server(Small(1));
  FcgiClient client(server.path());
  client.SendBegin(true);
  client.SendParameters(RequestParameters("POST", "/post"));
  try {
    client.SendBody(std::string((std::size_t{1} << 20) + 65536, 'b'), 65535);
  } catch (const std::runtime_error&) {  // what is beyond the bound need not be taken
  }
  BOOST_TEST(client.Receive().body == "POST /post");
  BOOST_TEST(client.Ended());
}

BOOST_AUTO_TEST_CASE(AnAnswerLargerThanTheSocketsBufferArrivesWhole) {
  const std::string large(3 << 20, 'a');
  RunningServer server(Small(1), [&](const api::Request&) {
    api::Response response;
    response.body = large;
    return response;
  });
  FcgiClient client(server.path());
  for (int i = 0; i < 2; ++i) {
    client.Send(RequestParameters("GET", "/"));
    BOOST_TEST((client.Receive().body == large));
  }
}

BOOST_AUTO_TEST_CASE(AnAnswerThatNobodyReadsHoldsTheThreadNoLongerThanTheTimeout) {
  RunningServer server(Small(1, milliseconds(200)), [](const api::Request& request) {
    api::Response response = Echo(request);
    if (request.target == "/large") response.body.assign(3 << 20, 'a');
    return response;
  });
  FcgiClient deaf(server.path());
  deaf.Send(RequestParameters("GET", "/large"));
  BOOST_TEST(server.Ask("/other").body == "GET /other");
}

BOOST_AUTO_TEST_CASE(HeadHasTheLengthOfTheBodyAndNoBody) {
  RunningServer server(Small(1));
  const FcgiAnswer answer = FcgiClient::Ask(server.path(), RequestParameters("HEAD", "/x"));
  BOOST_TEST(answer.head == "Content-Type: text/plain\r\nContent-Length: 7\r\n");
  BOOST_TEST(answer.body.empty());
}

BOOST_AUTO_TEST_CASE(ATokenHeaderThatIsGivenTwiceIsSeenTwice) {
  RunningServer server(Small(1), EchoTokens);
  const FcgiAnswer answer =
      FcgiClient::Ask(server.path(), RequestParameters("GET", "/",
                                                       {{"HTTP_API_PUBLIC_TOKEN", "a"},
                                                        {"HTTP_API_PRIVATE_TOKEN", "p"},
                                                        {"HTTP_API_PUBLIC_TOKEN", "b"},
                                                        {"HTTP_API_PRIVATE_TOKEN", ""}}));
  BOOST_TEST(answer.body == "a;b;|p;;");
}

BOOST_AUTO_TEST_CASE(WhatIsNoRequestEndsItsConnectionAndNothingElse) {
  RunningServer server(Small(1));
  FcgiClient http(server.path());
  http.SendRaw("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  BOOST_TEST(http.Ended());
  FcgiClient authorizer(server.path());
  authorizer.SendBegin(true, 2);
  authorizer.SendParameters(RequestParameters("GET", "/"));
  BOOST_TEST(authorizer.Ended());
  FcgiClient crowded(server.path());
  crowded.Send(RequestParameters("GET", "/", tests::FcgiParameters(2000, {"HTTP_X", "y"})));
  BOOST_TEST(crowded.Ended());
  FcgiClient nameless(server.path());
  nameless.Send({{"REQUEST_METHOD", "GET"}});
  BOOST_TEST(nameless.Ended());
  BOOST_TEST(server.Ask("/good").body == "GET /good");
  BOOST_TEST(server.StopAndReadLog().size() == 1u);
}

BOOST_AUTO_TEST_CASE(WhatTheHandlerThrowsBecomesA500AndTheServerGoesOn) {
  RunningServer server(Small(1), [](const api::Request& request) {
    if (request.target == "/exception") throw std::runtime_error("the database's password is x");
    if (request.target == "/number") throw 7;
    return Echo(request);
  });
  FcgiClient client(server.path());
  for (const char* target : {"/exception", "/number"}) {
    client.Send(RequestParameters("GET", target));
    const FcgiAnswer answer = client.Receive();
    BOOST_TEST(answer.status == "500 Internal Server Error");
    BOOST_TEST(answer.body == "generic");
  }
  client.Send(RequestParameters("GET", "/good"));
  BOOST_TEST(client.Receive().status == "200 OK");
}

BOOST_AUTO_TEST_CASE(AClientThatLeavesBeforeItsAnswerHarmsNobody) {
  Gate gate;
  RunningServer server(Small(1), [&](const api::Request& request) {
    if (request.target == "/held") gate.Pass();
    return Echo(request);
  });
  FcgiClient client(server.path());
  client.Send(RequestParameters("POST", "/held"));
  BOOST_REQUIRE(gate.WaitForEntered(1));
  client.Close();
  gate.Open();
  BOOST_TEST(server.Ask("/other").body == "GET /other");
  const std::vector<AccessEntry> log = server.StopAndReadLog();
  BOOST_TEST(log.front().path == "/held");
}

BOOST_AUTO_TEST_CASE(ARequestThatNeverEndsIsNotPerformed) {
  RunningServer server(Small(1));
  {
    FcgiClient within_parameters(server.path());
    within_parameters.SendBegin(true);
    within_parameters.SendParameters(RequestParameters("POST", "/half"), false);
    FcgiClient before_body(server.path());
    before_body.SendBegin(true);
    before_body.SendParameters(RequestParameters("POST", "/half"));
    FcgiClient within_body(server.path());
    within_body.SendBegin(true);
    within_body.SendParameters(RequestParameters("POST", "/half"));
    within_body.SendBody("half", 4);
  }
  BOOST_TEST(server.Ask("/other").body == "GET /other");
  const std::vector<AccessEntry> log = server.StopAndReadLog();
  BOOST_REQUIRE(log.size() == 1u);
  BOOST_TEST(log.front().path == "/other");
}

BOOST_AUTO_TEST_CASE(WhoSendsNoMoreStillGetsTheAnswer) {
  RunningServer server(Small(1));
  FcgiClient client(server.path());
  client.Send(RequestParameters("GET", "/"));
  client.CloseSending();
  BOOST_TEST(client.Receive().body == "GET /");
  BOOST_TEST(client.Ended());
}

BOOST_AUTO_TEST_CASE(TheRequestsDeadlineIsCountedFromItsArrival) {
  Server::Settings settings = Small(1);
  settings.request_timeout = std::chrono::hours(2);
  std::promise<base::Deadline> seen;
  RunningServer server(settings, [&](const api::Request& request) {
    seen.set_value(request.deadline);
    return Echo(request);
  });
  const auto before = base::Deadline::In(settings.request_timeout);
  server.Ask();
  const auto after = base::Deadline::In(settings.request_timeout);
  const auto deadline = seen.get_future().get();
  BOOST_TEST((before.when() <= deadline.when() && deadline.when() <= after.when()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::fcgi
