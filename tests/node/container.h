#ifndef CVM_TESTS_NODE_CONTAINER_H_
#define CVM_TESTS_NODE_CONTAINER_H_

// What is true of a container at this moment, and the only functions that change it. The state is the file
// /var/lib/vzctl/state/CTID, replaced by rename: "running" or "mounted" in its first line and, of a running
// one, the limits that it was started with; no file means stopped. One whose init died is mounted, whatever
// the file says.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/node/config.h"

namespace cvm::testnode {

enum class RunState { kStopped, kMounted, kRunning };

constexpr double kBytesPerPage = 4096;
constexpr double kBytesPerBlock = 1024;

std::string PrivateArea(unsigned ctid);
std::string RootArea(unsigned ctid);
std::string DumpFile(unsigned ctid);

RunState GetRunState(unsigned ctid);

// The container's init, a process of its own, begins and ends here and nowhere else. StartInit gives "" or
// what went wrong.
std::string StartInit(unsigned ctid, const Config& config);
bool EndInit(unsigned ctid);

bool MarkMounted(unsigned ctid);
bool MarkUnmounted(unsigned ctid);

struct Pages {
  std::uint64_t held = 0;
  std::uint64_t maxheld = 0;
  std::uint64_t barrier = 0;
  std::uint64_t limit = 0;
  std::uint64_t failcnt = 0;
};

struct Blocks {
  std::uint64_t usage = 0;
  std::uint64_t softlimit = 0;
  std::uint64_t hardlimit = 0;
};

struct Usage {
  std::optional<Pages> pages;
  std::optional<Blocks> blocks;
  std::uint64_t processes = 0;
};

// One reading: of a running container it counts, and the figures grow with the count by the rule in
// README.md, unless the switch CTID.usage sets them.
Usage ReadUsage(unsigned ctid, RunState state, const std::optional<Config>& config);

// Every container that has a configuration or a state, by CTID.
std::vector<unsigned> ListContainers();

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_CONTAINER_H_
