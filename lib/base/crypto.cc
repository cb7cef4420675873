#include "lib/base/crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <climits>

#include "lib/base/error.h"

namespace cvm::base {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string RandomBytes(std::size_t count) {
  FatalAssert(count <= INT_MAX, "RandomBytes: count out of range");
  std::string bytes(count, '\0');
  FatalAssert(RAND_bytes(Bytes(bytes), static_cast<int>(count)) == 1, "no random bytes from libcrypto");
  return bytes;
}

std::string Sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Bytes(bytes), bytes.size(), Bytes(digest));
  return digest;
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  FatalAssert(key.size() <= INT_MAX, "HmacSha256: key too long");
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  const unsigned char* const made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(bytes),
                                         bytes.size(), Bytes(digest), nullptr);
  FatalAssert(made != nullptr, "no HMAC from libcrypto");
  return digest;
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Base64(std::string_view bytes) {
  FatalAssert(bytes.size() < INT_MAX / 2, "Base64: input too long");
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(Bytes(text), Bytes(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = Base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() >= INT_MAX) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(Bytes(bytes), Bytes(text), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const std::size_t end = text.find_last_not_of('=');
  const std::size_t padding = end == std::string_view::npos ? text.size() : text.size() - 1 - end;
  if (padding > 2) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length) - padding);
  // The library skips blanks at the ends and stray bits: only what encodes back to the same text counts.
  if (Base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace cvm::base
