// How the FastCGI server ends, and what signals do.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <vector>

#include "fcgi/descriptor.h"
#include "fcgi/signals.h"
#include "tests/integration/fcgi_fixtures.h"

namespace cvm::fcgi {
namespace {

BOOST_AUTO_TEST_SUITE(fcgi_stop)

BOOST_AUTO_TEST_CASE(WhatIsInFlightIsAnsweredAndThenEverythingEnds) {
  Gate gate;
  RunningServer server(Small(3), [&](const api::Request& request) {
    gate.Pass();
    return Echo(request);
  });
  std::vector<FcgiClient> clients;
  for (int i = 0; i < 3; ++i) clients.emplace_back(server.path()).Send(RequestParameters("POST", "/last"));
  BOOST_REQUIRE(gate.WaitForEntered(3));
  FcgiClient idle(server.path());
  server.Stop();
  BOOST_TEST(idle.Ended());
  BOOST_TEST(server.Refuses());
  gate.Open();
  for (FcgiClient& client : clients) {
    BOOST_TEST(client.Receive().body == "POST /last");
    BOOST_TEST(client.Ended());
  }
  BOOST_TEST(server.Finished());
}

BOOST_AUTO_TEST_CASE(WhatHasArrivedAndWaitsForAThreadIsAnsweredToo) {
  Gate gate;
  RunningServer server(Small(1), [&](const api::Request& request) {
    if (request.target == "/last") gate.Pass();
    return Echo(request);
  });
  std::vector<FcgiClient> kept;
  for (int i = 0; i < 4; ++i) {
    kept.emplace_back(server.path()).Send(RequestParameters("GET", "/first"));
    BOOST_TEST(kept.back().Receive().body == "GET /first");
  }
  kept.pop_back();  // the one thread has served it, so that it is done with the others
  for (FcgiClient& client : kept) client.Send(RequestParameters("GET", "/last"));
  BOOST_REQUIRE(gate.WaitForEntered(1));
  server.Stop();
  BOOST_TEST(server.Refuses());
  gate.Open();
  for (FcgiClient& client : kept) {
    BOOST_TEST(client.Receive().body == "GET /last");
    BOOST_TEST(client.Ended());
  }
  BOOST_TEST(server.Finished());
}

BOOST_AUTO_TEST_CASE(IdleAndSilentConnectionsDelayNothing) {
  RunningServer server(Small(2));
  std::vector<FcgiClient> silent;
  std::vector<FcgiClient> kept;
  for (int i = 0; i < 8; ++i) {
    silent.emplace_back(server.path());
    kept.emplace_back(server.path()).Send(RequestParameters("GET", "/"));
    kept.back().Receive();
  }
  server.Stop();
  BOOST_TEST(server.Finished());
  for (FcgiClient& client : kept) BOOST_TEST(client.Ended());
  for (FcgiClient& client : silent) BOOST_TEST(client.Ended());
}

BOOST_AUTO_TEST_CASE(HalfSentRequestsDelayItNoLongerThanTheTimeout) {
  RunningServer server(Small(2, milliseconds(200)));
  std::vector<FcgiClient> half;
  for (int i = 0; i < 6; ++i) half.emplace_back(server.path()).SendBegin(true);
  server.Stop();
  BOOST_TEST(server.Finished());
}

BOOST_AUTO_TEST_CASE(AServerThatIsStoppedBeforeItRunsEndsAtOnce) {
  const tests::TemporaryDirectory directory;
  Server::Hooks hooks;
  hooks.handle = Echo;
  auto server = Server::Create(ListenOn(directory.Path("socket")), Small(2), std::move(hooks));
  BOOST_REQUIRE(server.ok());
  (*server)->Stop();
  BOOST_TEST((*server)->Run().ok());
}

BOOST_AUTO_TEST_CASE(WhatIsNoListeningSocketAndSettingsOfZeroAreRefused) {
  int pair[2];
  BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  const Descriptor other(pair[1]);
  const auto no_listener = Server::Create(pair[0], Small(1), {});
  BOOST_REQUIRE(!no_listener.ok());
  BOOST_TEST((no_listener.error().code == base::ErrorCode::kInvalid));
  const tests::TemporaryDirectory directory;
  const auto no_threads = Server::Create(ListenOn(directory.Path("socket")), Small(0), {});
  BOOST_REQUIRE(!no_threads.ok());
  BOOST_TEST((no_threads.error().code == base::ErrorCode::kInvalid));
}

// Puts the calling thread's mask and the way of SIGPIPE back.
struct SignalsAsTheyWere {
  SignalsAsTheyWere() {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    ::sigaction(SIGPIPE, nullptr, &pipe);
  }
  SignalsAsTheyWere(const SignalsAsTheyWere&) = delete;
  SignalsAsTheyWere& operator=(const SignalsAsTheyWere&) = delete;
  ~SignalsAsTheyWere() {
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::sigaction(SIGPIPE, &pipe, nullptr);
  }
  ::sigset_t mask{};
  struct sigaction pipe {};
};

BOOST_FIXTURE_TEST_CASE(SignalsOfTheProcessStopTheServerAndReopenTheLog, SignalsAsTheyWere) {
  ::signal(SIGQUIT, SIG_IGN);  // as a shell leaves it for what runs in the background
  BlockSignals();
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) {
    RunningServer server(Small(2));
    std::atomic<int> reopened{0};
    const SignalThread signals([&] { server.Stop(); }, [&] { ++reopened; });
    BOOST_REQUIRE(::kill(::getpid(), SIGHUP) == 0);
    BOOST_TEST(Eventually([&] { return reopened == 1; }));
    BOOST_TEST(server.Ask("/still").body == "GET /still");
    BOOST_REQUIRE(::kill(::getpid(), signal) == 0);
    BOOST_TEST(server.Finished());
    BOOST_TEST(reopened == 1);
  }
}

BOOST_FIXTURE_TEST_CASE(TheSignalThreadEndsWithItsOwner, SignalsAsTheyWere) {
  BlockSignals();
  bool stopped = false;
  {
    const SignalThread signals([&] { stopped = true; }, [] {});
  }
  BOOST_TEST(!stopped);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::fcgi
