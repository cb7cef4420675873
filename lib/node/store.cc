#include "lib/node/store.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "lib/node/validate.h"

namespace cvm::node {
namespace {

using base::Error;
using base::ErrorCode;

Error NoSuchNode(const std::string& name) {
  return {ErrorCode::kNotFound, "no node is named '" + name + "': see 'cvmctl node list'"};
}

Error NameTaken(const std::string& name) {
  return {ErrorCode::kConflict, "a node named '" + name + "' is there already"};
}

// Locks the node until the transaction ends, so that no VPS is placed on it and no pin added meanwhile.
std::optional<std::uint64_t> LockNode(db::Session& session, const std::string& name) {
  return db::FindId(session, "SELECT id FROM nodes WHERE name_in_service = ? FOR UPDATE", {name});
}

// A key that is pinned already stays as it is.
void InsertPin(db::Session& session, std::uint64_t node_id, const ssh::HostKey& key) {
  const std::string fingerprint = key.Fingerprint();
  session.Execute(
      "INSERT INTO node_host_keys (node_id, key_type, fingerprint, public_key, created_at) "
      "VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE node_id = node_id",
      {node_id, key.type, fingerprint, key.blob});
}

std::uint64_t InsertNode(db::Session& session, const Node& node) {
  const ssh::Endpoint& endpoint = node.endpoint;
  session.Execute(
      "INSERT INTO nodes (name, host, port, ssh_user, key_name, location, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
      {node.name, endpoint.host, std::uint64_t{endpoint.port}, endpoint.user, endpoint.key_name,
       node.location});
  const std::uint64_t id = session.LastInsertId();
  for (const ssh::HostKey& key : endpoint.host_keys) InsertPin(session, id, key);
  return id;
}

// Those that are pending on a node that was just taken out of service. Gives how many.
std::uint64_t DropStops(db::Session& session, const audit::Actor& actor, std::uint64_t node_id) {
  std::vector<std::uint64_t> due;
  session.Query("SELECT id FROM vpses WHERE node_id = ? AND stop_pending = 1 ORDER BY id", {node_id},
                [&](const db::Row& row) { due.push_back(row.U64(0)); });
  return static_cast<std::uint64_t>(
      std::count_if(due.begin(), due.end(), [&](std::uint64_t id) { return DropStop(session, actor, id); }));
}

// Adds a row of the JOIN: a new node, or another pin of the last one.
void Collect(const db::Row& row, std::vector<Node>& nodes) {
  Node node = ReadNode(row, 0);
  if (nodes.empty() || nodes.back().id != node.id) {
    nodes.push_back(std::move(node));
    return;
  }
  auto& pins = nodes.back().endpoint.host_keys;
  pins.insert(pins.end(), node.endpoint.host_keys.begin(), node.endpoint.host_keys.end());
}

}  // namespace

Node ReadNode(const db::Row& row, unsigned first) {
  Node node;
  node.id = row.U64(first);
  node.name = row.Text(first + 1);
  node.location = row.Text(first + 2);
  node.endpoint.host = row.Text(first + 3);
  node.endpoint.port = static_cast<std::uint16_t>(row.U64(first + 4));
  node.endpoint.user = row.Text(first + 5);
  node.endpoint.key_name = row.Text(first + 6);
  if (!row.IsNull(first + 7)) node.endpoint.host_keys = {{row.Text(first + 7), row.Text(first + 8)}};
  node.retired = row.U64(first + 9) != 0;
  return node;
}

bool DropStop(db::Session& session, const audit::Actor& actor, std::uint64_t vps_id) {
  const auto dropped = session.Execute(
      "UPDATE vpses v JOIN nodes n ON n.id = v.node_id SET v.stop_pending = 0 "
      "WHERE v.id = ? AND v.stop_pending = 1 AND n.retired_at IS NOT NULL",
      {vps_id});
  if (dropped == 0) return false;
  std::uint64_t user_id = 0;
  std::string node;
  session.Query("SELECT v.user_id, n.name FROM vpses v JOIN nodes n ON n.id = v.node_id WHERE v.id = ?",
                {vps_id}, [&](const db::Row& row) {
                  user_id = row.U64(0);
                  node = row.Text(1);
                });
  audit::Note(session, actor, "stop-drop", {user_id, 0, vps_id}, "node " + node + " is out of service");
  return true;
}

base::Result<std::uint64_t> Store::Add(const Node& node, base::Deadline deadline) {
  const auto valid = ValidateNode(node);
  if (!valid.ok()) return valid.error();
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::uint64_t> {
    if (LockNode(session, node.name)) return NameTaken(node.name);
    try {
      const std::uint64_t id = InsertNode(session, node);
      audit::Note(session, actor_, "node-add", {},
                  node.name + ", ID " + std::to_string(id) + ", at " + node.endpoint.host);
      return id;
    } catch (const db::Failure& failure) {
      if (failure.kind() != db::Failure::Kind::kConflict) throw;
      return NameTaken(node.name);
    }
  });
}

base::Result<std::vector<Node>> Store::List(base::Deadline deadline) {
  return pool_.Run(deadline, [](db::Session& session) {
    std::vector<Node> nodes;
    session.Query("SELECT " CVM_NODE_COLUMNS
                  " FROM nodes n LEFT JOIN node_host_keys k ON k.node_id = n.id "
                  "WHERE n.retired_at IS NULL ORDER BY n.name, n.id, k.created_at, k.fingerprint",
                  {}, [&](const db::Row& row) { Collect(row, nodes); });
    return nodes;
  });
}

base::Result<Node> Store::Find(const std::string& name, base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) -> base::Result<Node> {
    std::vector<Node> nodes;
    session.Query("SELECT " CVM_NODE_COLUMNS
                  " FROM nodes n LEFT JOIN node_host_keys k ON k.node_id = n.id "
                  "WHERE n.name_in_service = ? ORDER BY k.created_at, k.fingerprint",
                  {name}, [&](const db::Row& row) { Collect(row, nodes); });
    if (nodes.empty()) return NoSuchNode(name);
    return nodes.front();
  });
}

base::Status Store::Pin(const std::string& name, const ssh::HostKey& key, bool replace,
                        base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto id = LockNode(session, name);
    if (!id) return NoSuchNode(name);
    if (replace) session.Execute("DELETE FROM node_host_keys WHERE node_id = ?", {*id});
    InsertPin(session, *id, key);
    audit::Note(session, actor_, "node-pin", {},
                name + ", " + key.Fingerprint() + (replace ? ", in place of all others" : ""));
    return {};
  });
}

base::Result<std::uint64_t> Store::Remove(const std::string& name, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::uint64_t> {
    const auto id = LockNode(session, name);
    if (!id) return NoSuchNode(name);
    std::uint64_t living = 0;
    session.Query("SELECT COUNT(*) FROM vpses WHERE node_id = ? AND state <> 'terminated'", {*id},
                  [&](const db::Row& row) { living = row.U64(0); });
    if (living > 0) {
      return Error{ErrorCode::kConflict, std::to_string(living) + " VPSes are on node '" + name +
                                             "': terminate them first (see 'cvmctl vps list')"};
    }
    session.Execute("UPDATE nodes SET retired_at = UTC_TIMESTAMP(3) WHERE id = ?", {*id});
    audit::Note(session, actor_, "node-remove", {}, name + ", ID " + std::to_string(*id));
    return DropStops(session, actor_, *id);
  });
}

}  // namespace cvm::node
