// The command line of cvmctl: the one door to CLI11.
#ifndef CVM_LIB_CTL_PARSE_H_
#define CVM_LIB_CTL_PARSE_H_

#include <string>
#include <variant>
#include <vector>

#include "lib/base/error.h"
#include "lib/ctl/command.h"

namespace cvm::ctl {

inline constexpr const char* kDefaultConfig = "/etc/cvm-client-api/cvmctl.toml";

// A command with arguments that have passed their rules.
struct Parsed {
  const Command* command = nullptr;
  Arguments arguments;
  std::string config_path = kDefaultConfig;
  bool json = false;
};

// What was asked for instead of a command: the text of --help or --version.
struct Text {
  std::string text;
};

// `words` are the arguments without the program's name. kInvalid: the message says which argument is wrong
// and how.
base::Result<std::variant<Parsed, Text>> Parse(const std::vector<std::string>& words);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_PARSE_H_
