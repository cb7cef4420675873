#include "lib/node/openvz.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "lib/base/text.h"
#include "lib/log/log.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"
#include "lib/node/vzctl.h"

namespace cvm::node {
namespace {

constexpr std::uint64_t kBlockSize = 1024;  // of vzlist's diskspace
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

class OpenVz::Impl {
 public:
  explicit Impl(ssh::Runner& runner) : runner_(runner) {}

  base::Result<std::optional<Container>> Inspect(const Node& node, base::Ctid ctid, base::Deadline deadline);
  base::Result<Outcome> Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline);

 private:
  base::Result<Outcome> AskAfter(const Node& node, base::Ctid ctid, Action action, int exit_status,
                                 base::Deadline deadline);
  base::Result<std::uint64_t> PageSize(const Node& node, base::Deadline deadline);

  ssh::Runner& runner_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> page_sizes_;  // by node and where it is
};

// Asked once a node: it does not change while the node keeps its kernel's architecture.
base::Result<std::uint64_t> OpenVz::Impl::PageSize(const Node& node, base::Deadline deadline) {
  const std::string key = std::to_string(node.id) + " " + node.endpoint.Where();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = page_sizes_.find(key);
    if (known != page_sizes_.end()) return known->second;
  }
  auto size = AskPageSize(runner_, node, deadline);
  if (!size.ok()) return size;
  const std::lock_guard<std::mutex> lock(mutex_);
  page_sizes_[key] = *size;
  return size;
}

base::Result<std::optional<Container>> OpenVz::Impl::Inspect(const Node& node, base::Ctid ctid,
                                                             base::Deadline deadline) {
  const auto rows = AskVzlist(runner_, node, {ctid}, deadline);
  if (!rows.ok()) return rows.error();
  const VzlistRow* row = FindRow(*rows, ctid);
  if (row == nullptr) return std::optional<Container>();
  Container container;
  container.running = row->running;
  container.disk_used = base::SaturatingMultiply(row->used_blocks, kBlockSize);
  if (row->held_pages > 0) {
    const auto page_size = PageSize(node, deadline);
    if (!page_size.ok()) return page_size.error();
    container.ram_used = base::SaturatingMultiply(row->held_pages, *page_size);
  }
  return std::optional<Container>(container);
}

base::Result<Outcome> OpenVz::Impl::AskAfter(const Node& node, base::Ctid ctid, Action action,
                                             int exit_status, base::Deadline deadline) {
  const auto rows = AskVzlist(runner_, node, {ctid}, deadline);
  if (rows.ok()) return JudgeByState(exit_status, action, FindRow(*rows, ctid));
  // Where vzctl was never run nothing was done, whatever the state is.
  if (exit_status == kShellNotFound || exit_status == kShellCannotRun) return Outcome::kFailed;
  return base::Error{base::ErrorCode::kBroken,
                     std::string(ActionName(action)) + " of " + ctid.text() + " ended with exit status " +
                         std::to_string(exit_status) +
                         ", and its state cannot be asked: " + rows.error().message};
}

base::Result<Outcome> OpenVz::Impl::Act(const Node& node, base::Ctid ctid, Action action,
                                        base::Deadline deadline) {
  const auto output = runner_.Run(node.endpoint, ActionCommand(node, action, ctid), deadline);
  if (!output.ok()) {
    LogFailedRun(node, output.error());
    const bool not_sent = output.error().code == base::ErrorCode::kUnavailable;
    return base::Error{not_sent ? base::ErrorCode::kUnavailable : base::ErrorCode::kBroken,
                       output.error().message};
  }
  if (output->exit_status == 0) return Outcome::kDone;
  LogRefusal(node, ctid, action, *output);
  if (action == Action::kRestart) return JudgeByStatus(output->exit_status);
  return AskAfter(node, ctid, action, output->exit_status, deadline);
}

OpenVz::OpenVz(ssh::Runner& runner) : impl_(std::make_unique<Impl>(runner)) {}
OpenVz::~OpenVz() = default;

base::Result<std::optional<Container>> OpenVz::Inspect(const Node& node, base::Ctid ctid,
                                                       base::Deadline deadline) {
  return impl_->Inspect(node, ctid, deadline);
}

base::Result<Outcome> OpenVz::Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline) {
  return impl_->Act(node, ctid, action, deadline);
}

}  // namespace cvm::node
