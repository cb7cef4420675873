#include "lib/node/bounds.h"

namespace cvm::node {

Bounds::Place Bounds::Enter(std::uint64_t node_id, bool acts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (all_.looks + all_.actions >= settings_.waits) return {};
  if (acts && all_.actions >= settings_.actions) return {};
  const auto found = nodes_.find(node_id);
  const Count here = found == nodes_.end() ? Count() : found->second;
  if (acts ? here.actions >= settings_.actions_per_node : here.looks >= settings_.looks_per_node) return {};
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
