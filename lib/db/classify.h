// MySQL's error numbers, put in our words once. Private to lib/db.
#ifndef CVM_LIB_DB_CLASSIFY_H_
#define CVM_LIB_DB_CLASSIFY_H_

#include "lib/base/error.h"
#include "lib/db/db.h"

namespace cvm::db {

// A number that is not known is kOther: the connection is then dropped.
Failure::Kind KindOf(int vendor_code);

// Whether a refused connect means that the server is there and full.
bool ServerIsFull(int vendor_code);

// What the operator may do about a connect that failed, to stand after the server's own words; may be "".
const char* ConnectAdvice(int vendor_code);

// The error that a failure becomes at the border of the module.
base::Error ToError(const Failure& failure);

}  // namespace cvm::db

#endif  // CVM_LIB_DB_CLASSIFY_H_
