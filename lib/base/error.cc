#include "lib/base/error.h"

#include <cstdio>

namespace cvm::base {

const char* CodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kBroken:
      return "outcome-unknown";
    case ErrorCode::kInternal:
      return "internal";
  }
  std::abort();
}

void FatalAssert(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fatal: %s\n", what);
  std::abort();
}

}  // namespace cvm::base
