#include "fcgi/signals.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "lib/base/error.h"

namespace cvm::fcgi {
namespace {

::sigset_t Signals() {
  ::sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGHUP}) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

void BlockSignals() {
  const ::sigset_t set = Signals();
  base::FatalAssert(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "signals can be blocked");
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  base::FatalAssert(::sigaction(SIGPIPE, &ignore, nullptr) == 0, "SIGPIPE can be ignored");
}

SignalThread::SignalThread(std::function<void()> stop, std::function<void()> reopen)
    : stop_(std::move(stop)), reopen_(std::move(reopen)), thread_([this] { Wait(); }) {}

// Ends it with a signal that goes to that thread alone.
SignalThread::~SignalThread() {
  ending_.store(true);
  // The thread has it blocked and takes it by sigwait: nothing is terminated.
  ::pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void SignalThread::Wait() const {
  const ::sigset_t set = Signals();
  for (;;) {
    int signal = 0;
    base::FatalAssert(::sigwait(&set, &signal) == 0, "blocked signals can be waited for");
    if (ending_.load()) return;
    if (signal == SIGHUP) {
      reopen_();
    } else {
      stop_();
    }
  }
}

}  // namespace cvm::fcgi
