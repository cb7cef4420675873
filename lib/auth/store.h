// The rows of users and token pairs, for the operator's commands. Each call is one transaction.
#ifndef CVM_LIB_AUTH_STORE_H_
#define CVM_LIB_AUTH_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/db/db.h"

namespace cvm::auth {

struct User {
  std::uint64_t id = 0;
  std::string name;
  std::optional<std::string> email;
  bool disabled = false;
};

// A pair as it is listed: never its hash.
struct TokenInfo {
  std::uint64_t id = 0;
  std::string user;
  std::string public_token;
  std::string label;
  bool client_access = true;
  bool read_only = false;
  std::string created_at;                 // UTC, "YYYY-MM-DD HH:MM:SS"
  std::optional<std::string> expires_at;  // UTC
  std::optional<std::string> revoked_at;  // UTC
};

struct TokenOptions {
  std::string label;
  bool client_access = true;
};

class Store {
 public:
  // `pool` must outlive this.
  explicit Store(db::Pool& pool) : pool_(pool) {}

  // kConflict: a user of that name is there already.
  base::Result<std::uint64_t> AddUser(const std::string& name, const std::optional<std::string>& email,
                                      base::Deadline deadline);
  base::Result<std::vector<User>> ListUsers(base::Deadline deadline);
  // kNotFound: no such user. Disabling one who is disabled changes nothing and succeeds.
  base::Status SetDisabled(const std::string& name, bool disabled, base::Deadline deadline);

  // The only moment at which the private token is known. kNotFound: no such user.
  base::Result<NewPair> CreateToken(const std::string& user, const TokenOptions& options,
                                    base::Deadline deadline);
  // All pairs, or those of one user (kNotFound: no such user), by ID.
  base::Result<std::vector<TokenInfo>> ListTokens(const std::optional<std::string>& user,
                                                  base::Deadline deadline);
  // Holds from the next request on. kNotFound: no such pair. Revoking twice changes nothing and succeeds.
  base::Status Revoke(const std::string& public_token, base::Deadline deadline);

 private:
  db::Pool& pool_;
};

}  // namespace cvm::auth

#endif  // CVM_LIB_AUTH_STORE_H_
