// What came of an action whose end the node could not tell: the connection broke after it was sent, or time
// ran out. The node is asked until it can be told.
#ifndef CVM_LIB_NODE_AFTERWARDS_H_
#define CVM_LIB_NODE_AFTERWARDS_H_

#include <optional>

#include "lib/node/acting.h"
#include "lib/node/epoch.h"

namespace cvm::node {

// An action on one container, as it is handed on.
struct Acted {
  ssh::Runner& runner;
  const Node& node;
  base::Ctid ctid;
  Action action;
  base::Deadline deadline;
  const ActingSettings& settings;
  Pacing& pacing;
  Counting* counting = nullptr;  // of a stop or restart
  Others* others = nullptr;

  // What holds may be what they are about to end.
  bool OthersWereAtWork() const { return others != nullptr && others->WereAtWork(); }
};

// The container's life before a restart; nothing inside: it did not run.
using Before = std::optional<Epoch>;

// kDone once the state that a start or stop asks for holds, or a restart has begun a new life (`before` is
// nothing where the old one is not known), and no other of ours is at work on the container; kMissing where
// the node has no such container. Else kBroken: it cannot be told.
base::Result<Outcome> LearnOutcome(const Acted& acted, const std::optional<Before>& before);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_AFTERWARDS_H_
