#include "lib/node/reading.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/log/log.h"
#include "lib/log/throttle.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"

namespace cvm::node {
namespace {

// Apart from those of asking.cc: a node whose statuses are of no use must not keep these out of the log. A
// customer's stops and restarts read, too.
std::optional<std::uint64_t> PassToLog(const Node& node) {
  static log::Throttles told(std::chrono::seconds(1));
  return told.Pass(node.id);
}

// A line for all of an answer, as far as a line goes.
void TellDoubts(const Node& node, const Reading& reading) {
  std::string why;
  for (const auto& [ctid, container] : reading) {
    if (container.ok() || why.size() >= log::kMaxValue) continue;
    why += (why.empty() ? "" : "; ") + ctid.text() + ": " + container.error().message;
  }
  if (why.empty()) return;
  const auto left_out = PassToLog(node);
  if (!left_out) return;
  log::Error("node.bad_answer",
             {{"node", node.name}, {"command", "reading"}, {"why", why}, {"left_out", *left_out}});
}

}  // namespace

base::Result<Reading> AskReading(ssh::Runner& runner, const Node& node, const std::vector<base::Ctid>& ctids,
                                 base::Deadline deadline) {
  const auto output = Ask(runner, node, ReadingCommand(node, ctids, deadline), deadline);
  if (!output) return output.error();
  if (output->exit_status != 0) return BadAnswer(node, "reading", "it failed", *output);
  auto reading = ParseReading(output->out);
  if (!reading) return BadAnswer(node, "reading", reading.error().message, *output);
  TellDoubts(node, *reading);
  return reading;
}

}  // namespace cvm::node
