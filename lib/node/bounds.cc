#include "lib/node/bounds.h"

#include <algorithm>

namespace cvm::node {

bool Bounds::NodeIsFull(const Count& here, bool acts) const {
  if (acts ? here.actions >= settings_.actions_per_node : here.looks >= settings_.looks_per_node) return true;
  const std::size_t kept = settings_.waits / 4;
  const std::size_t several = std::max<std::size_t>(kept / 4, 1);
  return all_.looks + all_.actions >= settings_.waits - kept && here.looks + here.actions >= several;
}

Bounds::Place Bounds::Enter(std::uint64_t node_id, bool acts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (all_.looks + all_.actions >= settings_.waits) return Place(false);
  if (acts && all_.actions >= settings_.actions) return Place(false);
  const auto found = nodes_.find(node_id);
  if (NodeIsFull(found == nodes_.end() ? Count() : found->second, acts)) return Place(true);
  Count& count = nodes_[node_id];
  ++(acts ? count.actions : count.looks);
  ++(acts ? all_.actions : all_.looks);
  return Place(*this, node_id, acts);
}

std::unordered_map<std::uint64_t, Bounds::Count> Bounds::Waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return nodes_;
}

void Bounds::Leave(std::uint64_t node_id, bool acts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto node = nodes_.find(node_id);
  --(acts ? node->second.actions : node->second.looks);
  --(acts ? all_.actions : all_.looks);
  if (node->second.looks == 0 && node->second.actions == 0) nodes_.erase(node);
}

}  // namespace cvm::node
