// Reading a file that may hold a secret: who may touch it is judged on the open file, so that it cannot be
// another by the time it is read.
#ifndef CVM_LIB_CONFIG_PRIVATE_FILE_H_
#define CVM_LIB_CONFIG_PRIVATE_FILE_H_

#include <sys/stat.h>

#include <optional>
#include <string>

#include "lib/base/error.h"
#include "lib/config/config.h"

namespace cvm::config {

struct PrivateFile {
  std::string text;
  uid_t owner = 0;
  mode_t mode = 0;
};

// kInvalid: not there, not a regular file, larger than a megabyte, or cannot be read.
base::Result<PrivateFile> ReadPrivateFile(const std::string& path);

// What is wrong with the file's owner and mode, and what to do; nothing where they are right. Anybody but its
// owner who may write it is wrong. With `secret`, others who may read it are wrong too, and for cvmctl the
// group.
std::optional<std::string> AccessProblem(const PrivateFile& file, bool secret, Program program);

}  // namespace cvm::config

#endif  // CVM_LIB_CONFIG_PRIVATE_FILE_H_
