#include "lib/node/meter.h"

namespace cvm::node {
namespace {

constexpr std::chrono::hours kForgotten{1};
const std::vector<double> kBatchBounds = {1, 2, 4, 8, 16, 32, 64, 128};

}  // namespace

Meter::Meter() : batch_sizes_(kBatchBounds) {}

// With the lock held.
NodeFigures& Meter::Of(const Node& node) {
  Entry& entry = nodes_[node.id];
  entry.used = Clock::now();
  entry.figures.id = node.id;
  entry.figures.name = node.name;
  entry.figures.endpoint = node.endpoint.Identity();
  return entry.figures;
}

void Meter::Asked(const Node& node, std::size_t containers, Clock::duration took, bool answered) {
  batch_sizes_.Observe(static_cast<double>(containers));
  const std::lock_guard<std::mutex> lock(mutex_);
  NodeFigures& figures = Of(node);
  ++figures.questions;
  if (!answered) {
    ++figures.failed;
    return;
  }
  figures.latency = took;
  figures.answered_at = std::chrono::system_clock::now();
}

void Meter::Acted(const Node& node) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++Of(node).actions;
}

void Meter::StatusRefused(const Node& node) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++Of(node).statuses_refused;
}

void Meter::ActionRefused(const Node& node) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++Of(node).actions_refused;
}

std::vector<NodeFigures> Meter::Read(Clock::time_point now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::unordered_map<std::string, const Entry*> latest;  // by name
  for (auto entry = nodes_.begin(); entry != nodes_.end();) {
    if (now - entry->second.used > kForgotten) {
      entry = nodes_.erase(entry);
      continue;
    }
    const Entry*& of_name = latest[entry->second.figures.name];
    if (of_name == nullptr || of_name->used < entry->second.used) of_name = &entry->second;
    ++entry;
  }
  std::vector<NodeFigures> all;
  all.reserve(latest.size());
  for (const auto& [name, entry] : latest) all.push_back(entry->figures);
  return all;
}

}  // namespace cvm::node
