#ifndef CVM_TESTS_NODE_START_CHECKS_H_
#define CVM_TESTS_NODE_START_CHECKS_H_

// Everything that keeps a container from starting, found where vzctl finds it: in its configuration, in its
// private area and in the action scripts beside the configuration.

#include <optional>
#include <string>
#include <vector>

#include "tests/node/config.h"

namespace cvm::testnode {

struct StartProblem {
  int status = 0;
  std::vector<std::string> words;  // for stderr
};

// Before the private area is mounted: missing limits, an area that belongs to somebody else.
std::optional<StartProblem> CheckBeforeMount(unsigned ctid, const Config& config);

// Once it is mounted: no /dev, no init, no shell. vzctl then kills and unmounts.
std::optional<StartProblem> CheckMounted(unsigned ctid);

// What is said when the start script failed.
StartProblem ScriptProblem();

std::string ScriptPath(unsigned ctid, const std::string& verb);

// Runs /etc/vz/conf/CTID.VERB and gives its exit status; 0 where there is none, 255 where it could not be run
// or was killed.
int RunScript(unsigned ctid, const std::string& verb);

// The host's ends of the container's veth pairs, each followed by a blank, as vzctl prints them.
std::string VethNames(const Config& config);

// A template of a distribution that vzctl does not know is no obstacle, only a line on stderr.
std::optional<std::string> DistributionWarning(const Config& config);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_START_CHECKS_H_
