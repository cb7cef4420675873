#include <algorithm>
#include <chrono>
#include <optional>

#include "lib/ctl/commands.h"
#include "lib/ctl/each.h"
#include "lib/ctl/host_key.h"
#include "lib/ctl/progress.h"
#include "lib/ctl/steps.h"
#include "lib/log/log.h"
#include "lib/node/check.h"
#include "lib/node/node.h"

namespace cvm::ctl {
namespace {

Records RecordsOf(const std::vector<ssh::HostKey>& keys) {
  Records records;
  for (const ssh::HostKey& key : keys) {
    records.push_back({{"type", key.type}, {"fingerprint", key.Fingerprint()}});
  }
  return records;
}

Record RecordOf(const node::Node& node) {
  return {{"id", Figure(node.id)},
          {"name", node.name},
          {"host", node.endpoint.host},
          {"port", Small{node.endpoint.port}},
          {"user", node.endpoint.user},
          {"location", node.location},
          {"host_keys", RecordsOf(node.endpoint.host_keys)}};
}

node::Node NodeOf(const Arguments& arguments) {
  node::Node node;
  node.name = arguments.Text("NAME");
  node.location = arguments.Text("--location");
  node.endpoint.host = arguments.Text("--host");
  node.endpoint.user = arguments.Maybe("--user").value_or(node.endpoint.user);
  const auto port = arguments.MaybeNumber("--port").value_or(node.endpoint.port);
  node.endpoint.port = static_cast<std::uint16_t>(port);
  return node;
}

// Before anybody is asked about a key: kConflict where the name is taken.
base::Status RequireNewName(Invocation& call, const std::string& name) {
  const auto found = call.services->nodes.Find(name, DatabaseDeadline());
  if (found) return base::Error{base::ErrorCode::kConflict, "there is a node " + name + " already"};
  if (found.error().code != base::ErrorCode::kNotFound) return found.error();
  return {};
}

base::Result<std::vector<node::Node>> NodesToCheck(Invocation& call) {
  const auto name = call.arguments.Maybe("NAME");
  if (!name) return call.services->nodes.List(DatabaseDeadline());
  auto node = call.services->nodes.Find(*name, DatabaseDeadline());
  if (!node) return node.error();
  return std::vector<node::Node>{std::move(*node)};
}

// What is wrong the steps say: a log at the same terminal would say it beside the table, less readably.
Steps CheckOne(Services& services, const node::Node& node) {
  std::optional<log::Muted> muted;
  if (services.logs_to_stderr) muted.emplace();
  const auto each = services.ssh_settings.connect_timeout + std::chrono::seconds(10);
  const auto trial = ssh::TrySession(services.ssh_settings, node.endpoint, base::Deadline::In(each));
  Steps steps;
  for (const auto& step : node::CheckNode(trial, services.runner, node, each)) {
    const bool good = step.state == node::StepState::kOk || step.state == node::StepState::kWarning;
    steps.push_back({step.name, good, step.detail, step.state == node::StepState::kWarning});
  }
  return steps;
}

// In the order of `nodes`, a few at a time.
std::vector<Checked> CheckAll(Invocation& call, const std::vector<node::Node>& nodes) {
  constexpr std::size_t kAtOnce = 16;
  std::vector<Checked> checked(nodes.size());
  Progress progress(call.console, nodes.size(), "nodes");
  ForEach(nodes.size(), kAtOnce, [&](std::size_t i) {
    checked[i] = {nodes[i].name, CheckOne(*call.services, nodes[i])};
    progress.Advance();
  });
  return checked;
}

}  // namespace

Done NodeAdd(Invocation& call) {
  node::Node node = NodeOf(call.arguments);
  if (const auto free = RequireNewName(call, node.name); !free) return free.error();
  const auto key = KeyToPin(call, node.endpoint);
  if (!key) return key.error();
  node.endpoint.host_keys = {*key};
  const auto id = call.services->nodes.Add(node, DatabaseDeadline());
  if (!id) return id.error();
  node.id = *id;
  call.output.Done("node " + node.name + " added, ID " + std::to_string(*id) + ", pinned " + key->type + " " +
                       key->Fingerprint() + "; try it: cvmctl node check",
                   RecordOf(node));
  return ExitStatus::kOk;
}

Done NodeList(Invocation& call) {
  const auto nodes = call.services->nodes.List(DatabaseDeadline());
  if (!nodes) return nodes.error();
  Records records;
  for (const node::Node& node : *nodes) records.push_back(RecordOf(node));
  call.output.List(records);
  return ExitStatus::kOk;
}

Done NodeCheck(Invocation& call) {
  const auto nodes = NodesToCheck(call);
  if (!nodes) return nodes.error();
  const std::vector<Checked> checked = CheckAll(call, *nodes);
  ShowChecked(call.output, checked);
  const bool all = std::all_of(checked.begin(), checked.end(), [](const auto& c) { return AllOk(c.steps); });
  return all ? ExitStatus::kOk : ExitStatus::kUnavailable;
}

Done NodeAuthorize(Invocation& call) {
  const auto node = call.services->nodes.Find(call.arguments.Text("NAME"), DatabaseDeadline());
  if (!node) return node.error();
  const auto key = ssh::ReadPublicKey(call.services->ssh_settings, node->endpoint.key_name);
  if (!key) return key.error();
  const std::string line = node::AuthorizedKeysLine(*key, call.arguments.Has("--old-sshd"));
  call.output.Done(line, {{"name", node->name}, {"user", node->endpoint.user}, {"line", line}});
  return ExitStatus::kOk;
}

Done NodePin(Invocation& call) {
  const std::string name = call.arguments.Text("NAME");
  const auto key = ssh::HostKey::Parse(call.arguments.Text("KEY"));
  if (!key) return key.error();
  auto& nodes = call.services->nodes;
  const auto pinned = nodes.Pin(name, *key, call.arguments.Has("--replace"), DatabaseDeadline());
  if (!pinned) return pinned.error();
  const auto node = nodes.Find(name, DatabaseDeadline());
  if (!node) return node.error();
  call.output.Done("node " + name + ": pinned " + key->type + " " + key->Fingerprint(), RecordOf(*node));
  return ExitStatus::kOk;
}

Done NodeRemove(Invocation& call) {
  const std::string name = call.arguments.Text("NAME");
  const auto removed = call.services->nodes.Remove(name, DatabaseDeadline());
  if (!removed) return removed.error();
  const std::string stops = std::to_string(*removed) + (*removed == 1 ? " stop" : " stops");
  call.output.Done(
      "node " + name + " removed" + (*removed == 0 ? "" : ", " + stops + " pending there given up"),
      {{"name", name}, {"removed", true}, {"stops_dropped", Figure(*removed)}});
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
