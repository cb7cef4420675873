// What the next import from a panel makes of a command's work.
#ifndef CVM_LIB_CTL_SYNC_H_
#define CVM_LIB_CTL_SYNC_H_

#include <cstdint>

#include "lib/ctl/command.h"

namespace cvm::ctl {

// Says of a VPS that came from a panel, while the import goes on, that what is changed of it does not last. A
// database that does not answer here is no reason to fail.
void WarnOfSync(Invocation& call, std::uint64_t vps_id);

// Says of a pair that was made here for a user from a panel that it outlives what the panel revokes.
void WarnOfUnknownPair(Invocation& call, std::uint64_t token_id);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_SYNC_H_
