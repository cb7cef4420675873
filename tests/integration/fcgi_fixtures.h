// The FastCGI server over a real unix socket, with a handler of the test's own: what its tests share.
#ifndef CVM_TESTS_INTEGRATION_FCGI_FIXTURES_H_
#define CVM_TESTS_INTEGRATION_FCGI_FIXTURES_H_

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fcgi/server.h"
#include "tests/support/await.h"
#include "tests/support/fcgi_client.h"
#include "tests/support/temporary_directory.h"

namespace cvm::fcgi {

using std::chrono::milliseconds;
using test::Eventually;
using tests::FcgiAnswer;
using tests::FcgiClient;
using tests::RequestParameters;

inline constexpr std::chrono::seconds kPatience{60};

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

inline api::Response Echo(const api::Request& request) {
  api::Response response;
  response.headers = {{"Content-Type", "text/plain"}};
  response.body = std::string(request.method) + " " + std::string(request.target);
  return response;
}

inline int ListenOn(const std::string& path, int backlog = 512) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(fd, reinterpret_cast<const ::sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(fd, backlog) == 0);
  return fd;
}

inline Server::Settings Small(std::size_t threads, milliseconds io_timeout = std::chrono::hours(1)) {
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

}  // namespace cvm::fcgi

#endif  // CVM_TESTS_INTEGRATION_FCGI_FIXTURES_H_
