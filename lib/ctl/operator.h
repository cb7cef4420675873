// Who runs cvmctl, for the records of what is done.
#ifndef CVM_LIB_CTL_OPERATOR_H_
#define CVM_LIB_CTL_OPERATOR_H_

#include <string>

namespace cvm::ctl {

// The login of the person behind sudo where there is one, else of the process's user; its number where it has
// no name. One that is no UTF-8, which the records do not take, is escaped. Told by the environment: good for
// a record, not for a permission.
std::string OperatorName();

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_OPERATOR_H_
