#include "lib/config/check.h"

#include "lib/ctl/commands.h"
#include "lib/ctl/steps.h"

namespace cvm::ctl {

Done ConfigCheck(Invocation& call) {
  Steps steps;
  ExitStatus status = ExitStatus::kOk;
  for (const config::Step& step : config::Check(call.config_path, config::Program::kCtl)) {
    steps.push_back({step.name, step.ok, step.detail});
    if (step.code && status == ExitStatus::kOk) status = StatusFor(*step.code);
  }
  call.output.List(RecordsOf(steps));
  return status;
}

}  // namespace cvm::ctl
