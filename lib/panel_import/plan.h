// What an import has to write, found by comparing what should be with what is; and the writing of it.
// Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_PLAN_H_
#define CVM_LIB_PANEL_IMPORT_PLAN_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lib/db/db.h"
#include "lib/panel_import/import.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/tables.h"

namespace cvm::panel_import {

// The running period of a VPS.
struct Period {
  std::uint64_t bytes_in = 0, bytes_out = 0;  // counted by us
  std::uint64_t opening_in = 0, opening_out = 0;
  std::uint64_t credit_in = 0, credit_out = 0;
};
using Periods = std::map<std::uint64_t, Period>;
Periods ReadPeriods(db::Session& session);

struct Step {
  enum class Do { kRevoke, kRestore, kTerminate, kFree, kPark, kUpdate, kInsert, kOpening };
  Do what;
  Kind kind;
  Record record;
};

struct Plan {
  std::vector<std::string> held;  // "users 5": rows made here with an ID that the panel has
  std::vector<Step> steps;        // in the order in which they can be done
  std::vector<Difference> differences;
};

Plan MakePlan(const Wanted& wanted, const Ours& ours, const Periods& periods);

// Within a transaction.
void Carry(db::Session& session, const Plan& plan);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_PLAN_H_
