// The rows of users and token pairs, for the operator's commands. Each call is one transaction, in which each
// change is recorded.
#ifndef CVM_LIB_AUTH_STORE_H_
#define CVM_LIB_AUTH_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/audit/audit.h"
#include "lib/auth/auth.h"
#include "lib/base/moment.h"
#include "lib/db/db.h"

namespace cvm::auth {

struct User {
  std::uint64_t id = 0;
  std::string name;
  std::optional<std::string> email;
  bool disabled = false;
};

// A pair as it is listed: never its hash. Times are UTC, "YYYY-MM-DD HH:MM:SS".
struct TokenInfo {
  std::uint64_t id = 0;
  std::string user;
  std::string public_token;
  std::string label;
  bool client_access = true;
  bool read_only = false;
  std::string created_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> revoked_at;
  std::string state;  // "revoked", "expired", "user disabled" or "active": the first that holds
  std::optional<std::string> last_used_at;
  std::optional<std::string> last_used_from;
};

// The same with all that is known of it.
struct TokenDetails {
  TokenInfo info;
  std::vector<std::string> networks;   // empty: good from everywhere
  std::optional<std::string> made_by;  // "operator jane", "import from cvm"; nothing: there is no record
};

struct TokenOptions {
  std::string label;
  bool client_access = true;
  bool read_only = false;
  std::optional<base::Moment> expires;  // a span counts from now; nothing: never
  std::vector<std::string> networks;    // as NormalNetwork gives them; empty: good from everywhere
};

// The two steps of a rotation are apart, so that the new pair can be handed out in between: the old one must
// not begin to die while nobody has the new one.
struct Replacement {
  NewPair pair;
  std::uint64_t old_id = 0;
  std::string old_public_token;
};

class Store {
 public:
  // `pool` must outlive this. `actor` stands in the records.
  explicit Store(db::Pool& pool, audit::Actor actor = {audit::ActorKind::kOperator, ""})
      : pool_(pool), actor_(std::move(actor)) {}

  // kConflict: a user of that name is there already.
  base::Result<std::uint64_t> AddUser(const std::string& name, const std::optional<std::string>& email,
                                      base::Deadline deadline);
  base::Result<std::vector<User>> ListUsers(base::Deadline deadline);
  // kNotFound: no such user. Disabling one who is disabled changes nothing and succeeds.
  base::Status SetDisabled(const std::string& name, bool disabled, base::Deadline deadline);

  // The only moment at which the private token is known. kNotFound: no such user; kInvalid: it would have
  // expired already.
  base::Result<NewPair> CreateToken(const std::string& user, const TokenOptions& options,
                                    base::Deadline deadline);
  // A new pair of the same user with the same options; the old one stays as it is, until Retire. kConflict:
  // the old one is revoked or expired.
  base::Result<Replacement> Replace(const std::string& token, base::Deadline deadline);
  // The replaced pair stays valid for `grace_seconds` more, and never longer than it was.
  base::Status Retire(const Replacement& replacement, std::uint64_t grace_seconds, base::Deadline deadline);
  // All pairs, or those of one user (kNotFound: no such user), by ID.
  base::Result<std::vector<TokenInfo>> ListTokens(const std::optional<std::string>& user,
                                                  base::Deadline deadline);
  base::Result<TokenDetails> ShowToken(const std::string& token, base::Deadline deadline);
  // Holds from the next request on. Gives the public token. Revoking twice changes nothing and succeeds.
  base::Result<std::string> Revoke(const std::string& token, base::Deadline deadline);

 private:
  db::Pool& pool_;
  const audit::Actor actor_;
};

// In Rotate, ShowToken and Revoke a pair is named by its public token or by its ID. kNotFound: there is no
// such pair; kConflict: it is the one of one pair and the other of another.
base::Result<std::uint64_t> FindToken(db::Session& session, const std::string& token);
std::optional<std::uint64_t> FindUser(db::Session& session, const std::string& name);

}  // namespace cvm::auth

#endif  // CVM_LIB_AUTH_STORE_H_
