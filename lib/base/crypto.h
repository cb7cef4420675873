// The few things that are wanted of libcrypto: random bytes, SHA-256, HMAC, Base64.
#ifndef CVM_LIB_BASE_CRYPTO_H_
#define CVM_LIB_BASE_CRYPTO_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cvm::base {

// `count` bytes of the system's cryptographic generator. Aborts where it has none to give.
std::string RandomBytes(std::size_t count);

// The 32 raw bytes.
std::string Sha256(std::string_view bytes);

// HMAC-SHA256: the 32 raw bytes.
std::string HmacSha256(std::string_view key, std::string_view bytes);

// Lower-case hexadecimal.
std::string Hex(std::string_view bytes);

// RFC 4648: section 4, padded; and section 5 (URL and file name safe), without padding.
std::string Base64(std::string_view bytes);
std::string Base64Url(std::string_view bytes);

// Strict: nothing unless `text` is padded Base64 of section 4 and nothing else.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_CRYPTO_H_
