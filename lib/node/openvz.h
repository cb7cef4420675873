// OpenVZ: `vzlist -j -o ctid,status,physpages,diskspace CTID...` to look, `vzctl start|stop|restart CTID` to
// act, through `sudo -n` where the node's user is not root. Judged by exit status, and by asking vzlist where
// that is not 0; never by text. Threads that look at one node at the same time share its vzlist (batch.h).
#ifndef CVM_LIB_NODE_OPENVZ_H_
#define CVM_LIB_NODE_OPENVZ_H_

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "lib/node/acting.h"
#include "lib/node/batch.h"
#include "lib/node/bounds.h"
#include "lib/node/meter.h"
#include "lib/node/node.h"

namespace cvm::node {

struct OpenVzSettings {
  BoundsSettings bounds;
  BatchSettings batch;
  ActingSettings acting;
};

// What is asked of nodes, for whoever watches it.
struct OpenVzFigures {
  std::vector<NodeFigures> nodes;
  std::unordered_map<std::uint64_t, Bounds::Count> waiting;  // by node's ID, those that have any
  BoundsSettings bounds;
};

class OpenVz : public Hypervisor {
 public:
  // `runner` is used by all threads at once and must outlive this.
  explicit OpenVz(ssh::Runner& runner, OpenVzSettings settings = {});
  ~OpenVz() override;
  // kOverloaded, at once, beyond a bound, and as Batcher::Ask says.
  base::Result<std::optional<Container>> Inspect(const Node& node, base::Ctid ctid,
                                                 base::Deadline deadline) override;
  base::Result<Bounds::Place> Admit(const Node& node) override;
  base::Result<Outcome> Act(const Node& node, base::Ctid ctid, Action action,
                            base::Deadline deadline) override;
  base::Result<Outcome> ActCounted(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline,
                                   Counting& counting, Others* others) override;
  // A look at its books: asks no node.
  OpenVzFigures Figures();
  // Containers that one question to a node was for. Lives as long as this.
  const metrics::Histogram& BatchSizes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_OPENVZ_H_
