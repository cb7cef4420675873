#include "lib/ctl/sync.h"

#include <string>

#include "lib/ctl/services.h"
#include "lib/panel_import/import.h"

namespace cvm::ctl {

void WarnOfSync(Invocation& call, std::uint64_t vps_id) {
  const auto panels = panel_import::IsPanels(call.services->pool, vps_id, DatabaseDeadline());
  if (!panels || !*panels) return;
  call.console.Warn("VPS " + std::to_string(vps_id) +
                    " comes from a CVM panel, and the next import, the one with --final too, puts back what "
                    "the panel says: change it there, or do this after --final");
}

void WarnOfUnknownPair(Invocation& call, std::uint64_t token_id) {
  const auto unknown = panel_import::IsUnknownToPanel(call.services->pool, token_id, DatabaseDeadline());
  if (!unknown || !*unknown) return;
  const std::string id = std::to_string(token_id);
  call.console.Warn("the user of pair " + id +
                    " comes from a CVM panel, which does not know the new pair: a sync does not revoke it, "
                    "whatever the panel does with the user or the old pair; end it by 'cvmctl token revoke " +
                    id + "'");
}

}  // namespace cvm::ctl
