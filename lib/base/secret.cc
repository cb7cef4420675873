#include "lib/base/secret.h"

#include <openssl/crypto.h>

namespace cvm::base {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  Wipe();
  text_ = other.text_;  // A copy, then a wipe: a moved-from short string would keep its bytes.
  other.Wipe();
  return *this;
}

void Secret::Wipe() {
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cvm::base
