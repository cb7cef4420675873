// vzctl's exit statuses, for the log. They are judged in openvz.cc.
#ifndef CVM_LIB_NODE_VZCTL_H_
#define CVM_LIB_NODE_VZCTL_H_

namespace cvm::node {

inline constexpr int kVzctlNoKernel = 5;
inline constexpr int kVzctlLocked = 9;
inline constexpr int kVzctlMissing = 14;
// A POSIX shell's own: the program could not be run, or was not found.
inline constexpr int kShellCannotRun = 126;
inline constexpr int kShellNotFound = 127;
inline constexpr bool NeverRan(int exit_status) {
  return exit_status == kShellCannotRun || exit_status == kShellNotFound;
}

// A few words; "unknown exit status" for one that no manual page names.
const char* VzctlStatusName(int exit_status);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_VZCTL_H_
