#include "lib/config/check.h"

#include <sys/stat.h>

#include <sstream>
#include <string>

#include "lib/ctl/commands.h"
#include "lib/ctl/steps.h"

namespace cvm::ctl {
namespace {

// A file can have several problems, each a line of the detail: each becomes a step of its own.
void AppendLines(const config::Step& step, Steps& steps) {
  std::istringstream lines(step.detail);
  for (std::string line; std::getline(lines, line);) steps.push_back({step.name, step.ok, line});
}

// cvmctl takes no file for its own that its group may read: such a file is meant for the worker.
config::Program WhoseFile(const std::string& path) {
  struct stat status {};
  const bool group_reads = stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRGRP) != 0;
  return group_reads ? config::Program::kWorker : config::Program::kCtl;
}

}  // namespace

Done ConfigCheck(Invocation& call) {
  Steps steps;
  ExitStatus status = ExitStatus::kOk;
  for (const config::Step& step : config::Check(call.config_path, WhoseFile(call.config_path))) {
    AppendLines(step, steps);
    if (step.code && status == ExitStatus::kOk) status = StatusFor(*step.code);
  }
  call.output.List(RecordsOf(steps));
  return status;
}

}  // namespace cvm::ctl
