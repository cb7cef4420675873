// The node's tools in one program, told apart by the name that they are called by: vzctl and vzlist answer as
// OpenVZ's own (4.11) do. It knows nothing of the client API and uses nothing of it.

#include <cstdio>
#include <string_view>

#include "tests/node/init.h"
#include "tests/node/vzctl.h"
#include "tests/node/vzlist.h"

int main(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name == "vzctl") return cvm::testnode::VzctlMain(argc, argv);
  if (name == "vzlist") return cvm::testnode::VzlistMain(argc, argv);
  if (name == "init") return cvm::testnode::InitMain();
  std::fputs("call me vzctl or vzlist\n", stderr);
  return 1;
}
