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
  return *node_id;
}

}  // namespace cvm::vps
