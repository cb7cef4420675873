// What a person should know of an import, beside what it changes and what it does not take over. Private to
// panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_NOTES_H_
#define CVM_LIB_PANEL_IMPORT_NOTES_H_

#include <vector>

#include "lib/base/secret.h"
#include "lib/db/db.h"
#include "lib/panel_import/import.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/plan.h"
#include "lib/panel_import/tables.h"

namespace cvm::panel_import {

// `ours`: as it was before.
void AddNotes(db::Session& session, const Wanted& wanted, const Ours& ours, const Plan& plan,
              const base::Secret& salt, std::vector<Note>& notes);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_NOTES_H_
