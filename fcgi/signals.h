// Signals as calls on a thread of their own: no handler runs, and no system call of another thread is
// interrupted (libssh2's would fail at the first).
#ifndef CVM_FCGI_SIGNALS_H_
#define CVM_FCGI_SIGNALS_H_

#include <atomic>
#include <functional>
#include <thread>

namespace cvm::fcgi {

// Blocks the signals below in the calling thread, and with it in every thread that is started later, and
// ignores SIGPIPE. First thing in main, before there are threads.
void BlockSignals();

// From construction to destruction: SIGTERM and SIGINT call `stop`, and so do SIGUSR1 and SIGQUIT, which
// multiwatch sends in SIGTERM's place: the first by default, the second (in 1.0.0) when it is told `-s TERM`.
// SIGHUP calls `reopen`. One call at a time, on one thread.
class SignalThread {
 public:
  SignalThread(std::function<void()> stop, std::function<void()> reopen);
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;
  ~SignalThread();

 private:
  void Wait() const;

  const std::function<void()> stop_;
  const std::function<void()> reopen_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_SIGNALS_H_
