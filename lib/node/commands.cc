#include "lib/node/commands.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "lib/node/read_program.h"

namespace cvm::node {
namespace {

using Words = std::vector<std::string>;

constexpr long kLongestRead = 30;  // seconds

ssh::Command Privileged(const Node& node, const Words& words) {
  Words argv;
  if (node.endpoint.user != "root") argv = {"sudo", "-n"};
  argv.insert(argv.end(), words.begin(), words.end());
  return ssh::Command(std::move(argv));
}

// For as many whole seconds as the deadline leaves.
ssh::Command Reading(const Node& node, const Words& words, base::Deadline deadline) {
  const auto left = std::chrono::floor<std::chrono::seconds>(deadline.Remaining()).count();
  Words argv = {"timeout", std::to_string(std::clamp<long>(left, 1, kLongestRead))};
  argv.insert(argv.end(), words.begin(), words.end());
  return Privileged(node, argv);
}

}  // namespace

ssh::Command VzlistCommand(const Node& node, const std::vector<base::Ctid>& ctids, base::Deadline deadline) {
  Words words = {"vzlist", "-j", "-o", "ctid,status,physpages,diskspace"};
  for (const base::Ctid ctid : ctids) words.push_back(ctid.text());
  return Reading(node, words, deadline);
}

ssh::Command PageSizeCommand(const Node& node, base::Deadline deadline) {
  return Reading(node, {"getconf", "PAGESIZE"}, deadline);
}

ssh::Command ActionCommand(const Node& node, Action action, base::Ctid ctid) {
  return Privileged(node, {"vzctl", ActionName(action), ctid.text()});
}

ssh::Command VzctlVersionCommand(const Node& node) {
  return Privileged(node, {"vzctl", "--version"});
}

ssh::Command LoginCommand() {
  return ssh::Command({"true"});
}

ssh::Command ReadingCommand(const Node& node, const std::vector<base::Ctid>& ctids, base::Deadline deadline) {
  Words words = {"awk", kReadProgram};
  for (const base::Ctid ctid : ctids) words.push_back(ctid.text());
  return Reading(node, words, deadline);
}

ssh::Command ClockCommand() {
  return ssh::Command({"date", "+%s"});
}

ssh::Command GateVersionCommand() {
  return ssh::Command({"version"});
}

}  // namespace cvm::node
