// The steps of a check, shown.
#ifndef CVM_LIB_CTL_STEPS_H_
#define CVM_LIB_CTL_STEPS_H_

#include <string>
#include <vector>

#include "lib/ctl/output.h"

namespace cvm::ctl {

struct Step {
  std::string name;
  bool ok;
  std::string detail;
  bool warning = false;  // of one that is ok
};
using Steps = std::vector<Step>;

bool AllOk(const Steps& steps);

// [{"step", "ok", "state", "detail"}]: the state is ok, warning or failed.
Records RecordsOf(const Steps& steps);

// Several things that were checked: a table, or in JSON an array of {"name", "ok", "steps"}.
struct Checked {
  std::string name;
  Steps steps;
};
void ShowChecked(Output& output, const std::vector<Checked>& checked);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_STEPS_H_
