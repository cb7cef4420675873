#include "lib/auth/auth.h"
#include "lib/base/crypto.h"

namespace cvm::auth {

NewPair MakePair() {
  return {base::Hex(base::RandomBytes(16)), base::Secret(base::Base64Url(base::RandomBytes(32))), 0};
}

std::string HashPrivateToken(std::string_view private_token) {
  return base::Hex(base::Sha256(private_token));
}

}  // namespace cvm::auth
