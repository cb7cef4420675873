#include "fcgi/server.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "fcgi/adaptor.h"
#include "fcgi/exchange.h"
#include "lib/base/deadline.h"
#include "lib/log/log.h"

namespace cvm::fcgi {
namespace {

using Clock = Connection::Clock;
using std::chrono::milliseconds;

// At most so many are accepted before the dispatcher looks again at the connections that it has.
constexpr int kAcceptedAtOnce = 16;
// So long the listener rests where the system has no descriptor for a new connection.
constexpr milliseconds kRest{1000};

void SetTimeouts(int fd, milliseconds span) {
  ::timeval time{};
  time.tv_sec = span.count() / 1000;
  time.tv_usec = span.count() % 1000 * 1000;
  const bool set = ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0 &&
                   ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) == 0;
  base::FatalAssert(set, "a socket takes a timeout");
}

}  // namespace

// The threads that serve. However it ends, they end with it.
class Server::Threads {
 public:
  explicit Threads(Server& server) : server_(server) {}
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() {
    server_.connections_.Drain();
    for (std::thread& thread : threads_) thread.join();
  }

  base::Status Start(std::size_t count) {
    try {
      while (threads_.size() < count) threads_.emplace_back([this] { server_.Work(); });
    } catch (const std::system_error& error) {
      return base::Error{base::ErrorCode::kUnavailable, "only " + std::to_string(threads_.size()) + " of " +
                                                            std::to_string(count) +
                                                            " threads can be started: " + error.what()};
    }
    return {};
  }

 private:
  Server& server_;
  std::vector<std::thread> threads_;
};

base::Result<std::unique_ptr<Server>> Server::Create(int listening_socket, Settings settings, Hooks hooks) {
  Descriptor socket(listening_socket);
  if (settings.threads == 0 || settings.max_connections == 0 || settings.io_timeout <= milliseconds(0) ||
      settings.request_timeout <= milliseconds(0)) {
    return base::Error{base::ErrorCode::kInvalid, "threads, connections and timeouts must be above zero"};
  }
  auto listener = Listener::Create(std::move(socket));
  if (!listener) return listener.error();
  auto poller = Poller::Create();
  if (!poller) return poller.error();
  auto wake = WakeUp::Create();
  if (!wake) return wake.error();
  return std::unique_ptr<Server>(
      new Server(*std::move(listener), *std::move(poller), *std::move(wake), settings, std::move(hooks)));
}

Server::Server(Listener listener, Poller poller, WakeUp wake, Settings settings, Hooks hooks)
    : settings_(settings),
      hooks_(std::move(hooks)),
      listener_(std::move(listener)),
      poller_(std::move(poller)),
      wake_(std::move(wake)),
      connections_(poller_, wake_, settings.max_connections, settings.io_timeout) {}

void Server::Stop() noexcept {
  stop_.store(true);
  wake_.Signal();
}

base::Status Server::Run() {
  if (base::Status woken = poller_.WatchAlways(wake_.fd(), &wake_); !woken) return woken;
  Threads threads(*this);
  if (base::Status started = threads.Start(settings_.threads); !started) return started;
  if (base::Status listening = listener_.Listen(poller_, &listener_); !listening) return listening;
  Dispatch();
  return {};
}

// ---- the dispatcher
// -----------------------------------------------------------------------------------------

void Server::Dispatch() {
  bool draining = false;
  while (!draining || !connections_.Empty()) {
    const bool waiting = CollectEvents();
    pulse_.Beat();
    connections_.CutOffLate();
    if (!draining && stop_.load()) {
      listener_.Close();
      connections_.Drain();
      draining = true;
    }
    if (draining) continue;
    if (waiting) AcceptSome();
    if (!listener_.listening()) ResumeListening();
  }
}

// Waits for something to do; says whether new connections are waiting. The connections that were reported are
// dealt with before any can be closed to make room, so that no event outlives its connection.
bool Server::CollectEvents() {
  std::optional<milliseconds> span;
  if (connections_.AnyAtWork()) span = std::clamp(settings_.io_timeout / 4, milliseconds(10), kRest);
  if (!listener_.listening()) span = std::min(span.value_or(kRest), kRest);
  bool waiting = false;
  for (const PollEvent& event : poller_.Wait(span)) {
    if (event.tag == &wake_) {
      wake_.Clear();
      listen_again_ = {};
    } else if (event.tag == &listener_) {
      waiting = true;
    } else {
      connections_.Reported(*static_cast<Connection*>(event.tag), event.hung_up);
    }
  }
  return waiting;
}

void Server::AcceptSome() {
  for (int accepted = 0; accepted < kAcceptedAtOnce; ++accepted) {
    if (!connections_.MakeRoom()) return WaitForRoom("every connection is at work");
    Descriptor connection;
    switch (listener_.Accept(connection)) {
      case Accepted::kConnection:
        SetTimeouts(connection.get(), settings_.io_timeout);
        connections_.Admit(std::move(connection));
        break;
      case Accepted::kNone:
        return;
      case Accepted::kTryAgain:
        break;
      case Accepted::kExhausted:  // one for the connection, and one for the duplicate while it is served
        if (!connections_.EvictOldestIdle() || !connections_.EvictOldestIdle()) {
          return WaitForRoom("no descriptor or memory is left");
        }
        break;
      case Accepted::kBroken:
        return WaitForRoom("the listening socket fails");
    }
  }
}

void Server::WaitForRoom(const char* why) {
  if (pauses_told_.Pass()) log::Warning("fcgi.accept_paused", {{"why", why}});
  listener_.Pause();
  listen_again_ = Clock::now() + kRest;
}

void Server::ResumeListening() {
  if (Clock::now() < listen_again_) return;
  if (base::Status listening = listener_.Listen(poller_, &listener_); !listening) {
    log::Error("fcgi.accept_paused", {{"why", listening.error().message}});
    listen_again_ = Clock::now() + kRest;
  }
}

// ---- the threads that serve
// -----------------------------------------------------------------------------------

void Server::Work() {
  while (Connection* connection = connections_.Take()) {
    const bool keep = ServeOne(*connection);
    connections_.Release(*connection, keep);
  }
}

// One request and its answer; says whether the connection is good for another.
bool Server::ServeOne(Connection& connection) {
  connection.LimitTransfer(Clock::now() + settings_.io_timeout);
  base::Result<Exchange> exchange = Exchange::Receive(connection.fd());
  connection.EndTransfer();
  if (!exchange) {
    log::Warning("fcgi.dropped", {{"why", exchange.error().message}});
    return false;
  }
  const auto deadline = base::Deadline::At(connection.arrived() + settings_.request_timeout);
  const base::Result<api::Request> request = ReadParameters(exchange->parameters(), deadline);
  if (!request) {
    log::Error("fcgi.refused", {{"why", request.error().message}});
    return false;
  }
  const api::Response response = Answer(*request);
  connection.LimitTransfer(Clock::now() + settings_.io_timeout);
  exchange->Send(WriteHead(response), request->method == "HEAD" ? std::string_view() : response.body);
  const auto taken = Clock::now() - connection.arrived();
  if (hooks_.answered) hooks_.answered(*request, response, taken);
  hooks_.log_access(DescribeAccess(*request, response, std::chrono::floor<milliseconds>(taken)));
  return exchange->keep();
}

// The one place where what a handler throws ends.
api::Response Server::Answer(const api::Request& request) const {
  std::string what = "not a std::exception";
  try {
    return hooks_.handle(request);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {  // keeps the words above
  }
  log::Error("request.exception", {{"id", request.request_id}, {"what", what}});
  return hooks_.internal_error();
}

}  // namespace cvm::fcgi
