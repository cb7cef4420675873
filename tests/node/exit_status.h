#ifndef CVM_TESTS_NODE_EXIT_STATUS_H_
#define CVM_TESTS_NODE_EXIT_STATUS_H_

// The exit statuses of vzctl 4.11 that the node gives.

namespace cvm::testnode {

enum ExitStatus : int {
  kDone = 0,
  kSystemError = 3,
  kNoKernel = 5,
  kNoResources = 6,
  kExecFailed = 8,
  kLocked = 9,
  kNoGlobalConfig = 10,
  kNoConfig = 14,
  kBadParameter = 20,
  kBadValue = 21,
  kNoUbcParameters = 28,
  kNotRunning = 31,
  kAlreadyRunning = 32,
  kStopFailed = 33,
  kNotMounted = 40,
  kNoPrivateArea = 43,
  kBrokenContainer = 47,
  kMountFailed = 50,
  kActionScriptFailed = 79,
  kStartDisabled = 105,
};

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_EXIT_STATUS_H_
