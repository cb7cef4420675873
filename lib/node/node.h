// Nodes, and what runs on them. Hypervisor is the border to a virtualization platform: OpenVz drives
// `vzctl` and `vzlist` over an ssh::Runner. All of it is safe for concurrent use.
#ifndef CVM_LIB_NODE_NODE_H_
#define CVM_LIB_NODE_NODE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/bounds.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

struct Node {
  std::uint64_t id = 0;
  std::string name;
  std::string location;  // free text, may be empty
  ssh::Endpoint endpoint;
  bool retired = false;  // out of service: nothing is sent to it
};

// What a node says of one container at one moment. Bytes.
struct Container {
  bool running = false;  // vzlist's mounted and suspended (checkpointed) count as stopped
  std::uint64_t ram_used = 0;
  std::uint64_t disk_used = 0;  // 0 where the node does not know
};

enum class Action { kStart, kStop, kRestart };
const char* ActionName(Action action);  // "start", "stop", "restart": also vzctl's words

// How an action that the node answered ended.
enum class Outcome {
  kDone,     // exit status 0, or (start, stop) the state asked for holds
  kFailed,   // the node refused or failed
  kMissing,  // the node has no such container
  kLocked,   // another vzctl is at work on it, and the state asked for does not hold
  // Another vzctl is at work on it, and the state asked for holds: until that one has ended, it may not last.
  kLockedAsAsked,
  kDownAfterRestart,  // a restart that failed, and the container is stopped now
};

struct ContainerReading;

// Takes a container's counters in front of an action that ends its life. Called by the action's thread.
class Counting {
 public:
  virtual ~Counting() = default;
  // The node is asked next.
  virtual void BeforeReading() = 0;
  // Only where the container runs and the node answered. Whether to read again, which it must bound: another
  // reading was booked meanwhile, and it may be an older one.
  virtual bool Take(const ContainerReading& reading) = 0;
};

// Who else of ours may be at work on a container, in another process too. Called by the action's thread.
class Others {
 public:
  virtual ~Others() = default;
  // Whether anybody was since the last call; at first: since the action began. True where it cannot be told.
  virtual bool WereAtWork() = 0;
};

class Hypervisor {
 public:
  virtual ~Hypervisor() = default;
  // Nothing where the node answers and has no such container. As fresh as this call, though callers at the
  // same time may share what is asked of the node. Errors: kUnavailable, kOverloaded and kBroken as
  // ssh::Runner says, and kUnavailable of a node out of service; kInternal: an answer that does not parse.
  virtual base::Result<std::optional<Container>> Inspect(const Node& node, base::Ctid ctid,
                                                         base::Deadline deadline) = 0;
  // For whoever serves many at once, before an action takes any time: its place among those whose threads may
  // wait for nodes, held for as long as it lives. kOverloaded, at once: there is none. Unless overridden, all
  // are let in.
  virtual base::Result<Bounds::Place> Admit(const Node& node);
  // Bounded by Admit alone. Sends the action at most once, but for a container that another vzctl had locked,
  // on which nothing was done. kUnavailable, kOverloaded: not sent; kBroken: sent, and the node could not
  // tell afterwards what came of it.
  virtual base::Result<Outcome> Act(const Node& node, base::Ctid ctid, Action action,
                                    base::Deadline deadline) = 0;
  // The same with the counters read before each sending of a stop or restart, for `counting`. A reading that
  // fails stops nothing. While `others` (not null) are at work, the state asked for is not believed: behind a
  // lock it ends as kLocked and after a refused stop as kFailed, as if it did not hold, and after a broken
  // connection as kBroken.
  virtual base::Result<Outcome> ActCounted(const Node& node, base::Ctid ctid, Action action,
                                           base::Deadline deadline, Counting& counting, Others* others);
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_NODE_H_
