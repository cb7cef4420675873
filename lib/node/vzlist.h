// What `vzlist -j -o ctid,status,physpages,diskspace CTID...` prints.
#ifndef CVM_LIB_NODE_VZLIST_H_
#define CVM_LIB_NODE_VZLIST_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/ctid.h"
#include "lib/base/error.h"

namespace cvm::node {

struct VzlistRow {
  bool running = false;           // else stopped, mounted or suspended (checkpointed)
  std::uint64_t held_pages = 0;   // 0 where vzlist does not know
  std::uint64_t used_blocks = 0;  // of 1 KiB; 0 where vzlist does not know
  std::string doubt;              // what is wrong with these two figures, where they are not as they must be
};

// The containers that it names, each row judged for itself: one that is not as it must be says nothing of the
// others.
class VzlistRows {
 public:
  // Nothing where no row names it. kInternal: its row has no known status, or is there twice; or it has none,
  // and there is a row that says of no container that it is its own.
  base::Result<std::optional<VzlistRow>> Find(base::Ctid ctid) const;
  bool empty() const { return rows_.empty() && !nameless_; }
  std::size_t size() const { return rows_.size(); }  // of the containers that are named

 private:
  friend base::Result<VzlistRows> ParseVzlist(std::string_view text);
  std::map<base::Ctid, base::Result<VzlistRow>> rows_;
  bool nameless_ = false;
};

// No rows where it prints `[]`. kInternal for whatever is not an array. Other fields are skipped.
base::Result<VzlistRows> ParseVzlist(std::string_view text);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_VZLIST_H_
