// The driver: how a connection is made. Private to lib/db.
#ifndef CVM_LIB_DB_MYSQL_H_
#define CVM_LIB_DB_MYSQL_H_

#include "lib/base/deadline.h"
#include "lib/db/db.h"
#include "lib/db/lender.h"

namespace cvm::db {

// Makes the driver's one instance. Not safe against itself: call it before other threads start.
void PrepareDriver();

// Tries the servers in their order, each for the connect timeout or what the deadline leaves. Never throws.
Attempt ConnectToFirst(const Settings& settings, base::Deadline deadline);

}  // namespace cvm::db

#endif  // CVM_LIB_DB_MYSQL_H_
