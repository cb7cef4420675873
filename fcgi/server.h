// The FastCGI server: one dispatcher that accepts connections and watches the idle ones, and a fixed number
// of threads of which each serves one request at a time. An idle connection costs no thread, what waits is
// bounded by the number of connections, and a request's time counts from the moment it became readable.
#ifndef CVM_FCGI_SERVER_H_
#define CVM_FCGI_SERVER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "fcgi/access_log.h"
#include "fcgi/connections.h"
#include "fcgi/listener.h"
#include "fcgi/poller.h"
#include "fcgi/pulse.h"
#include "lib/api/http.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/log/throttle.h"

namespace cvm::fcgi {

class Server {
 public:
  struct Settings {
    std::size_t threads = 128;
    // At most so many connections, idle ones included. Where there are more, the longest idle make room, and
    // new ones wait in the socket's backlog while none is idle. Each takes a descriptor, and a second one
    // while it is served.
    std::size_t max_connections = 1024;
    // For receiving one request, and again for sending its answer. So long can a connection that
    // sends half a request hold a thread.
    std::chrono::milliseconds io_timeout{5000};
    // From a request's arrival to the deadline that its handler is given.
    std::chrono::milliseconds request_timeout{230000};
  };

  // All are called by every thread at once, and outlive the server's Run().
  struct Hooks {
    // May throw: the exception is logged and the client gets `internal_error`.
    std::function<api::Response(const api::Request&)> handle;
    std::function<api::Response()> internal_error;
    std::function<void(const AccessEntry&)> log_access = LogAccess;
    // Told of each answer, with the time from arrival until it was on its way.
    std::function<void(const api::Request&, const api::Response&, std::chrono::nanoseconds)> answered;
  };

  // SIGPIPE must be ignored (BlockSignals). Takes the descriptor over, also where it fails. kInvalid: it is
  // no listening socket, or a setting is zero; kUnavailable: the system has no more descriptors.
  static base::Result<std::unique_ptr<Server>> Create(int listening_socket, Settings settings, Hooks hooks);

  // Serves until Stop(), then until every request that has arrived is answered: at most so long as the
  // longest handler, or the queue of them, and twice io_timeout. Once; the calling thread is the dispatcher.
  // The listening socket is closed, idle connections are closed, and the threads are gone when it returns.
  // kUnavailable: threads or the listening socket's watch could not be had, and nothing was served.
  base::Status Run();

  // Begins the end of Run(), now or in future. From any thread and from signal handlers; any number of times.
  void Stop() noexcept;

  // ---- for whoever watches, from any thread ----

  ConnectionFigures Figures() const { return connections_.Figures(); }
  bool draining() const { return stop_.load(); }
  // Whether the dispatcher turns: wakes it, and waits for that until `by`.
  bool Turns(base::Deadline by) { return pulse_.Felt(wake_, by); }

 private:
  class Threads;

  Server(Listener listener, Poller poller, WakeUp wake, Settings settings, Hooks hooks);
  // The dispatcher's part.
  void Dispatch();
  bool CollectEvents();
  void AcceptSome();
  void WaitForRoom(const char* why);
  void ResumeListening();
  // The threads' part.
  void Work();
  bool ServeOne(Connection& connection);
  api::Response Answer(const api::Request& request) const;

  const Settings settings_;
  const Hooks hooks_;
  Listener listener_;
  Poller poller_;
  WakeUp wake_;
  Connections connections_;
  Pulse pulse_;
  Connection::Clock::time_point listen_again_{};         // not before this while the listener pauses
  log::Throttle pauses_told_{std::chrono::seconds(10)};  // under load accepting may pause at every request
  std::atomic<bool> stop_{false};
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_SERVER_H_
