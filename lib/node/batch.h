// Callers that ask one node about its containers at the same time share one question to it.
//
// At most one question is under way to a node, but for containers that are asked for apart. Who comes while
// one is waits for the next, which begins when the one before has ended, and so after all of its askers have
// asked: an answer is as fresh as if each had asked alone. The question is put by the thread of one of them,
// the one with the latest deadline, so that none is held beyond its own time and none is cut short by
// another's. Safe from any thread.
#ifndef CVM_LIB_NODE_BATCH_H_
#define CVM_LIB_NODE_BATCH_H_

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/node.h"

namespace cvm::node {

// Nothing where the node has no such container.
using Answer = base::Result<std::optional<Container>>;
using Answers = std::map<base::Ctid, Answer>;
// Whether the node answered nothing of what it was asked, be it to no purpose. False where nothing was asked.
bool AllSilent(const Answers& answers);

struct BatchSettings {
  using Clock = std::chrono::steady_clock;
  // A question that is under way for longer takes no more callers for the one after it: the node is slow, and
  // would hold ever more threads.
  std::chrono::milliseconds patience{1000};
  std::function<Clock::time_point()> now = Clock::now;
};

class Batcher {
 public:
  // Gives an answer for each of the containers, which are different ones.
  using Question = std::function<Answers(const Node&, const std::vector<base::Ctid>&, base::Deadline)>;

  explicit Batcher(Question question, BatchSettings settings = {});
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // `apart`: not with the others of its node, but only with those who ask for the same container.
  // Errors: those of the question; kOverloaded, at once, where the node is slow, or let a question wait
  // in vain, has answered none since, and is being asked another; kBroken: no answer by the deadline;
  // kInternal: the question was lost by a fault of our own.
  Answer Ask(const Node& node, base::Ctid ctid, base::Deadline deadline, bool apart = false);

 private:
  struct Caller;
  // All about one node, or one container that is asked for apart. Waiting callers stand in one of the two
  // lists. It goes when nobody waits, unless the node is to be remembered for its silence.
  struct Line {
    bool asking = false;
    BatchSettings::Clock::time_point asking_since;
    bool silent = false;         // it let a question wait in vain, and has answered none since
    std::list<Caller*> asked;    // those whom the question under way is for
    std::list<Caller*> waiting;  // those of the next one
  };
  class Turn;
  base::Status JoinLine(const Node& node, const Line& line) const;
  void Begin(Line& line);
  Answer Lead(const Node& node, Caller& leader, const std::string& key);
  void End(const std::string& key, const Answers& answers);

  const Question question_;
  const BatchSettings settings_;
  std::mutex mutex_;
  std::unordered_map<std::string, Line> lines_;  // by node, where it is, and who is apart
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_BATCH_H_
