#ifndef CVM_TESTS_NODE_ACTIONS_H_
#define CVM_TESTS_NODE_ACTIONS_H_

// vzctl's verbs on one container. Each gives vzctl's exit status; the caller holds the lock where the verb
// needs one.

#include <optional>
#include <string>
#include <vector>

#include "tests/node/config.h"
#include "tests/node/console.h"

namespace cvm::testnode {

struct Call {
  unsigned ctid = 0;
  std::optional<Config> config;  // always there but for `status`
  Console console;
  bool force = false;
  bool fast = false;
  std::vector<std::string> command;  // of exec
};

int Start(const Call& call);
int Stop(const Call& call);
int Restart(const Call& call);
int Mount(const Call& call);
int Umount(const Call& call);
int PrintStatus(const Call& call);

// Answers only what needs no command to run: the node does not run anything inside a container.
int Exec(const Call& call);
int Exec2(const Call& call);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_ACTIONS_H_
