// The one check of an installation, behind `cvm-client-api --check` and `cvmctl config check`.
#ifndef CVM_LIB_CONFIG_CHECK_H_
#define CVM_LIB_CONFIG_CHECK_H_

#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/config/config.h"

namespace cvm::config {

struct Step {
  std::string name;  // "settings", "database", "schema" or "key"
  bool ok = false;
  std::string detail;                   // what was found, or what is wrong and what to do
  std::optional<base::ErrorCode> code;  // where it is not ok
};

// Tries, in this order: the file; a login at the database; whether its tables are those that the worker was
// built for; the SSH key. A step that needs one that failed is left out. Takes no longer than a few timeouts
// of the settings, and changes nothing.
std::vector<Step> Check(const std::string& path, Program program);

}  // namespace cvm::config

#endif  // CVM_LIB_CONFIG_CHECK_H_
