#include "lib/auth/store.h"

namespace cvm::auth {
namespace {

using base::Error;
using base::ErrorCode;

std::optional<std::uint64_t> FindUser(db::Session& session, const std::string& name) {
  std::optional<std::uint64_t> id;
  session.Query("SELECT id FROM users WHERE name = ?", {name}, [&](const db::Row& row) { id = row.U64(0); });
  return id;
}

Error NoSuchUser(const std::string& name) {
  return {ErrorCode::kNotFound, "no user is named '" + name + "': see 'cvmctl user list'"};
}

TokenInfo ReadInfo(const db::Row& row) {
  TokenInfo info;
  info.id = row.U64(0);
  info.user = row.Text(1);
  info.public_token = row.Text(2);
  info.label = row.Text(3);
  info.client_access = row.U64(4) != 0;
  info.read_only = row.U64(5) != 0;
  info.created_at = row.Text(6);
  info.expires_at = row.MaybeText(7);
  info.revoked_at = row.MaybeText(8);
  return info;
}

#define CVM_TOKEN_INFO                                                                               \
  "SELECT t.id, u.name, t.public_token, t.label, t.client_access, t.read_only, "                     \
  "DATE_FORMAT(t.created_at, '%Y-%m-%d %H:%i:%s'), DATE_FORMAT(t.expires_at, '%Y-%m-%d %H:%i:%s'), " \
  "DATE_FORMAT(t.revoked_at, '%Y-%m-%d %H:%i:%s') FROM api_tokens t JOIN users u ON u.id = t.user_id "

}  // namespace

base::Result<std::uint64_t> Store::AddUser(const std::string& name, const std::optional<std::string>& email,
                                           base::Deadline deadline) {
  const db::Param address = email ? db::Param(std::string_view(*email)) : db::Param(nullptr);
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::uint64_t> {
    if (FindUser(session, name)) {
      return Error{ErrorCode::kConflict, "a user named '" + name + "' is there already"};
    }
    session.Execute("INSERT INTO users (name, email, created_at) VALUES (?, ?, UTC_TIMESTAMP(3))",
                    {name, address});
    return session.LastInsertId();
  });
}

base::Result<std::vector<User>> Store::ListUsers(base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) {
    std::vector<User> users;
    session.Query("SELECT id, name, email, disabled FROM users ORDER BY id", {}, [&](const db::Row& row) {
      users.push_back({row.U64(0), row.Text(1), row.MaybeText(2), row.U64(3) != 0});
    });
    return users;
  });
}

base::Status Store::SetDisabled(const std::string& name, bool disabled, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto id = FindUser(session, name);
    if (!id) return NoSuchUser(name);
    session.Execute("UPDATE users SET disabled = ? WHERE id = ?", {std::uint64_t{disabled}, *id});
    return {};
  });
}

base::Result<NewPair> Store::CreateToken(const std::string& user, const TokenOptions& options,
                                         base::Deadline deadline) {
  NewPair pair = MakePair();
  const std::string hash = HashPrivateToken(pair.private_token.Reveal());
  const auto stored = pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto user_id = FindUser(session, user);
    if (!user_id) return NoSuchUser(user);
    session.Execute(
        "INSERT INTO api_tokens (user_id, public_token, private_hash, hash_scheme, label, client_access, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
        {*user_id, pair.public_token, hash, kSha256, options.label, std::uint64_t{options.client_access}});
    pair.id = session.LastInsertId();
    return {};
  });
  if (!stored) return stored.error();
  return pair;
}

base::Result<std::vector<TokenInfo>> Store::ListTokens(const std::optional<std::string>& user,
                                                       base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) -> base::Result<std::vector<TokenInfo>> {
    std::vector<TokenInfo> tokens;
    const auto keep = [&](const db::Row& row) { tokens.push_back(ReadInfo(row)); };
    if (!user) {
      session.Query(CVM_TOKEN_INFO "ORDER BY t.id", {}, keep);
      return tokens;
    }
    if (!FindUser(session, *user)) return NoSuchUser(*user);
    session.Query(CVM_TOKEN_INFO "WHERE u.name = ? ORDER BY t.id", {*user}, keep);
    return tokens;
  });
}

base::Status Store::Revoke(const std::string& public_token, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    bool found = false;
    session.Query("SELECT id FROM api_tokens WHERE public_token = ? FOR UPDATE", {public_token},
                  [&](const db::Row&) { found = true; });
    if (!found) {
      return Error{ErrorCode::kNotFound, "no pair has the public token '" + public_token + "'"};
    }
    session.Execute(
        "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) WHERE public_token = ? AND revoked_at IS NULL",
        {public_token});
    return {};
  });
}

}  // namespace cvm::auth
