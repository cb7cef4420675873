// What a panel's rows are in our tables: each judged by itself, then against the others and against the rows
// of ours that are not the import's to change. Knows no database. Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_MAPPING_H_
#define CVM_LIB_PANEL_IMPORT_MAPPING_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "lib/base/secret.h"
#include "lib/panel_import/import.h"
#include "lib/panel_import/panel.h"
#include "lib/panel_import/tables.h"
#include "lib/traffic/count.h"

namespace cvm::panel_import {

// Of node and CTID the IDs of the VPSes that are there; 0: of one that has none.
using Occupied = std::map<std::pair<Text, Text>, std::set<std::uint64_t>>;

struct Wanted {
  std::array<std::vector<Record>, kKinds> records;       // by ID
  std::array<std::set<std::uint64_t>, kKinds> in_panel;  // every ID that the panel has, wanted or not
  std::map<std::uint64_t, traffic::Bytes> used;          // of the wanted VPSes, as the panel counts them
  Occupied occupied;                                     // by what the panel does not show as terminated
  std::set<std::uint64_t> reused_users;                  // IDs that were gone, and come back as another's
  std::vector<Note> notes;
};

// `first`: nothing has been imported yet. Later, a VPS that is terminated in the panel and not here was
// purged here, or lived and died in between: it is not taken up again.
Wanted Map(const Panel& panel, const base::Secret& salt, const Ours& ours, bool first);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_MAPPING_H_
