#include "lib/vps/place.h"

namespace cvm::vps {

using base::Error;
using base::ErrorCode;

base::Result<std::uint64_t> TakePlace(db::Session& session, const std::string& node, base::Ctid ctid,
                                      std::uint64_t vps_id) {
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
  // The container passes on: a stop that was still due to one who had it before would hit the new one.
  session.Execute(
      "UPDATE vpses SET stop_pending = 0 WHERE node_id = ? AND ctid = ? AND state = 'terminated' AND "
      "stop_pending = 1",
      {*node_id, text});
  return *node_id;
}

}  // namespace cvm::vps
