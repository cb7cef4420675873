#include "lib/node/reading.h"

#include <string>

#include "lib/base/text.h"
#include "lib/log/log.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"

namespace cvm::node {
namespace {

constexpr std::size_t kExcerpt = 200;

base::Error BadAnswer(const Node& node, const std::string& why, const ssh::Output& output) {
  log::Error("node.bad_answer", {{"node", node.name},
                                 {"command", "reading"},
                                 {"why", why},
                                 {"exit_status", std::to_string(output.exit_status)},
                                 {"stdout", base::Shorten(output.out, kExcerpt)},
                                 {"stderr", base::Shorten(output.err, kExcerpt)}});
  return {base::ErrorCode::kInternal, "node " + node.name + ": reading: " + why + " (exit status " +
                                          std::to_string(output.exit_status) + ")"};
}

// A line for all of an answer, as far as a line goes.
void TellDoubts(const Node& node, const Reading& reading) {
  std::string why;
  for (const auto& [ctid, container] : reading) {
    if (container.ok() || why.size() >= log::kMaxValue) continue;
    why += (why.empty() ? "" : "; ") + ctid.text() + ": " + container.error().message;
  }
  if (why.empty()) return;
  log::Error("node.bad_answer", {{"node", node.name}, {"command", "reading"}, {"why", why}});
}

}  // namespace

base::Result<Reading> AskReading(ssh::Runner& runner, const Node& node, const std::vector<base::Ctid>& ctids,
                                 base::Deadline deadline) {
  const auto output = runner.Run(node.endpoint, ReadingCommand(node, ctids, deadline), deadline);
  if (!output) {
    LogFailedRun(node, output.error());
    const bool too_long = output.error().code == base::ErrorCode::kInvalid;
    return base::Error{too_long ? base::ErrorCode::kInternal : output.error().code, output.error().message};
  }
  if (output->exit_status != 0) return BadAnswer(node, "it failed", *output);
  auto reading = ParseReading(output->out);
  if (!reading) return BadAnswer(node, reading.error().message, *output);
  TellDoubts(node, *reading);
  return reading;
}

}  // namespace cvm::node
