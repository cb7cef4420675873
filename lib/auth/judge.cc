#include <algorithm>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"

namespace cvm::auth {
namespace {

constexpr std::size_t kLongestToken = 64;

bool IsTokenCharacter(char c) {
  return c > 0x20 && c < 0x7f && c != ',';
}

// The header's one value, where it was given once and can be a token at all.
std::optional<std::string_view> OnlyValue(const std::vector<std::string_view>& values) {
  if (values.size() != 1) return std::nullopt;
  const std::string_view value = values.front();
  if (value.empty() || value.size() > kLongestToken) return std::nullopt;
  if (!std::all_of(value.begin(), value.end(), IsTokenCharacter)) return std::nullopt;
  return value;
}

// An unknown scheme fits no token.
base::Result<bool> PrivateTokenFits(const Token& token, std::string_view private_token, CryptCheck& check,
                                    base::Deadline deadline) {
  if (token.hash_scheme == kSha256) {
    return base::EqualInConstantTime(HashPrivateToken(private_token), token.private_hash);
  }
  if (token.hash_scheme == kSha256Crypt) return check.Fits(token, private_token, deadline);
  return false;
}

bool ComesFromAllowedNetwork(const Token& token, std::string_view address) {
  if (!token.has_networks) return true;
  return std::any_of(token.networks.begin(), token.networks.end(),
                     [&](const std::string& cidr) { return AddressInNetwork(address, cidr); });
}

}  // namespace

std::optional<std::string_view> LookupToken(const Presented& presented) {
  if (!OnlyValue(presented.private_tokens)) return std::nullopt;
  return OnlyValue(presented.public_tokens);
}

base::Result<Verdict> Judge(const Token& token, const Presented& presented, CryptCheck& check,
                            base::Deadline deadline) {
  const auto public_token = LookupToken(presented);
  if (!public_token || token.public_token != *public_token) return Verdict::kNotValid;
  // Before the private token: a pair that is out of force costs no slow check.
  if (token.revoked || token.expired || token.user_disabled) return Verdict::kNotValid;
  if (!ComesFromAllowedNetwork(token, presented.client_address)) return Verdict::kNotValid;
  const auto fits = PrivateTokenFits(token, presented.private_tokens.front(), check, deadline);
  if (!fits) return fits.error();
  if (!*fits) return Verdict::kNotValid;
  if (!token.client_access) return Verdict::kNoAccess;
  return token.read_only ? Verdict::kReadOnly : Verdict::kFull;
}

}  // namespace cvm::auth
