// cvmctl as a function.
#ifndef CVM_LIB_CTL_RUN_H_
#define CVM_LIB_CTL_RUN_H_

#include <string>
#include <vector>

#include "lib/ctl/console.h"

namespace cvm::ctl {

// Runs one command and gives the process's exit status. `words` are the arguments without the program's name.
// Uses the log while it runs, so one call at a time; with standard output a pipe, SIGPIPE must be ignored.
int Run(const std::vector<std::string>& words, Console& console);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_RUN_H_
