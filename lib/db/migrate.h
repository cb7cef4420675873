// Brings a database's tables up to date, one numbered migration after the other.
//
// DDL commits by itself, so a migration that was killed midway is simply run again: each of its statements
// can run twice. `CREATE TABLE IF NOT EXISTS` can by itself; an ALTER TABLE makes one change, and where the
// server says that the change is there already, that is success. The version's row is written last. Two at
// once are safe: the second waits for a lock on a row of schema_migrations, which the server lets go of when
// the first dies. (On a Galera cluster that lock is the node's own: let everybody who migrates name the same
// node first.)
#ifndef CVM_LIB_DB_MIGRATE_H_
#define CVM_LIB_DB_MIGRATE_H_

#include <string_view>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/db/db.h"

namespace cvm::db {

struct Migration {
  unsigned version;
  std::string_view name;
  // The oldest worker, by the schema version that it was built for, that can live with the tables afterwards.
  unsigned oldest_worker;
  std::string_view sql;
};

// What a run of Migrate did.
struct Migrated {
  unsigned from = 0;  // 0: an empty database
  unsigned to = 0;
  std::vector<unsigned> applied;  // may be empty: it was up to date
};

// Applies what is missing of `migrations` (ascending). Needs two connections of the pool, and a query timeout
// that the longest ALTER fits in. kConflict: the database holds tables that are not ours, or is newer than
// `migrations`; kUnavailable: not done by the deadline, for one because another migration is under way. In
// every case it can be run again.
base::Result<Migrated> Migrate(Pool& pool, const std::vector<Migration>& migrations, base::Deadline deadline);

}  // namespace cvm::db

#endif  // CVM_LIB_DB_MIGRATE_H_
