// The FastCGI server at the limits of its connections and descriptors.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fcgi/descriptor.h"
#include "lib/log/log.h"
#include "tests/integration/fcgi_fixtures.h"
#include "tests/support/log_file.h"

namespace cvm::fcgi {
namespace {

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

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

BOOST_FIXTURE_TEST_CASE(WithoutDescriptorsAcceptingPausesAndGoesOnLater, test::LogFile) {
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

}  // namespace
}  // namespace cvm::fcgi
