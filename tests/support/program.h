// A program run to its end, with what it printed.
#ifndef CVM_TESTS_SUPPORT_PROGRAM_H_
#define CVM_TESTS_SUPPORT_PROGRAM_H_

#include <string>
#include <vector>

namespace cvm::test {

struct ProgramResult {
  int exit_status = -1;  // 128 + N where signal N ended it
  std::string out;
  std::string err;
};

// Standard input is empty. `argv[0]` is looked up in PATH. Throws std::runtime_error where it cannot be
// started.
ProgramResult RunProgram(const std::vector<std::string>& argv);

// `line` split at blanks: for commands that the environment names in one string.
std::vector<std::string> SplitWords(const std::string& line);

// The environment variable's value; throws std::runtime_error, naming it, where it is not set.
std::string RequireEnv(const char* name);

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_PROGRAM_H_
