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

}  // namespace cvm::ctl
