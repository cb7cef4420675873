// cvmctl, the operator's command.
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "lib/ctl/exit_status.h"
#include "lib/ctl/run.h"

int main(int argc, char** argv) {
  if (!cvm::ctl::ReserveStandardDescriptors()) return static_cast<int>(cvm::ctl::ExitStatus::kFailed);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone is a write that fails
  cvm::ctl::Console console{std::cin, std::cout, std::cerr, isatty(STDIN_FILENO) && isatty(STDERR_FILENO)};
  return cvm::ctl::Run({argv + (argc > 0 ? 1 : 0), argv + argc}, console);
}
