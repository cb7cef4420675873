// The private keys that we log in with: files below the key directory.
#ifndef CVM_LIB_SSH_PRIVATE_KEY_H_
#define CVM_LIB_SSH_PRIVATE_KEY_H_

#include <string>

#include "lib/base/error.h"
#include "lib/base/secret.h"

namespace cvm::ssh {

// Reads a key file whole, after looking at the open descriptor's mode. kNotFound: no such file; kInvalid: a
// name that is no plain file name, or a file that its group may write or others may touch.
base::Result<base::Secret> ReadPrivateKey(const std::string& directory, const std::string& name);

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_PRIVATE_KEY_H_
