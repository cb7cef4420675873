// Whom cvmctl talks to. Answers go to `out`; questions, warnings and errors to `err`.
#ifndef CVM_LIB_CTL_CONSOLE_H_
#define CVM_LIB_CTL_CONSOLE_H_

#include <istream>
#include <ostream>
#include <string>

namespace cvm::ctl {

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool terminal;  // a person sits at both `in` and `err`

  void Warn(const std::string& text);
  // Whether the person typed "yes". Call it only where there is a terminal.
  bool Ask(const std::string& question);
};

// Fills closed standard descriptors with ones that cannot be used, so that no connection takes their number
// and is sent what was meant for a person. Call it before anything is opened. False: it could not be done.
bool ReserveStandardDescriptors();

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_CONSOLE_H_
