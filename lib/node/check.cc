#include "lib/node/check.h"

#include <string_view>

#include "lib/base/ctid.h"
#include "lib/base/text.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"

namespace cvm::node {
namespace {

constexpr std::size_t kLongestDetail = 300;

std::string OneLine(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \r\n");
  const std::string_view trimmed = end == std::string_view::npos ? "" : text.substr(0, end + 1);
  return base::EscapeForLog(base::Shorten(trimmed, kLongestDetail));
}

CheckStep Failed(const std::string& name, const base::Error& error) {
  return {name, false, OneLine(error.message)};
}

CheckStep Login(ssh::Runner& runner, const Node& node, base::Deadline deadline) {
  const auto output = runner.Run(node.endpoint, LoginCommand(), deadline);
  if (!output.ok()) return Failed("login", output.error());
  if (output->exit_status == 0) return {"login", true, "logged in as " + node.endpoint.Where()};
  return {"login", false, "the login works, but a command does not run: " + OneLine(output->err)};
}

CheckStep Vzctl(ssh::Runner& runner, const Node& node, base::Deadline deadline) {
  const auto output = runner.Run(node.endpoint, VzctlVersionCommand(node), deadline);
  if (!output.ok()) return Failed("vzctl", output.error());
  if (output->exit_status == 0) return {"vzctl", true, OneLine(output->out)};
  const std::string how = node.endpoint.user == "root" ? "" : " by sudo -n";
  return {"vzctl", false,
          "vzctl cannot be run as " + node.endpoint.user + how + " (exit status " +
              std::to_string(output->exit_status) + "): " + OneLine(output->err)};
}

// The question that every status asks. Whether there is a container 1 does not matter.
CheckStep Vzlist(ssh::Runner& runner, const Node& node, base::Deadline deadline) {
  const auto rows = AskVzlist(runner, node, {*base::Ctid::FromNumber(1)}, deadline);
  if (!rows.ok()) return Failed("vzlist", rows.error());
  return {"vzlist", true, "it answers"};
}

CheckStep PageSize(ssh::Runner& runner, const Node& node, base::Deadline deadline) {
  const auto size = AskPageSize(runner, node, deadline);
  if (!size.ok()) return Failed("page size", size.error());
  return {"page size", true, std::to_string(*size) + " bytes"};
}

}  // namespace

std::vector<CheckStep> CheckNode(ssh::Runner& runner, const Node& node, base::Deadline deadline) {
  std::vector<CheckStep> steps = {Login(runner, node, deadline)};
  if (!steps.front().ok) return steps;
  for (const auto step : {Vzctl, Vzlist, PageSize}) steps.push_back(step(runner, node, deadline));
  return steps;
}

}  // namespace cvm::node
