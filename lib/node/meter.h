// What was asked of each node: counted where the questions are put, read by whoever watches. Safe from any
// thread.
#ifndef CVM_LIB_NODE_METER_H_
#define CVM_LIB_NODE_METER_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/metrics/histogram.h"
#include "lib/node/node.h"

namespace cvm::node {

struct NodeFigures {
  std::uint64_t id = 0;
  std::string name;
  std::string endpoint;         // its Identity()
  std::uint64_t questions = 0;  // about containers, each for one or more statuses
  std::uint64_t failed = 0;     // of them, those that brought no answer
  std::uint64_t actions = 0;
  // Because a bound was reached, or the node is too slow to wait for.
  std::uint64_t statuses_refused = 0;
  std::uint64_t actions_refused = 0;
  // Of the last question that was answered: how long it took, and when that was.
  std::optional<std::chrono::nanoseconds> latency;
  std::chrono::system_clock::time_point answered_at;
};

class Meter {
 public:
  using Clock = std::chrono::steady_clock;

  Meter();
  void Asked(const Node& node, std::size_t containers, Clock::duration took, bool answered);
  void Acted(const Node& node);
  void StatusRefused(const Node& node);
  void ActionRefused(const Node& node);

  // Those that were asked, or refused somebody, within the last hour: others are forgotten, so that nodes
  // that are gone do not stay. Of two of one name (the one took the other's place) the one that was asked
  // last.
  std::vector<NodeFigures> Read(Clock::time_point now = Clock::now());
  const metrics::Histogram& batch_sizes() const { return batch_sizes_; }

 private:
  struct Entry {
    NodeFigures figures;
    Clock::time_point used;
  };
  NodeFigures& Of(const Node& node);

  metrics::Histogram batch_sizes_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> nodes_;  // by ID
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_METER_H_
