// The manual pages and the completion of both programs, made from the tables that make their --help and that
// read their settings, so that nothing is said twice. Only the build uses it; nothing of it is in the
// programs.
#ifndef CVM_LIB_MANUAL_MANUAL_H_
#define CVM_LIB_MANUAL_MANUAL_H_

#include <string>
#include <vector>

namespace cvm::manual {

struct File {
  const char* name;  // "cvmctl.8"
  std::string (*text)();
};

// Everything that can be made.
const std::vector<File>& Files();

// Pages for man(1).
std::string CtlPage();
std::string CtlSettingsPage();
std::string WorkerPage();
std::string WorkerSettingsPage();

// Scripts for bash-completion.
std::string CtlCompletion();
std::string WorkerCompletion();

}  // namespace cvm::manual

#endif  // CVM_LIB_MANUAL_MANUAL_H_
