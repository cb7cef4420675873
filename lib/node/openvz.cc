#include "lib/node/openvz.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "lib/base/text.h"
#include "lib/node/acting.h"
#include "lib/node/asking.h"

namespace cvm::node {
namespace {

constexpr std::uint64_t kBlockSize = 1024;  // of vzlist's diskspace

const VzlistRow* FindRow(const VzlistRows& rows, base::Ctid ctid) {
  const auto row = rows.find(ctid);
  return row == rows.end() ? nullptr : &row->second;
}

}  // namespace

class OpenVz::Impl {
 public:
  explicit Impl(ssh::Runner& runner) : runner_(runner) {}

  base::Result<std::optional<Container>> Inspect(const Node& node, base::Ctid ctid, base::Deadline deadline);
  ssh::Runner& runner() { return runner_; }

 private:
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

OpenVz::OpenVz(ssh::Runner& runner) : impl_(std::make_unique<Impl>(runner)) {}
OpenVz::~OpenVz() = default;

base::Result<std::optional<Container>> OpenVz::Inspect(const Node& node, base::Ctid ctid,
                                                       base::Deadline deadline) {
  return impl_->Inspect(node, ctid, deadline);
}

base::Result<Outcome> OpenVz::Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline) {
  return RunAction(impl_->runner(), node, ctid, action, deadline);
}

}  // namespace cvm::node
