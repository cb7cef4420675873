// The command line of the worker: one table, from which the parser, the help and the manual are made.
#ifndef CVM_FCGI_OPTIONS_H_
#define CVM_FCGI_OPTIONS_H_

#include <string>
#include <vector>

namespace cvm::fcgi {

struct OptionRow {
  const char* name;   // without its dashes
  const char* value;  // what the help calls its value; nullptr: it takes none
  char letter;        // getopt's, for the one who parses
  const char* doc;
};

inline constexpr const char* kDefaultConfig = "/etc/cvm-client-api/cvm-client-api.toml";

const std::vector<OptionRow>& OptionRows();

// What the program is and does, in sentences; without line breaks.
const char* Purpose();

struct SignalRow {
  const char* name;
  const char* meaning;
};
const std::vector<SignalRow>& SignalRows();

struct ExitStatusRow {
  int status;
  const char* meaning;
};
const std::vector<ExitStatusRow>& ExitStatusRows();

// The text of --help.
std::string Usage();

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_OPTIONS_H_
