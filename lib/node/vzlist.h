// What `vzlist -j -o ctid,status,physpages,diskspace CTID...` prints.
#ifndef CVM_LIB_NODE_VZLIST_H_
#define CVM_LIB_NODE_VZLIST_H_

#include <cstdint>
#include <map>
#include <string_view>

#include "lib/base/ctid.h"
#include "lib/base/error.h"

namespace cvm::node {

struct VzlistRow {
  bool running = false;           // else stopped, mounted or suspended (checkpointed)
  std::uint64_t held_pages = 0;   // 0 where vzlist does not know
  std::uint64_t used_blocks = 0;  // of 1 KiB; 0 where vzlist does not know
};
using VzlistRows = std::map<base::Ctid, VzlistRow>;

// The containers that it names; none where it prints `[]`. Strict: kInternal for whatever is not an array of
// objects with the four fields, or names a container twice. Other fields are skipped.
base::Result<VzlistRows> ParseVzlist(std::string_view text);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_VZLIST_H_
