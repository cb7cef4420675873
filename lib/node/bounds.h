// How many threads may wait for nodes at one time: in all, for each node, and for actions, which can take
// minutes. An action waits from its beginning on, also while it waits for another one to end. Whoever comes
// beyond a bound is turned away at once, so that no node can take the threads that others need: nodes that
// were slow or silent when last asked, however many these are, share half of all waits; and in the last
// quarter nobody who has twice of what is left gets more, so that crowds at some leave room for those who ask
// others.
#ifndef CVM_LIB_NODE_BOUNDS_H_
#define CVM_LIB_NODE_BOUNDS_H_

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace cvm::node {

inline constexpr std::size_t kUnbounded = SIZE_MAX;

struct BoundsSettings {
  std::size_t waits = kUnbounded;           // in all, actions included
  std::size_t looks_per_node = kUnbounded;  // waits for one node's answer about its containers
  std::size_t actions = kUnbounded;
  std::size_t actions_per_node = kUnbounded;
};

class Bounds {
 public:
  explicit Bounds(BoundsSettings settings) : settings_(settings) {}
  Bounds(const Bounds&) = delete;
  Bounds& operator=(const Bounds&) = delete;

  // A place, held for as long as this lives; false where there was none. The bounds must outlive it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : bounds_(std::exchange(other.bounds_, nullptr)),
          node_(other.node_),
          acts_(other.acts_),
          nodes_share_(other.nodes_share_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (bounds_ != nullptr) bounds_->Leave(node_, acts_);
    }
    explicit operator bool() const { return bounds_ != nullptr; }
    // Where there was none: whether it is the node's own share that is used up.
    bool nodes_share() const { return nodes_share_; }

   private:
    friend class Bounds;
    explicit Place(bool nodes_share) : nodes_share_(nodes_share) {}
    Place(Bounds& bounds, std::uint64_t node, bool acts) : bounds_(&bounds), node_(node), acts_(acts) {}
    Bounds* bounds_ = nullptr;
    std::uint64_t node_ = 0;
    bool acts_ = false;
    bool nodes_share_ = false;
  };

  struct Count {
    std::size_t looks = 0;
    std::size_t actions = 0;
    std::size_t all() const { return looks + actions; }
  };
  // Those who wait at this moment: for each node that has any.
  std::unordered_map<std::uint64_t, Count> Waiting() const;

  Place ToLook(std::uint64_t node_id) { return Enter(node_id, false); }
  Place ToAct(std::uint64_t node_id) { return Enter(node_id, true); }

  // What the node was like when it was asked: prompt until something else is said.
  void Found(std::uint64_t node_id, bool prompt);

 private:
  Place Enter(std::uint64_t node_id, bool acts);
  bool NodeIsFull(std::uint64_t node_id, bool acts) const;
  std::size_t WaitsForSlowNodes() const;
  void Leave(std::uint64_t node_id, bool acts);

  const BoundsSettings settings_;
  mutable std::mutex mutex_;
  Count all_;
  std::unordered_map<std::uint64_t, Count> nodes_;  // those that anybody waits for
  std::unordered_set<std::uint64_t> slow_;          // one a node at most
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_BOUNDS_H_
