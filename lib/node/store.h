// The rows of nodes and their pinned host keys, for the operator's commands. Each call is one transaction,
// in which each change is recorded.
#ifndef CVM_LIB_NODE_STORE_H_
#define CVM_LIB_NODE_STORE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/audit/audit.h"
#include "lib/db/db.h"
#include "lib/node/node.h"

namespace cvm::node {

class Store {
 public:
  // `pool` must outlive this. `actor` stands in the records.
  explicit Store(db::Pool& pool, audit::Actor actor = {audit::ActorKind::kOperator, ""})
      : pool_(pool), actor_(std::move(actor)) {}

  // Gives the new node's ID. kConflict: a node of that name is there already. `node.id` is ignored.
  base::Result<std::uint64_t> Add(const Node& node, base::Deadline deadline);
  // The nodes in service with their pins, by name.
  base::Result<std::vector<Node>> List(base::Deadline deadline);
  // kNotFound: no node in service has that name.
  base::Result<Node> Find(const std::string& name, base::Deadline deadline);
  // Adds a pinned key; with `replace` it becomes the only one. Pinning a key twice changes nothing.
  base::Status Pin(const std::string& name, const ssh::HostKey& key, bool replace, base::Deadline deadline);
  // Takes the node out of service, and gives how many stops were pending there, which are due no more.
  // kConflict: VPSes that are not terminated are on it.
  base::Result<std::uint64_t> Remove(const std::string& name, base::Deadline deadline);

 private:
  db::Pool& pool_;
  const audit::Actor actor_;
};

// Gives up the stop that is due to a VPS on a node out of service, with a record: nobody will ask that node
// any more, and the stop would stand in the way of the VPS's removal for ever. Within a transaction. Whether
// there was such a stop.
bool DropStop(db::Session& session, const audit::Actor& actor, std::uint64_t vps_id);

// For JOINs that bring a node along: the columns to select, for a table `nodes` named `n` and a LEFT JOINed
// `node_host_keys` named `k`; and the reading of them from a row, from column `first` on. A node with several
// pins comes in several rows.
#define CVM_NODE_COLUMNS                                                                         \
  "n.id, n.name, n.location, n.host, n.port, n.ssh_user, n.key_name, k.key_type, k.public_key, " \
  "n.retired_at IS NOT NULL"
inline constexpr unsigned kNodeColumns = 10;
Node ReadNode(const db::Row& row, unsigned first);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_STORE_H_
