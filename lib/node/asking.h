// Questions to a node, each one command over an ssh::Runner, with the answer judged and, where it is of no
// use, the node's own words logged.
#ifndef CVM_LIB_NODE_ASKING_H_
#define CVM_LIB_NODE_ASKING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/node.h"
#include "lib/node/vzlist.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

// Errors of all: kUnavailable, kOverloaded and kBroken as ssh::Runner gives them; kBroken also where the node
// took longer than the deadline allows; kNotFound where it does not run the command (its gate refuses it,
// or there is no such program); kInternal: no proper answer.

// Runs `command` and logs it where it could not be run to its end. Too much output is no proper answer.
base::Result<ssh::Output> Ask(ssh::Runner& runner, const Node& node, const ssh::Command& command,
                              base::Deadline deadline);
// The error that an answer is which is of no use: by its exit status one of those above. Logs the node's own
// words, of a node at most once a second. `command`: what was asked, in a word.
base::Error BadAnswer(const Node& node, std::string_view command, const std::string& why,
                      const ssh::Output& output);

// Where the node's shell did not run a command (NeverRan): "; " and a question about what may be the cause.
// Empty after any other exit status.
std::string WhyNeverRan(const Node& node, int exit_status);
// "(exit status N)", and the command's own words on stderr where there are any, unescaped.
std::string HowItEnded(const ssh::Output& output);

// The containers among `ctids` that the node has. `ctids` is not empty. Rows that are not as they must be are
// logged.
base::Result<VzlistRows> AskVzlist(ssh::Runner& runner, const Node& node,
                                   const std::vector<base::Ctid>& ctids, base::Deadline deadline);

// The one container's row; nothing where the node has no such container.
base::Result<std::optional<VzlistRow>> AskContainer(ssh::Runner& runner, const Node& node, base::Ctid ctid,
                                                    base::Deadline deadline);

// Bytes in one of the pages that vzlist counts.
base::Result<std::uint64_t> AskPageSize(ssh::Runner& runner, const Node& node, base::Deadline deadline);

// Logs a command that could not be run to its end, with the node's name. One that was not sent is no news:
// the breaker says once that a node cannot be reached, and there can be one for each request.
void LogFailedRun(const Node& node, const base::Error& error);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_ASKING_H_
