#include "tests/node/actions.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/node/container.h"
#include "tests/node/exit_status.h"
#include "tests/node/files.h"
#include "tests/node/start_checks.h"
#include "tests/node/switches.h"

namespace cvm::testnode {
namespace {

constexpr double kStopTimeout = 120;  // seconds that a container has to shut down
constexpr double kKillTimeout = 60;   // and that its tasks then have to die

int Unmount(const Call& call) {
  if (!MarkUnmounted(call.ctid)) return kSystemError;
  call.console.Out("Container is unmounted");
  return kDone;
}

// Ends init, one way or the other. False: its tasks would not die.
bool Kill(const Call& call) {
  call.console.Out("Killing container ...");
  const std::string unkillable = ContainerSwitch(call.ctid, "unkillable");
  if (WaitFor(kKillTimeout, [&] { return !SwitchIsOn(unkillable); })) return true;
  call.console.Err("Failed to wait for CT tasks to die");
  call.console.Err("Unable to stop container: operation timed out");
  return false;
}

bool Halt(const Call& call) {
  call.console.Out("Stopping container ...");
  if (!Exists(PrivateArea(call.ctid) + "/sbin/halt")) {
    call.console.Err("Child " + std::to_string(getpid()) + " exited with status 33");
    return false;
  }
  const std::string set = call.config->Get("STOP_TIMEOUT");
  const double timeout = set.empty() ? kStopTimeout : std::strtod(set.c_str(), nullptr);
  return WaitFor(timeout, [&] {
    return !SwitchIsOn(ContainerSwitch(call.ctid, "ignore-halt")) &&
           !SwitchIsOn(ContainerSwitch(call.ctid, "unkillable"));
  });
}

int EndAndUnmount(const Call& call) {
  if (!EndInit(call.ctid)) return kSystemError;
  call.console.Out("Container was stopped");
  return Unmount(call);
}

int FailedStart(const Call& call, const StartProblem& problem) {
  call.console.Out("Killing container ...");
  if (const int status = EndAndUnmount(call); status != kDone) return status;
  for (const std::string& line : problem.words) call.console.Err(line);
  return problem.status;
}

int MountArea(const Call& call) {
  const std::string area = PrivateArea(call.ctid);
  if (!IsDirectory(area)) {
    call.console.Err("Can't mount: " + RootArea(call.ctid) + " " + area + ": Not a directory");
    return kMountFailed;
  }
  if (RunScript(call.ctid, "premount") != 0) {
    call.console.Err("Error executing premount script " + ScriptPath(call.ctid, "premount"));
    return kActionScriptFailed;
  }
  if (!MarkMounted(call.ctid)) return kSystemError;
  call.console.Out("Container is mounted");
  return kDone;
}

int SaveLayout(const Call& call) {
  if (call.config->Has("VE_LAYOUT")) return kDone;
  const std::string path = Config::Path(call.ctid);
  call.console.Out("Saving VE layout 'simfs' to the VE config file");
  if (!WriteFile(path, ReadFile(path).value_or("") + "VE_LAYOUT=\"simfs\"\n")) return kSystemError;
  call.console.Out("CT configuration saved to " + path);
  return kDone;
}

int RunInit(const Call& call) {
  if (const auto problem = CheckMounted(call.ctid)) return FailedStart(call, *problem);
  for (const std::string& line : call.config->shell_errors()) call.console.Err(line);
  const std::string veths = VethNames(*call.config);
  if (!veths.empty()) call.console.Out("Configure veth devices: " + veths);
  Pause(call.ctid, "before-start");
  if (const std::string problem = StartInit(call.ctid, *call.config); !problem.empty()) {
    call.console.Err(problem);
    return kSystemError;
  }
  if (RunScript(call.ctid, "start") != 0) return FailedStart(call, ScriptProblem());
  if (const auto warning = DistributionWarning(*call.config)) call.console.Err(*warning);
  call.console.Out("Container start in progress...");
  Pause(call.ctid, "after-start");
  return SaveLayout(call);
}

int RefuseExec(const Call& call, int not_running) {
  if (GetRunState(call.ctid) != RunState::kRunning) {
    call.console.Err("Container is not running");
    return not_running;
  }
  call.console.Err("This node runs no command inside a container");
  return kSystemError;
}

}  // namespace

int Start(const Call& call) {
  if (call.config->Get("DISABLED") == "yes" && !call.force) {
    call.console.Err("Container start disabled");
    return kStartDisabled;
  }
  const RunState state = GetRunState(call.ctid);
  if (state == RunState::kRunning) {
    call.console.Err("Container is already running");
    return kAlreadyRunning;
  }
  if (!Exists(PrivateArea(call.ctid))) {
    call.console.Err("Container private area " + PrivateArea(call.ctid) + " does not exist");
    return kNoPrivateArea;
  }
  call.console.Out("Starting container...");
  if (const auto problem = CheckBeforeMount(call.ctid, *call.config)) {
    for (const std::string& line : problem->words) call.console.Err(line);
    return problem->status;
  }
  if (state == RunState::kMounted) {
    if (const int status = Unmount(call); status != kDone) return status;
  }
  if (const int status = MountArea(call); status != kDone) return status;
  return RunInit(call);
}

int Stop(const Call& call) {
  if (GetRunState(call.ctid) != RunState::kRunning) {
    call.console.Err("Unable to stop: container is not running");
    return kDone;
  }
  if (RunScript(call.ctid, "stop") != 0) return kActionScriptFailed;
  Pause(call.ctid, "before-stop");
  const bool halted = !call.fast && Halt(call);
  if (!halted && !Kill(call)) return kStopFailed;
  const int status = EndAndUnmount(call);
  Pause(call.ctid, "after-stop");
  return status;
}

int Restart(const Call& call) {
  call.console.Out("Restarting container");
  if (GetRunState(call.ctid) == RunState::kRunning) {
    if (const int status = Stop(call); status != kDone) return status;
  }
  return Start(call);
}

int Mount(const Call& call) {
  if (GetRunState(call.ctid) != RunState::kStopped) {
    call.console.Err("Container is already mounted");
    return kDone;
  }
  if (Exists(PrivateArea(call.ctid))) return MountArea(call);
  call.console.Err("Container private area " + PrivateArea(call.ctid) + " does not exist");
  return kNoPrivateArea;
}

int Umount(const Call& call) {
  switch (GetRunState(call.ctid)) {
    case RunState::kRunning:
      call.console.Err("Container is running -- stop it first");
      return kAlreadyRunning;
    case RunState::kStopped:
      call.console.Err("CT is not mounted");
      return kNotMounted;
    case RunState::kMounted:
      return Unmount(call);
  }
  return kSystemError;
}

int PrintStatus(const Call& call) {
  const Console always;  // --quiet does not silence an answer
  const std::string area = PrivateArea(call.ctid);
  const bool has_area = access(area.c_str(), F_OK) == 0;
  if (!has_area && errno != ENOENT) {
    call.console.Err("Can't access file " + area + ": " + std::strerror(errno));
  }
  if (access(RootArea(call.ctid).c_str(), F_OK) != 0) {
    call.console.Err("stat(" + RootArea(call.ctid) + "): " + std::strerror(errno));
  }
  const RunState state = GetRunState(call.ctid);
  std::string line = "CTID " + std::to_string(call.ctid);
  line += call.config && has_area ? " exist" : " deleted";
  line += state == RunState::kStopped ? " unmounted" : " mounted";
  line += state == RunState::kRunning ? " running" : " down";
  if (state != RunState::kRunning && Exists(DumpFile(call.ctid))) line += " suspended";
  always.Out(line);
  return kDone;
}

int Exec(const Call& call) {
  return RefuseExec(call, kExecFailed);
}
int Exec2(const Call& call) {
  return RefuseExec(call, kNotRunning);
}

}  // namespace cvm::testnode
