#include "fcgi/signals.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "lib/base/error.h"

namespace cvm::fcgi {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP};

::sigset_t Signals() {
  ::sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : kSignals) ::sigaddset(&set, signal);
  return set;
}

void SetHandler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  base::FatalAssert(::sigaction(signal, &action, nullptr) == 0, "a signal's handler can be set");
}

}  // namespace

void BlockSignals() {
  const ::sigset_t set = Signals();
  base::FatalAssert(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "signals can be blocked");
  // One that is ignored would not even be waited for: shells ignore SIGINT and SIGQUIT for what they start in
  // the background, and that is inherited.
  for (const int signal : kSignals) SetHandler(signal, SIG_DFL);
  SetHandler(SIGPIPE, SIG_IGN);
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
