#include "lib/manual/manual.h"

namespace cvm::manual {

const std::vector<File>& Files() {
  static const std::vector<File> files = {
      {"cvmctl.8", CtlPage},
      {"cvmctl.toml.5", CtlSettingsPage},
      {"cvm-client-api.8", WorkerPage},
      {"cvm-client-api.toml.5", WorkerSettingsPage},
      {"cvmctl.bash", CtlCompletion},
      {"cvm-client-api.bash", WorkerCompletion},
  };
  return files;
}

}  // namespace cvm::manual
