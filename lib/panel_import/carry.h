// The writing of what an import found to be written. Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_CARRY_H_
#define CVM_LIB_PANEL_IMPORT_CARRY_H_

#include <cstdint>
#include <vector>

#include "lib/db/db.h"
#include "lib/panel_import/plan.h"
#include "lib/traffic/ledger.h"

namespace cvm::panel_import {

// A period that was not the running one and was replaced: for traffic::Tell.
struct Moved {
  std::uint64_t vps_id = 0;
  traffic::Move move;
  traffic::Period now;
};

// Within a transaction.
std::vector<Moved> Carry(db::Session& session, const Plan& plan);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_CARRY_H_
