#include "lib/ctl/console.h"

#include "lib/ctl/output.h"

namespace cvm::ctl {

void Console::Warn(const std::string& text) {
  err << "cvmctl: warning: " << ForTerminal(text) << '\n';
}

bool Console::Ask(const std::string& question) {
  err << question << " [yes/no] " << std::flush;
  std::string answer;
  std::getline(in, answer);
  return answer == "yes";
}

}  // namespace cvm::ctl
