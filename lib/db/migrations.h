// The migrations that are built into a program: made from sql/migrations by sql/embed. Only what may change
// tables links them.
#ifndef CVM_LIB_DB_MIGRATIONS_H_
#define CVM_LIB_DB_MIGRATIONS_H_

#include <vector>

#include "lib/db/migrate.h"

namespace cvm::db {

// In ascending order, from version 1 without gaps.
const std::vector<Migration>& EmbeddedMigrations();

}  // namespace cvm::db

#endif  // CVM_LIB_DB_MIGRATIONS_H_
