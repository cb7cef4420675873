// vzctl's start, stop and restart over an ssh::Runner. The command is sent once, and again only where vzctl
// answered that the container is locked, which it looks at before it does anything. Judged by exit status
// and, where that is not 0 or the connection broke, by what the node says of the container afterwards.
#ifndef CVM_LIB_NODE_ACTING_H_
#define CVM_LIB_NODE_ACTING_H_

#include <chrono>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

// Within the one deadline of the action.
struct ActingSettings {
  std::chrono::milliseconds lock_retry{30000};  // how long a locked container is tried again
  std::chrono::milliseconds reserve{5000};      // kept back from the command, to ask what came of it
  // After a broken connection, how long the node is asked whether the command came to pass. A clean shutdown
  // that fails takes vzctl 180 s.
  std::chrono::milliseconds start_settles{60000};
  std::chrono::milliseconds stop_settles{190000};
  std::chrono::milliseconds silence{20000};  // without any answer it is asked no longer than this
};

// The clock that an action goes by, and its waiting between two questions.
class Pacing {
 public:
  virtual ~Pacing() = default;
  virtual base::Deadline::Clock::time_point Now() = 0;
  virtual void Wait(std::chrono::milliseconds span) = 0;
};
Pacing& SystemPacing();

// As Hypervisor::Act, and as ActCounted where there are a `counting` and `others`.
base::Result<Outcome> RunAction(ssh::Runner& runner, const Node& node, base::Ctid ctid, Action action,
                                base::Deadline deadline, const ActingSettings& settings = {},
                                Pacing& pacing = SystemPacing(), Counting* counting = nullptr,
                                Others* others = nullptr);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_ACTING_H_
