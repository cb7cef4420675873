#ifndef CVM_TESTS_NODE_INIT_H_
#define CVM_TESTS_NODE_INIT_H_

// A container's init: a process that sleeps in PID and network namespaces of its own, whose PID stands in
// /var/lib/vzctl/vepid/CTID, as vzctl on a plain kernel keeps it.

#include <sys/types.h>

#include <optional>
#include <string>

#include "tests/node/config.h"

namespace cvm::testnode {

// "" or what went wrong. On return it runs, with its devices.
std::string BeginInit(unsigned ctid, const Config& config);

// Kills it and waits until it is dead; true where there is none.
bool KillInit(unsigned ctid);

// Whether vzctl has written down a PID, and nothing lives under it any more.
bool InitHasDied(unsigned ctid);

// The program of init itself.
int InitMain();

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_INIT_H_
