// A program run to its end at a terminal of its own.
#ifndef CVM_TESTS_SUPPORT_TERMINAL_H_
#define CVM_TESTS_SUPPORT_TERMINAL_H_

#include <string>
#include <vector>

#include "tests/support/program.h"

namespace cvm::test {

// Standard output and error are one terminal, of so many columns; all that it was sent is in `out`. Nobody
// types. Throws std::runtime_error where it cannot be started.
ProgramResult RunAtTerminal(const std::vector<std::string>& argv, unsigned short columns);

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_TERMINAL_H_
