// What an import has to write, found by comparing what should be with what is. Knows no database. Private to
// panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_PLAN_H_
#define CVM_LIB_PANEL_IMPORT_PLAN_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/panel_import/import.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/tables.h"
#include "lib/traffic/count.h"
#include "lib/traffic/ledger.h"

namespace cvm::panel_import {

// Of the imported VPSes, those that should be running. A VPS that has none yet begins with nothing.
using Periods = std::map<std::uint64_t, traffic::Period>;

struct Step {
  enum class Do {
    kRevoke,
    kRevokeHere,     // a pair made here
    kRevokeForGood,  // an imported one
    kRestore,
    kTerminate,
    kPurge,
    kFree,
    kPark,
    kUpdate,
    kStop,
    kDrop,
    kInsert,
    kOpening,
    kForget,
    kLose,  // a user that is gone
    kFind   // and is there again
  };
  Do what;
  Kind kind;
  Record record;
  traffic::Bytes used = {};  // kOpening: what the running period should come to
};

// Differences. Of a stop that was due and never can be done: nothing is sent to its node, or it would hit
// another VPS. Of what the panel's row for an ID has nothing to do with any more.
inline constexpr const char* kNodeOut = "stop given up, as its node is out of service";
inline constexpr const char* kUserReused = "revoked, as its user's ID is another's now";
inline constexpr const char* kKeyLeft = "revoked for good, as its user's ID is another's now";
inline constexpr const char* kKeyReused = "purged, as its ID is another key's now";
inline constexpr const char* kVpsReused = "purged, as its ID is another's now";
inline constexpr const char* kVpsUserReused = "purged, as its user's ID is another's now";
inline constexpr const char* kStopPurged = "stop given up, as its VPS is purged";
inline constexpr const char* kContainerPassed = "stop given up, as its container is another VPS's";

struct Plan {
  std::vector<std::string> held;  // "users 5": rows made here with an ID that the panel has
  std::vector<Step> steps;        // in the order in which they can be done
  std::vector<Difference> differences;
  std::set<std::uint64_t> new_keys;  // with the ID of another one
};

Plan MakePlan(const Wanted& wanted, const Ours& ours, const Periods& periods);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_PLAN_H_
