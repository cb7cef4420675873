#include "lib/ctl/console.h"

#include <fcntl.h>
#include <unistd.h>

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

bool ReserveStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Opened for the wrong direction: a write must fail, not vanish.
    const int flags = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", flags | O_NOCTTY) != descriptor) return false;
  }
  return true;
}

}  // namespace cvm::ctl
