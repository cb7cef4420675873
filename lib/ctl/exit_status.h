// The exit statuses of cvmctl: one table, from which the help and the documentation are made too.
#ifndef CVM_LIB_CTL_EXIT_STATUS_H_
#define CVM_LIB_CTL_EXIT_STATUS_H_

#include <vector>

#include "lib/base/error.h"

namespace cvm::ctl {

enum class ExitStatus {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kConflict = 4,
  kUnavailable = 5,
  kOutcomeUnknown = 6,
};

struct ExitStatusRow {
  ExitStatus status;
  const char* meaning;
};
const std::vector<ExitStatusRow>& ExitStatuses();

ExitStatus StatusFor(base::ErrorCode code);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_EXIT_STATUS_H_
