// Takes over the users, token pairs, nodes, templates and VPSes of a CVM panel, with their IDs.
//
// Until it is ended an import can be run again, as a sync: what came from the panel is brought to what the
// panel says now, and no row that was made here is touched. The panel is the master of the fields that it
// has; what only we know (pinned host keys, networks, labels, a revocation made here) stays. The result is
// what a first import would give, except that what is gone is not deleted: a pair that the panel no longer
// has is revoked, until the panel has it again, a VPS terminated (its container is left alone), and a user,
// node or template stays. Where an ID that was gone comes back as another's, nothing of the one before is
// left in force, or shown, to the new holder.
//
// Root passwords, which a panel keeps in clear text, are never read.
#ifndef CVM_LIB_PANEL_IMPORT_IMPORT_H_
#define CVM_LIB_PANEL_IMPORT_IMPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/audit/audit.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/db/db.h"

namespace cvm::panel_import {

// What stands in the `source` of imported rows.
inline constexpr const char* kSource = "cvm";

struct Options {
  std::string database;              // the panel's, for the record: a sync is refused from another one
  std::optional<base::Secret> salt;  // instead of the one in the panel's settings table
  bool dry_run = false;              // find out everything and write nothing
  audit::Actor actor;                // who stands in the record of it
  bool allow_mass_end = false;       // end most of what is in force, if the panel says so
  bool final = false;                // afterwards the rows are ours, and no import is taken any more
};

// A value as text; nothing: NULL.
using Text = std::optional<std::string>;

struct Change {
  std::string field;
  Text before, after;
  bool secret = false;  // then both are empty: only that it changed may be shown
};

// What was done to a row of ours.
struct Difference {
  std::string table;
  std::uint64_t id = 0;
  std::string what;  // "added", "changed", "revoked", "in force again", "terminated", "purged, as …", …
  std::vector<Change> changes;
  std::string hint = {};  // what a person should look at or do for it; empty: nothing
};

// Its changes on one line: `name "jane" → "janet", private_hash (not shown)`; of a row that was added what it
// holds now. Or its hint.
std::string TextOf(const Difference& difference);

// Something about a row of the panel that a person should know: not imported, or not as it stood there.
struct Note {
  std::string table;
  std::string id;
  std::string text;
};

struct Keyless {
  std::uint64_t id = 0;
  std::string name;
};

struct Report {
  std::vector<Difference> differences;
  std::vector<Note> notes;  // the same on every run, but of what changed just now: a salt, whose an ID is
  std::vector<Keyless> without_host_key;  // imported nodes that cannot be reached before one is pinned
};

// Whether `name` can be a database's name: letters, digits and _$-, 1 to 64.
bool IsDatabaseName(std::string_view name);

// `panel` connects to the panel's database, `ours` to ours, which takes it all in one transaction or nothing.
// Imports at once take turns in the order in which they come, and each writes what the panel says when its
// turn has come; a dry run takes none. The panel's tables are read in short transactions of their own.
// kInvalid: the panel's database is not one, or has no salt, or most of what is in force would be ended and
// that is not allowed; kConflict: rows made here hold IDs that the
// panel has, the import was ended, or it was begun from another database; else as db::Pool says.
base::Result<Report> Import(db::Pool& ours, db::Pool& panel, const Options& options, base::Deadline deadline);

// Whether the panel has the last word on a VPS of ours: it was imported, and the import was not ended.
base::Result<bool> IsPanels(db::Pool& ours, std::uint64_t vps_id, base::Deadline deadline);

// Whether a pair is one that was made for an imported user while the import goes on: the panel does not know
// of it.
base::Result<bool> IsUnknownToPanel(db::Pool& ours, std::uint64_t token_id, base::Deadline deadline);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_IMPORT_H_
