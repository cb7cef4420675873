#include "lib/vps/place.h"

#include <vector>

namespace cvm::vps {
namespace {

using base::Error;
using base::ErrorCode;

// The container passes on: a stop that was still due to one who had it before would hit the new one.
void DropStops(db::Session& session, const audit::Actor& actor, std::uint64_t node_id,
               const std::string& ctid) {
  std::vector<audit::Subject> due;
  const auto add = [&](const db::Row& row) { due.push_back({row.U64(0), 0, row.U64(1)}); };
  session.Query(
      "SELECT user_id, id FROM vpses WHERE node_id = ? AND ctid = ? AND state = 'terminated' AND "
      "stop_pending = 1 ORDER BY id FOR UPDATE",
      {node_id, ctid}, add);
  for (const audit::Subject& former : due) {
    session.Execute("UPDATE vpses SET stop_pending = 0 WHERE id = ?", {former.vps_id});
    audit::Note(session, actor, "stop-drop", former, "its container is another VPS's");
  }
}

// What is on its way to the container for one who had it before would hit the new one, whose customer may
// have been told by then that it runs. Asked once no stop of theirs is due: none begins after this.
base::Status CheckFormer(db::Session& session, const std::string& node, std::uint64_t node_id,
                         const std::string& ctid) {
  std::vector<std::uint64_t> former;
  session.Query(
      "SELECT id FROM vpses WHERE node_id = ? AND living_ctid IS NULL AND ctid = ? AND state = 'terminated'",
      {node_id, ctid}, [&](const db::Row& row) { former.push_back(row.U64(0)); });
  for (const std::uint64_t id : former) {
    if (!audit::IsUnderWay(session, id)) continue;
    return Error{ErrorCode::kConflict, "VPS " + std::to_string(id) + ", terminated, had container " + ctid +
                                           " on node '" + node +
                                           "', and an action on it is still under way: repeat this in four "
                                           "minutes"};
  }
  return {};
}

}  // namespace

base::Result<std::uint64_t> TakePlace(db::Session& session, const audit::Actor& actor,
                                      const std::string& node, base::Ctid ctid, std::uint64_t vps_id) {
  const auto node_id =
      db::FindId(session, "SELECT id FROM nodes WHERE name_in_service = ? FOR UPDATE", {node});
  if (!node_id) return Error{ErrorCode::kNotFound, "no node is named '" + node + "': see 'cvmctl node list'"};
  const std::string text = ctid.text();
  if (const auto other =
          db::FindId(session, "SELECT id FROM vpses WHERE node_id = ? AND living_ctid = ? AND id <> ?",
                     {*node_id, text, vps_id})) {
    return Error{ErrorCode::kConflict, "VPS " + std::to_string(*other) + " is container " + text +
                                           " on node '" + node + "' already"};
  }
  DropStops(session, actor, *node_id, text);
  if (const auto free = CheckFormer(session, node, *node_id, text); !free) return free.error();
  return *node_id;
}

}  // namespace cvm::vps
