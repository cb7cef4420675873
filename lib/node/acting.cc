#include "lib/node/acting.h"

#include <cstdlib>
#include <string>

#include "lib/base/text.h"
#include "lib/log/log.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"
#include "lib/node/vzctl.h"

namespace cvm::node {
namespace {

constexpr std::size_t kExcerpt = 200;

std::string ToDo(const Node& node, int exit_status) {
  if (exit_status != kShellNotFound && exit_status != kShellCannotRun) return "";
  return "vzctl cannot be run as " + node.endpoint.user + " on node " + node.name +
         ": is it an OpenVZ node? are sudo and PATH right?";
}

void LogRefusal(const Node& node, base::Ctid ctid, Action action, const ssh::Output& output) {
  log::Warning("node.action_refused", {{"node", node.name},
                                       {"ctid", ctid.text()},
                                       {"action", ActionName(action)},
                                       {"exit_status", std::to_string(output.exit_status)},
                                       {"meaning", VzctlStatusName(output.exit_status)},
                                       {"to_do", ToDo(node, output.exit_status)},
                                       {"stdout", base::Shorten(output.out, kExcerpt)},
                                       {"stderr", base::Shorten(output.err, kExcerpt)}});
}

Outcome JudgeByStatus(int exit_status) {
  if (exit_status == 0) return Outcome::kDone;
  if (exit_status == kVzctlLocked) return Outcome::kLocked;
  if (exit_status == kVzctlMissing) return Outcome::kMissing;
  return Outcome::kFailed;
}

// What a start or stop with another exit status than 0 came to, now that vzlist has been asked.
Outcome JudgeByState(int exit_status, Action action, const VzlistRow* row) {
  const bool wants_running = action == Action::kStart;
  if (row != nullptr && row->running == wants_running) return Outcome::kDone;
  if (exit_status == kVzctlLocked) return Outcome::kLocked;
  return row == nullptr ? Outcome::kMissing : Outcome::kFailed;
}

const VzlistRow* FindRow(const VzlistRows& rows, base::Ctid ctid) {
  const auto row = rows.find(ctid);
  return row == rows.end() ? nullptr : &row->second;
}

base::Result<Outcome> AskAfter(ssh::Runner& runner, const Node& node, base::Ctid ctid, Action action,
                               int exit_status, base::Deadline deadline) {
  const auto rows = AskVzlist(runner, node, {ctid}, deadline);
  if (rows.ok()) return JudgeByState(exit_status, action, FindRow(*rows, ctid));
  // Where vzctl was never run nothing was done, whatever the state is.
  if (exit_status == kShellNotFound || exit_status == kShellCannotRun) return Outcome::kFailed;
  return base::Error{base::ErrorCode::kBroken,
                     std::string(ActionName(action)) + " of " + ctid.text() + " ended with exit status " +
                         std::to_string(exit_status) +
                         ", and its state cannot be asked: " + rows.error().message};
}

}  // namespace

const char* ActionName(Action action) {
  switch (action) {
    case Action::kStart:
      return "start";
    case Action::kStop:
      return "stop";
    case Action::kRestart:
      return "restart";
  }
  std::abort();
}

base::Result<Outcome> RunAction(ssh::Runner& runner, const Node& node, base::Ctid ctid, Action action,
                                base::Deadline deadline) {
  const auto output = runner.Run(node.endpoint, ActionCommand(node, action, ctid), deadline);
  if (!output.ok()) {
    LogFailedRun(node, output.error());
    const bool not_sent = output.error().code == base::ErrorCode::kUnavailable;
    return base::Error{not_sent ? base::ErrorCode::kUnavailable : base::ErrorCode::kBroken,
                       output.error().message};
  }
  if (output->exit_status == 0) return Outcome::kDone;
  LogRefusal(node, ctid, action, *output);
  if (action == Action::kRestart) return JudgeByStatus(output->exit_status);
  return AskAfter(runner, node, ctid, action, output->exit_status, deadline);
}

}  // namespace cvm::node
