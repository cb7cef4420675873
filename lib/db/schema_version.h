// The version of the tables: what this program was built for, and what a database has. What the worker and
// most commands of cvmctl need of migrations, without their text.
#ifndef CVM_LIB_DB_SCHEMA_VERSION_H_
#define CVM_LIB_DB_SCHEMA_VERSION_H_

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/db/db.h"

namespace cvm::db {

// The number of the newest file in sql/migrations.
inline constexpr unsigned kSchemaVersion = 10;

// The newest migration that the database has; 0: none. kConflict: its table schema_migrations is not ours.
base::Result<unsigned> CurrentVersion(Pool& pool, base::Deadline deadline);

// Whether a program built for schema `built_for` can live with the database. kConflict: too old or too new;
// the message says what to do.
base::Status CheckProgram(Pool& pool, unsigned built_for, base::Deadline deadline);

}  // namespace cvm::db

#endif  // CVM_LIB_DB_SCHEMA_VERSION_H_
