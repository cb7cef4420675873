#include "lib/ctl/exit_status.h"

#include <cstdlib>

namespace cvm::ctl {

const std::vector<ExitStatusRow>& ExitStatuses() {
  static const std::vector<ExitStatusRow> rows = {
      {ExitStatus::kOk, "done"},
      {ExitStatus::kFailed, "failed, or given up at the question"},
      {ExitStatus::kUsage, "wrong usage, a bad value or bad settings; nothing was done"},
      {ExitStatus::kNotFound, "what was named is not there"},
      {ExitStatus::kConflict, "something that exists stands in the way"},
      {ExitStatus::kUnavailable, "the database or a node cannot be reached; try again"},
      {ExitStatus::kOutcomeUnknown, "the connection broke midway: look before you repeat it"},
  };
  return rows;
}

ExitStatus StatusFor(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kInvalid:
      return ExitStatus::kUsage;
    case base::ErrorCode::kNotFound:
      return ExitStatus::kNotFound;
    case base::ErrorCode::kConflict:
      return ExitStatus::kConflict;
    case base::ErrorCode::kUnavailable:
    case base::ErrorCode::kOverloaded:
      return ExitStatus::kUnavailable;
    case base::ErrorCode::kBroken:
      return ExitStatus::kOutcomeUnknown;
    case base::ErrorCode::kInternal:
      return ExitStatus::kFailed;
  }
  std::abort();
}

}  // namespace cvm::ctl
