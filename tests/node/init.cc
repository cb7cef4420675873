#include "tests/node/init.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/node/files.h"
#include "tests/node/veth.h"

namespace cvm::testnode {
namespace {

constexpr int kDeathTimeout = 20000;  // ms
constexpr char kFolder[] = "/var/lib/vzctl/vepid";

std::string PidPath(unsigned ctid) {
  return kFolder + std::string("/") + std::to_string(ctid);
}

// 0 where none is written down.
pid_t WrittenPid(unsigned ctid) {
  return static_cast<pid_t>(std::atol(ReadFile(PidPath(ctid)).value_or("0").c_str()));
}

bool Lives(pid_t pid) {
  const std::string stat = ReadFile("/proc/" + std::to_string(pid) + "/stat").value_or("");
  const std::size_t state = stat.rfind(") ");
  return stat.find(" (init) ") != std::string::npos && stat[state + 2] != 'Z' && stat[state + 2] != 'X';
}

struct Pipe {
  int ends[2] = {-1, -1};
  bool Open() { return pipe(ends) == 0; }
  // False where the other side did not close its end, but wrote or failed.
  bool AwaitEnd() const {
    char nothing = 0;
    return read(ends[0], &nothing, 1) == 0;
  }
};

// Leaves nothing of the caller in it: no descriptor, no session. It begins when the caller closes `go`, and
// holds `ready` as its standard output until it is what it should be.
[[noreturn]] void BecomeInit(const Pipe& go, const Pipe& ready) {
  close(go.ends[1]);
  if (!go.AwaitEnd()) _exit(1);
  setsid();
  signal(SIGPIPE, SIG_DFL);  // vzctl's deafness is not its own
  const int null = open("/dev/null", O_RDWR);
  dup2(null, 0);
  dup2(ready.ends[1], 1);
  dup2(null, 2);
  syscall(SYS_close_range, 3U, ~0U, 0U);
  char name[] = "init";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  execve("/usr/sbin/vzctl", arguments, environment);
  _exit(1);
}

pid_t Clone() {
  const int flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone, flags, nullptr, nullptr, nullptr, 0));
}

}  // namespace

std::string BeginInit(unsigned ctid, const Config& config) {
  Pipe go;
  Pipe ready;
  if (!go.Open() || !ready.Open()) return std::strerror(errno);
  const pid_t pid = Clone();
  if (pid < 0) return std::string("Unable to clone: ") + std::strerror(errno);
  if (pid == 0) BecomeInit(go, ready);
  std::string problem = MakePairs(PairsOf(config), pid);
  mkdir(kFolder, 0755);
  if (problem.empty() && !WriteFile(PidPath(ctid), std::to_string(pid) + "\n"))
    problem = std::strerror(errno);
  if (!problem.empty()) kill(pid, SIGKILL);
  close(ready.ends[1]);
  close(go.ends[1]);
  ready.AwaitEnd();
  close(ready.ends[0]);
  close(go.ends[0]);
  return problem;
}

bool KillInit(unsigned ctid) {
  const pid_t pid = WrittenPid(ctid);
  if (pid > 0 && Lives(pid)) {
    const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (handle < 0 && errno != ESRCH) return false;
    if (handle >= 0) {
      pollfd dead = {handle, POLLIN, 0};
      kill(pid, SIGKILL);
      const bool died = poll(&dead, 1, kDeathTimeout) == 1;
      close(handle);
      if (!died) return false;
      waitpid(pid, nullptr, WNOHANG);
    }
  }
  return unlink(PidPath(ctid).c_str()) == 0 || errno == ENOENT;
}

bool InitHasDied(unsigned ctid) {
  const pid_t pid = WrittenPid(ctid);
  return pid > 0 && !Lives(pid);
}

int InitMain() {
  prctl(PR_SET_NAME, "init");
  signal(SIGCHLD, SIG_IGN);
  SetDevicesUp();
  dup2(0, 1);
  for (;;) pause();
}

}  // namespace cvm::testnode
