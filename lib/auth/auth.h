// Token pairs: making them, hashing them, judging one that a client presents.
//
// Judge knows no database: a query brings the token's row (CVM_TOKEN_COLUMNS, ReadToken) together with
// whatever rows it wants of the same user, in one JOIN, and the row is judged before anything of the rest is
// shown. It may take long for a pair whose hash is slow (kSha256Crypt), so call it while no connection is
// held.
#ifndef CVM_LIB_AUTH_AUTH_H_
#define CVM_LIB_AUTH_AUTH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/db/db.h"

namespace cvm::auth {

// What a client presented: every value of each of the two headers, as often as they were given, and the
// address that it called from as the web server saw it. The values belong to the request.
struct Presented {
  std::vector<std::string_view> public_tokens;
  std::vector<std::string_view> private_tokens;
  std::string_view client_address;
};

// The one public token of a well-formed pair: both headers given exactly once, each 1 to 64 characters of
// printable ASCII without blank or comma. Nothing for any other: such a pair is not valid and needs no
// look-up.
std::optional<std::string_view> LookupToken(const Presented& presented);

// A token's row, with what is wanted of its user.
struct Token {
  std::uint64_t id = 0;
  std::uint64_t user_id = 0;
  std::string public_token;
  std::string private_hash;
  std::string hash_scheme;
  bool client_access = false;
  bool read_only = false;
  bool expired = false;  // by the database's clock
  bool revoked = false;
  bool user_disabled = false;
  bool has_networks = false;  // then `networks` must be filled before it is judged
  std::vector<std::string> networks;
};

enum class Verdict {
  kNotValid,  // 401: any reason, and the client is not told which
  kNoAccess,  // 403: valid, without access to the client API
  kReadOnly,  // valid, for looking only
  kFull,
};

class CryptCheck;

// Takes the same time whichever byte of the private token is wrong. kOverloaded: the pair is one whose check
// costs much, and `check` takes no more of them for now: nothing is known of the pair.
base::Result<Verdict> Judge(const Token& token, const Presented& presented, CryptCheck& check,
                            base::Deadline deadline);

// For JOINs: columns of `api_tokens t` JOIN `users u`, and the reading of them from column `first` on.
#define CVM_TOKEN_COLUMNS                                                                                 \
  "t.id, t.user_id, t.public_token, t.private_hash, t.hash_scheme, t.client_access, t.read_only, "        \
  "t.expires_at IS NOT NULL AND t.expires_at <= UTC_TIMESTAMP(3), t.revoked_at IS NOT NULL, u.disabled, " \
  "EXISTS (SELECT 1 FROM api_token_networks w WHERE w.token_id = t.id)"
inline constexpr unsigned kTokenColumns = 11;
Token ReadToken(const db::Row& row, unsigned first);
// Fills `networks` where the token has any.
void LoadNetworks(db::Session& session, Token& token);

// A new pair. The private token carries 256 random bits, so that its plain SHA-256 is enough to keep.
struct NewPair {
  std::string public_token;    // 32 characters
  base::Secret private_token;  // 43 characters
  std::uint64_t id = 0;        // its row's, once it is stored
};
NewPair MakePair();
// How a private token is hashed, by the word in api_tokens.hash_scheme; another word fits no token.
inline constexpr std::string_view kSha256 = "sha256";
// crypt(3)'s "$5$…", of pairs that come from elsewhere: see crypt.h.
inline constexpr std::string_view kSha256Crypt = "sha256-crypt";
// The hash that is stored of a private token by kSha256: 64 digits of lower-case hexadecimal.
std::string HashPrivateToken(std::string_view private_token);

// Whether `address` (IPv4 or IPv6, v4-mapped taken as v4) lies in `cidr`. False where either does not parse.
bool AddressInNetwork(std::string_view address, std::string_view cidr);
// A network as it is stored: in canonical form, with its prefix length unless it is one address. kInvalid: it
// is none, or has bits set behind its prefix, where it is not clear what was meant.
base::Result<std::string> NormalNetwork(std::string_view cidr);

}  // namespace cvm::auth

#endif  // CVM_LIB_AUTH_AUTH_H_
