// SQL scripts, taken apart. Private to lib/db and its tests.
#ifndef CVM_LIB_DB_SCRIPT_H_
#define CVM_LIB_DB_SCRIPT_H_

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace cvm::db {

// The statements between the semicolons, without comments and the blanks around them. Knows the three kinds
// of quotes, with doubled quotes and backslashes, and the three kinds of comments; no DELIMITER. kInvalid: a
// quote or comment is not closed, or a comment has code for some servers in it (/*! and /*M!).
base::Result<std::vector<std::string>> SplitStatements(std::string_view script);

}  // namespace cvm::db

#endif  // CVM_LIB_DB_SCRIPT_H_
