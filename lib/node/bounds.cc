#include "lib/node/bounds.h"

#include <algorithm>

namespace cvm::node {

void Bounds::Found(std::uint64_t node_id, bool prompt) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (prompt) {
    slow_.erase(node_id);
  } else {
    slow_.insert(node_id);
  }
}

std::size_t Bounds::WaitsForSlowNodes() const {
  std::size_t waits = 0;
  for (const auto& [node_id, count] : nodes_) waits += slow_.count(node_id) > 0 ? count.all() : 0;
  return waits;
}

bool Bounds::NodeIsFull(std::uint64_t node_id, bool acts) const {
  const auto found = nodes_.find(node_id);
  const Count here = found == nodes_.end() ? Count() : found->second;
  if (acts ? here.actions >= settings_.actions_per_node : here.looks >= settings_.looks_per_node) return true;
  const bool slow = slow_.count(node_id) > 0;
  const std::size_t most = slow ? std::max<std::size_t>(settings_.waits / 2, 1) : settings_.waits;
  const std::size_t taken = slow ? WaitsForSlowNodes() : all_.all();
  if (taken >= most) return true;
  const std::size_t left = most - taken;
  return left <= most / 4 && here.all() / 2 >= left;
}

Bounds::Place Bounds::Enter(std::uint64_t node_id, bool acts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (all_.all() >= settings_.waits) return Place(false);
  if (acts && all_.actions >= settings_.actions) return Place(false);
  if (NodeIsFull(node_id, acts)) return Place(true);
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
  if (node->second.all() == 0) nodes_.erase(node);
}

}  // namespace cvm::node
