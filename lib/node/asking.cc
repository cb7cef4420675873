#include "lib/node/asking.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/text.h"
#include "lib/log/log.h"
#include "lib/log/throttle.h"
#include "lib/node/commands.h"
#include "lib/node/vzctl.h"

namespace cvm::node {
namespace {

constexpr std::size_t kExcerpt = 200;
constexpr int kTimedOut = 124;  // timeout(1)'s own

// Too much output is an answer that does not parse.
base::Error Reading(const base::Error& error) {
  const bool too_long = error.code == base::ErrorCode::kInvalid;
  return {too_long ? base::ErrorCode::kInternal : error.code, error.message};
}

std::string Hint(const Node& node, const ssh::Output& output) {
  if (output.exit_status == kTimedOut) return "; it took longer than it may";
  if (NeverRan(output.exit_status)) return WhyNeverRan(node, output.exit_status);
  const bool through_sudo = node.endpoint.user != "root";
  if (output.exit_status != 1 || !output.out.empty() || !through_sudo) return "";
  return "; may user " + node.endpoint.user + " run it by sudo -n?";
}

// A node that is out of order may be asked many times a second, for many containers. One for the process:
// whoever asks may be anybody.
std::optional<std::uint64_t> PassToLog(const Node& node) {
  static log::Throttles told(std::chrono::seconds(1));
  return told.Pass(node.id);
}

base::ErrorCode CodeOf(int exit_status) {
  if (exit_status == kTimedOut) return base::ErrorCode::kBroken;
  return NeverRan(exit_status) ? base::ErrorCode::kNotFound : base::ErrorCode::kInternal;
}

}  // namespace

base::Result<ssh::Output> Ask(ssh::Runner& runner, const Node& node, const ssh::Command& command,
                              base::Deadline deadline) {
  auto output = runner.Run(node.endpoint, command, deadline);
  if (output.ok()) return output;
  LogFailedRun(node, output.error());
  return Reading(output.error());
}

base::Error BadAnswer(const Node& node, std::string_view command, const std::string& why,
                      const ssh::Output& output) {
  if (const auto left_out = PassToLog(node)) {
    log::Error("node.bad_answer", {{"node", node.name},
                                   {"command", command},
                                   {"why", why + Hint(node, output)},
                                   {"exit_status", std::to_string(output.exit_status)},
                                   {"stdout", base::Shorten(output.out, kExcerpt)},
                                   {"stderr", base::Shorten(output.err, kExcerpt)},
                                   {"left_out", *left_out}});
  }
  return {CodeOf(output.exit_status), "node " + node.name + ": " + std::string(command) + ": " + why +
                                          Hint(node, output) + " " + HowItEnded(output)};
}

std::string WhyNeverRan(const Node& node, int exit_status) {
  switch (exit_status) {
    case kShellCannotRun:
      return "; does the node's cvm-node-gate refuse it (an older one?), or may user " + node.endpoint.user +
             " not run it?";
    case kShellNotFound:
      return "; is this an OpenVZ node, and are its programs in the PATH of the user's (or sudo's) shell?";
    default:
      return "";
  }
}

std::string HowItEnded(const ssh::Output& output) {
  const std::string_view words = base::WithoutEnd(output.err);
  return "(exit status " + std::to_string(output.exit_status) + ")" +
         (words.empty() ? "" : ": " + base::Shorten(words, kExcerpt));
}

void LogFailedRun(const Node& node, const base::Error& error) {
  const auto level = ssh::NotSent(error) ? log::Level::kDebug : log::Level::kWarning;
  log::Write(level, "node.command_failed",
             {{"node", node.name}, {"kind", base::CodeName(error.code)}, {"error", error.message}});
}

base::Result<VzlistRows> AskVzlist(ssh::Runner& runner, const Node& node,
                                   const std::vector<base::Ctid>& ctids, base::Deadline deadline) {
  const auto output = Ask(runner, node, VzlistCommand(node, ctids, deadline), deadline);
  if (!output.ok()) return output.error();
  if (output->exit_status != 0 && output->exit_status != 1) {
    return BadAnswer(node, "vzlist", "it failed", *output);
  }
  if (output->out.empty()) return BadAnswer(node, "vzlist", "it printed nothing", *output);
  // It exits with 0 where it failed too, and with 1 where none of the containers is there: what it prints
  // decides.
  auto rows = ParseVzlist(output->out);
  if (!rows.ok()) return BadAnswer(node, "vzlist", rows.error().message, *output);
  if (output->exit_status == 1 && !rows->empty()) {
    return BadAnswer(node, "vzlist", "it failed, and named containers", *output);
  }
  for (const base::Ctid ctid : ctids) {
    const auto row = rows->Find(ctid);
    const std::string doubt = !row ? row.error().message : *row ? (*row)->doubt : "";
    if (!doubt.empty()) (void)BadAnswer(node, "vzlist", doubt, *output);
  }
  return rows;
}

base::Result<std::optional<VzlistRow>> AskContainer(ssh::Runner& runner, const Node& node, base::Ctid ctid,
                                                    base::Deadline deadline) {
  const auto rows = AskVzlist(runner, node, {ctid}, deadline);
  if (!rows) return rows.error();
  return rows->Find(ctid);
}

base::Result<std::uint64_t> AskPageSize(ssh::Runner& runner, const Node& node, base::Deadline deadline) {
  const auto output = Ask(runner, node, PageSizeCommand(node, deadline), deadline);
  if (!output.ok()) return output.error();
  std::string_view text = output->out;
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto size = base::ParseU64(text);
  const bool power_of_two = size && *size != 0 && (*size & (*size - 1)) == 0;
  if (output->exit_status == 0 && power_of_two) return *size;
  return BadAnswer(node, "getconf PAGESIZE", "no page size", *output);
}

}  // namespace cvm::node
