// The FastCGI server over a real unix socket, with a handler of the test's own.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fcgi/descriptor.h"
#include "fcgi/server.h"
#include "fcgi/signals.h"
#include "lib/log/log.h"
#include "tests/support/await.h"
#include "tests/support/fcgi_client.h"
#include "tests/support/temporary_directory.h"

namespace cvm::fcgi {
namespace {

using std::chrono::milliseconds;
using tests::FcgiAnswer;
using tests::FcgiClient;
using tests::RequestParameters;

constexpr std::chrono::seconds kPatience{60};

// True once `condition` holds; false where it still does not after kPatience.
bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = base::Deadline::In(kPatience);
  while (!condition()) {
    if (deadline.Passed()) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

// Holds the threads that come until it is opened.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool WaitForEntered(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return entered_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int entered_ = 0;
  bool open_ = false;
};

api::Response Echo(const api::Request& request) {
  api::Response response;
  response.headers = {{"Content-Type", "text/plain"}};
  response.body = std::string(request.method) + " " + std::string(request.target);
  return response;
}

api::Response EchoTokens(const api::Request& request) {
  api::Response response;
  for (const std::string_view token : request.presented.public_tokens) response.body.append(token) += ';';
  response.body += '|';
  for (const std::string_view token : request.presented.private_tokens) response.body.append(token) += ';';
  return response;
}

int ListenOn(const std::string& path, int backlog = 512) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(fd, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(fd, backlog) == 0);
  return fd;
}

Server::Settings Small(std::size_t threads, milliseconds io_timeout = std::chrono::hours(1)) {
  Server::Settings settings;
  settings.threads = threads;
  settings.io_timeout = io_timeout;
  return settings;
}

// A server that runs until Finish(), or until it goes.
class RunningServer {
 public:
  explicit RunningServer(Server::Settings settings,
                         std::function<api::Response(const api::Request&)> handle = Echo) {
    ::signal(SIGPIPE, SIG_IGN);
    Server::Hooks hooks;
    hooks.handle = std::move(handle);
    hooks.internal_error = [] {
      api::Response response;
      response.status = 500;
      response.reason = "Internal Server Error";
      response.body = "generic";
      return response;
    };
    hooks.log_access = [this](const AccessEntry& entry) {
      const std::lock_guard lock(mutex_);
      log_.push_back(entry);
    };
    auto created = Server::Create(ListenOn(path()), settings, std::move(hooks));
    BOOST_REQUIRE(created.ok());
    server_ = *std::move(created);
    ran_ = std::async(std::launch::async, [this] { return server_->Run().ok(); });
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() { server_->Stop(); }

  std::string path() const { return directory_.Path("socket"); }
  void Stop() { server_->Stop(); }
  // Whether Run() has returned, and well; waited for.
  bool Finished() { return ran_.wait_for(kPatience) == std::future_status::ready && ran_.get(); }
  // Whether the listening socket takes nobody any more; waited for.
  bool Refuses() const {
    return Eventually([this] {
      try {
        FcgiClient client(path());
        return false;
      } catch (const std::runtime_error&) {
        return true;
      }
    });
  }
  // Stops it and gives what it logged from beginning to end. (A line is written after its answer.)
  std::vector<AccessEntry> StopAndReadLog() {
    Stop();
    BOOST_REQUIRE(Finished());
    return log_;
  }
  FcgiAnswer Ask(const std::string& target = "/") const {
    return FcgiClient::Ask(path(), RequestParameters("GET", target));
  }

 private:
  tests::TemporaryDirectory directory_;
  std::unique_ptr<Server> server_;
  std::mutex mutex_;  // over log_ while the server runs
  std::vector<AccessEntry> log_;
  std::future<bool> ran_;
};

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
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

BOOST_AUTO_TEST_SUITE(fcgi_limits)

BOOST_AUTO_TEST_CASE(TheLongestIdleConnectionMakesRoomForANewOne) {
  Server::Settings settings = Small(2);
  settings.max_connections = 3;
  RunningServer server(settings);
  std::vector<FcgiClient> kept;
  for (int i = 0; i < 3; ++i) {
    kept.emplace_back(server.path()).Send(RequestParameters("GET", "/"));
    kept.back().Receive();
  }
  BOOST_TEST(server.Ask("/new").body == "GET /new");
  BOOST_TEST(kept.front().Ended());
}

BOOST_AUTO_TEST_CASE(WhereAllAreAtWorkANewOneWaitsUntilOneIsDone) {
  Gate gate;
  Server::Settings settings = Small(3);
  settings.max_connections = 3;
  RunningServer server(settings, [&](const api::Request& request) {
    if (request.target == "/held") gate.Pass();
    return Echo(request);
  });
  std::vector<FcgiClient> held;
  for (int i = 0; i < 3; ++i) held.emplace_back(server.path()).Send(RequestParameters("GET", "/held"));
  BOOST_REQUIRE(gate.WaitForEntered(3));
  std::vector<FcgiClient> waiting;
  for (int i = 0; i < 6; ++i) waiting.emplace_back(server.path()).Send(RequestParameters("GET", "/waited"));
  gate.Open();
  for (FcgiClient& client : waiting) BOOST_TEST(client.Receive().body == "GET /waited");
  for (FcgiClient& client : held) BOOST_TEST(client.Receive().body == "GET /held");
}

// As many descriptors as are in use and `spare` more, for as long as it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t spare) {
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    ::rlimit few = before_;
    few.rlim_cur = LowestFree() + spare;
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  // Fills the holes, so that from here on the numbers count what is free.
  ::rlim_t LowestFree() {
    int highest = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      highest = std::max(highest, std::stoi(entry.path().filename().string()));
    }
    for (;;) {
      const int fd = fillers_.emplace_back(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)).get();
      BOOST_REQUIRE(fd >= 0);
      if (fd <= highest) continue;
      fillers_.pop_back();
      return static_cast<::rlim_t>(fd);
    }
  }

  std::vector<Descriptor> fillers_;
  ::rlimit before_{};
};

// What a file holds, read through a descriptor that was opened while there were some.
bool Contains(const Descriptor& file, std::string_view text) {
  std::array<char, 16384> all;
  const ::ssize_t got = ::pread(file.get(), all.data(), all.size(), 0);
  return got > 0 && std::string_view(all.data(), static_cast<std::size_t>(got)).find(text) != text.npos;
}

struct LogFile {
  LogFile() {
    log::Settings settings;
    settings.target = directory.Path("log");
    BOOST_REQUIRE(log::Init(settings).ok());
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() { log::Shutdown(); }
  tests::TemporaryDirectory directory;
};

BOOST_FIXTURE_TEST_CASE(WithoutDescriptorsAcceptingPausesAndGoesOnLater, LogFile) {
  const Descriptor log_file(::open(directory.Path("log").c_str(), O_RDONLY | O_CLOEXEC));
  // The log has been in use before: a sanitizer's first look at a class takes descriptors of its own.
  log::Warning("test.begins", {{"why", "a line like the one that is waited for"}});
  BOOST_REQUIRE(Eventually([&] { return Contains(log_file, "test.begins"); }));
  Gate gate;
  RunningServer server(Small(2), [&](const api::Request& request) {
    if (request.target == "/held") gate.Pass();
    return Echo(request);
  });
  FcgiClient held(server.path());
  held.Send(RequestParameters("GET", "/held"));
  BOOST_REQUIRE(gate.WaitForEntered(1));
  std::unique_ptr<FcgiClient> waiting;
  {
    const FewDescriptors one(1);
    waiting = std::make_unique<FcgiClient>(server.path());
    waiting->Send(RequestParameters("GET", "/waited"));
    BOOST_TEST(Eventually([&] { return Contains(log_file, "fcgi.accept_paused"); }));
  }
  BOOST_TEST(waiting->Receive().body == "GET /waited");
  gate.Open();
  BOOST_TEST(held.Receive().body == "GET /held");
}

BOOST_AUTO_TEST_CASE(WithoutDescriptorsIdleConnectionsMakeRoom) {
  RunningServer server(Small(1));
  const std::size_t before = OpenDescriptors();
  std::vector<FcgiClient> kept;
  for (int i = 0; i < 4; ++i) {
    kept.emplace_back(server.path()).Send(RequestParameters("GET", "/"));
    kept.back().Receive();
  }
  BOOST_REQUIRE(Eventually([&] { return OpenDescriptors() == before + 8; }));
  const FewDescriptors one(1);
  FcgiClient client(server.path());
  client.Send(RequestParameters("GET", "/new"));
  BOOST_TEST(client.Receive().body == "GET /new");
  BOOST_TEST((kept[0].Ended() && kept[1].Ended()));
}

BOOST_AUTO_TEST_CASE(ManyConnectionsAndThreadsLeaveNothingBehind) {
  constexpr int kClients = 48;
  constexpr int kRounds = 60;
  const std::size_t before = OpenDescriptors();
  {
    Server::Settings settings = Small(64);
    settings.max_connections = 40;  // so that room is made all the time
    RunningServer server(settings);
    std::atomic<int> right{0};
    std::vector<std::thread> clients;
    for (int number = 0; number < kClients; ++number) {
      clients.emplace_back([&, number] {
        for (int round = 0; round < kRounds; ++round) {
          const std::string target = "/" + std::to_string(number) + "/" + std::to_string(round);
          if (server.Ask(target).body == "GET " + target) ++right;
          if (round % 7 == 0) FcgiClient(server.path()).SendBegin(true);
        }
      });
    }
    for (std::thread& client : clients) client.join();
    BOOST_TEST(right == kClients * kRounds);
    server.Stop();
    BOOST_TEST(server.Finished());
  }
  BOOST_TEST(OpenDescriptors() == before);
}

BOOST_AUTO_TEST_CASE(ManyKeptConnectionsAreServedSideBySide) {
  constexpr int kClients = 32;
  constexpr int kRounds = 100;
  RunningServer server(Small(8));
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int number = 0; number < kClients; ++number) {
    clients.emplace_back([&, number] {
      FcgiClient client(server.path());
      for (int round = 0; round < kRounds; ++round) {
        const std::string target = "/" + std::to_string(number) + "/" + std::to_string(round);
        client.Send(RequestParameters("GET", target));
        if (client.Receive().body == "GET " + target) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  BOOST_TEST(right == kClients * kRounds);
}

BOOST_AUTO_TEST_SUITE_END()

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
