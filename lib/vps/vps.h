// A virtual server as the database knows it.
#ifndef CVM_LIB_VPS_VPS_H_
#define CVM_LIB_VPS_VPS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/ctid.h"
#include "lib/node/node.h"

namespace cvm::vps {

enum class State { kActive, kSuspended, kTerminated };
enum class Accounting { kSplit, kCombined };

// The database's words too.
const char* StateName(State state);
const char* AccountingName(Accounting accounting);

// Limits in bytes; 0: none is set. Which of them count depends on the accounting.
struct Traffic {
  Accounting accounting = Accounting::kCombined;
  std::uint64_t in_limit = 0, out_limit = 0;  // split
  std::uint64_t limit = 0;                    // combined
  std::uint64_t in_used = 0, out_used = 0;
  // Where the VPS's period is not the one that should be running (it has ended, the clock was wrong, the
  // billing day was changed) nothing was collected since: the days of that one, whose sum is to be read.
  struct Days {
    std::uint64_t begin = 0, end = 0;
  };
  std::optional<Days> to_sum = std::nullopt;
};

struct Vps {
  std::uint64_t id = 0;
  std::uint64_t user_id = 0;
  std::uint64_t node_id = 0;
  std::string node_location;
  std::optional<std::uint64_t> template_id;
  std::uint64_t virtualization_type = 1;
  std::string ctid;
  State state = State::kActive;
  bool stop_pending = false;
  std::string hostname;
  std::uint64_t guaranteed_ram = 0;            // MB
  std::optional<std::uint64_t> burstable_ram;  // MB; nothing: vSwap
  std::uint64_t disk_space = 0;                // MB
  std::uint64_t cpu_count = 0;
  Traffic traffic;
};

// The CTID, where it is one that OpenVZ's vzctl takes; else nothing, and a line in the log.
std::optional<base::Ctid> CtidOf(const Vps& vps);

// A VPS with the node that it is on.
struct Placed {
  Vps vps;
  node::Node node;
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_VPS_H_
