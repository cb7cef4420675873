// What an import changed, put on record. Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_RECORD_H_
#define CVM_LIB_PANEL_IMPORT_RECORD_H_

#include "lib/db/db.h"
#include "lib/panel_import/import.h"
#include "lib/panel_import/tables.h"

namespace cvm::panel_import {

// In the import's transaction: a record of the whole, and one of every change of a row, for each user whom it
// is about. A row that was added says itself where it came from and when. `ours`: as it was before.
void PutOnRecord(db::Session& session, const Report& report, const Ours& ours, const Options& options);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_RECORD_H_
