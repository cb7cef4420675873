#include "lib/auth/store.h"

#include "lib/base/text.h"

namespace cvm::auth {
namespace {

using base::Error;
using base::ErrorCode;

Error NoSuchUser(const std::string& name) {
  return {ErrorCode::kNotFound, "no user is named '" + name + "': see 'cvmctl user list'"};
}

Error NoSuchToken(const std::string& token) {
  return {ErrorCode::kNotFound,
          "no pair has the public token or the ID '" + token + "': see 'cvmctl token list'"};
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
  info.state = row.Text(9);
  info.last_used_at = row.MaybeText(10);
  info.last_used_from = row.MaybeText(11);
  return info;
}

#define CVM_TOKEN_INFO                                                                                      \
  "SELECT t.id, u.name, t.public_token, t.label, t.client_access, t.read_only, "                            \
  "DATE_FORMAT(t.created_at, '%Y-%m-%d %H:%i:%s'), DATE_FORMAT(t.expires_at, '%Y-%m-%d %H:%i:%s'), "        \
  "DATE_FORMAT(t.revoked_at, '%Y-%m-%d %H:%i:%s'), "                                                        \
  "CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= UTC_TIMESTAMP(3) THEN 'expired' " \
  "WHEN u.disabled <> 0 THEN 'user disabled' ELSE 'active' END, "                                           \
  "DATE_FORMAT(g.last_used_at, '%Y-%m-%d %H:%i:%s'), g.last_used_from "                                     \
  "FROM api_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN api_token_usage g ON g.token_id = t.id "

std::vector<std::string> NetworksOf(db::Session& session, std::uint64_t id) {
  std::vector<std::string> networks;
  session.Query("SELECT cidr FROM api_token_networks WHERE token_id = ? ORDER BY cidr", {id},
                [&](const db::Row& row) { networks.push_back(row.Text(0)); });
  return networks;
}

std::optional<std::string> MakerOf(db::Session& session, std::uint64_t id) {
  std::optional<std::string> maker;
  session.Query(
      "SELECT RTRIM(CONCAT(actor_kind, ' ', actor)) FROM action_log WHERE token_id = ? AND action IN "
      "('token-create', 'token-rotate') ORDER BY id LIMIT 1",
      {id}, [&](const db::Row& row) { maker = row.Text(0); });
  if (maker) return maker;
  session.Query("SELECT CONCAT('import from ', source) FROM api_tokens WHERE id = ? AND source IS NOT NULL",
                {id}, [&](const db::Row& row) { maker = row.Text(0); });
  return maker;
}

bool IsOver(db::Session& session, std::uint64_t id) {
  return db::FindId(session, "SELECT id FROM api_tokens WHERE id = ? AND expires_at <= UTC_TIMESTAMP(3)",
                    {id})
      .has_value();
}

// Gives the row's ID.
std::uint64_t InsertPair(db::Session& session, std::uint64_t user_id, const NewPair& pair,
                         const TokenOptions& options) {
  const std::string hash = HashPrivateToken(pair.private_token.Reveal());
  db::Param at = nullptr;
  db::Param span = nullptr;
  if (options.expires && options.expires->seconds) {
    span = *options.expires->seconds;
  } else if (options.expires) {
    at = std::string_view(options.expires->at);
  }
  session.Execute(
      "INSERT INTO api_tokens (user_id, public_token, private_hash, hash_scheme, label, client_access, "
      "read_only, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, "
      "COALESCE(?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND), UTC_TIMESTAMP(3))",
      {user_id, pair.public_token, hash, kSha256, options.label, std::uint64_t{options.client_access},
       std::uint64_t{options.read_only}, at, span});
  const std::uint64_t id = session.LastInsertId();
  for (const std::string& network : options.networks) {
    session.Execute("INSERT INTO api_token_networks (token_id, cidr) VALUES (?, ?)", {id, network});
  }
  return id;
}

// A pair whose row is locked until the end of the transaction.
struct Old {
  std::uint64_t id, user_id;
  bool revoked, expired, by_import;
  std::string public_token;
};

std::optional<Old> Lock(db::Session& session, std::uint64_t id) {
  std::optional<Old> old;
  session.Query(
      "SELECT user_id, revoked_at IS NOT NULL, expires_at IS NOT NULL AND expires_at <= UTC_TIMESTAMP(3), "
      "revoked_at <=> import_revoked_at, public_token FROM api_tokens WHERE id = ? FOR UPDATE",
      {id}, [&](const db::Row& row) {
        old = {id, row.U64(0), row.U64(1) != 0, row.U64(2) != 0, row.U64(3) != 0, row.Text(4)};
      });
  return old;
}

base::Result<Old> Lock(db::Session& session, const std::string& token) {
  const auto id = FindToken(session, token);
  if (!id) return id.error();
  const auto old = Lock(session, *id);
  if (!old) return NoSuchToken(token);
  return *old;
}

// Gives the row's ID.
std::uint64_t InsertCopy(db::Session& session, std::uint64_t old, const NewPair& pair) {
  const std::string hash = HashPrivateToken(pair.private_token.Reveal());
  session.Execute(
      "INSERT INTO api_tokens (user_id, public_token, private_hash, hash_scheme, label, client_access, "
      "read_only, expires_at, created_at) SELECT user_id, ?, ?, ?, label, client_access, read_only, "
      "expires_at, UTC_TIMESTAMP(3) FROM api_tokens WHERE id = ?",
      {pair.public_token, hash, kSha256, old});
  const std::uint64_t id = session.LastInsertId();
  session.Execute(
      "INSERT INTO api_token_networks (token_id, cidr) SELECT ?, cidr FROM api_token_networks WHERE "
      "token_id = ?",
      {id, old});
  return id;
}

}  // namespace

std::optional<std::uint64_t> FindUser(db::Session& session, const std::string& name) {
  return db::FindId(session, "SELECT id FROM users WHERE name = ?", {std::string_view(name)});
}

base::Result<std::uint64_t> FindToken(db::Session& session, const std::string& token) {
  const auto named =
      db::FindId(session, "SELECT id FROM api_tokens WHERE public_token = ?", {std::string_view(token)});
  const auto number = base::ParseU64(token);
  const auto numbered =
      number ? db::FindId(session, "SELECT id FROM api_tokens WHERE id = ?", {*number}) : std::nullopt;
  if (named && numbered && *named != *numbered) {
    return Error{ErrorCode::kConflict, "'" + token + "' is the ID of one pair and the public token of pair " +
                                           std::to_string(*named) + ": give the other word for it"};
  }
  if (!named && !numbered) return NoSuchToken(token);
  return named ? *named : *numbered;
}

base::Result<std::uint64_t> Store::AddUser(const std::string& name, const std::optional<std::string>& email,
                                           base::Deadline deadline) {
  const db::Param address = email ? db::Param(std::string_view(*email)) : db::Param(nullptr);
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::uint64_t> {
    if (FindUser(session, name)) {
      return Error{ErrorCode::kConflict, "a user named '" + name + "' is there already"};
    }
    session.Execute("INSERT INTO users (name, email, created_at) VALUES (?, ?, UTC_TIMESTAMP(3))",
                    {name, address});
    const std::uint64_t id = session.LastInsertId();
    audit::Note(session, actor_, "user-add", {id, 0}, name);
    return id;
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
    const auto changed =
        session.Execute("UPDATE users SET disabled = ? WHERE id = ?", {std::uint64_t{disabled}, *id});
    if (changed > 0) audit::Note(session, actor_, disabled ? "user-disable" : "user-enable", {*id, 0}, name);
    return {};
  });
}

base::Result<NewPair> Store::CreateToken(const std::string& user, const TokenOptions& options,
                                         base::Deadline deadline) {
  NewPair pair = MakePair();
  const auto stored = pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto user_id = FindUser(session, user);
    if (!user_id) return NoSuchUser(user);
    pair.id = InsertPair(session, *user_id, pair, options);
    if (IsOver(session, pair.id)) {
      return Error{ErrorCode::kInvalid, "the pair would have expired already, by the database's clock"};
    }
    audit::Note(session, actor_, "token-create", {*user_id, pair.id}, options.label);
    return {};
  });
  if (!stored) return stored.error();
  return pair;
}

base::Result<Replacement> Store::Replace(const std::string& token, base::Deadline deadline) {
  Replacement made{MakePair(), 0, ""};
  const auto stored = pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto old = Lock(session, token);
    if (!old) return old.error();
    if (old->revoked || old->expired) {
      return Error{ErrorCode::kConflict, "the pair is " + std::string(old->revoked ? "revoked" : "expired") +
                                             ": make a new one with 'cvmctl token create'"};
    }
    made.old_id = old->id;
    made.old_public_token = old->public_token;
    made.pair.id = InsertCopy(session, old->id, made.pair);
    audit::Note(session, actor_, "token-rotate", {old->user_id, made.pair.id},
                "replaces token " + std::to_string(old->id));
    return {};
  });
  if (!stored) return stored.error();
  return made;
}

base::Status Store::Retire(const Replacement& replacement, std::uint64_t grace_seconds,
                           base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Status {
    const auto old = Lock(session, replacement.old_id);
    if (!old) return {};  // removed meanwhile
    session.Execute(
        "UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND WHERE id = ? AND "
        "(expires_at IS NULL OR expires_at > UTC_TIMESTAMP(3) + INTERVAL ? SECOND)",
        {grace_seconds, old->id, grace_seconds});
    audit::Note(session, actor_, "token-expire", {old->user_id, old->id},
                "replaced by token " + std::to_string(replacement.pair.id));
    return {};
  });
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

base::Result<TokenDetails> Store::ShowToken(const std::string& token, base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) -> base::Result<TokenDetails> {
    const auto id = FindToken(session, token);
    if (!id) return id.error();
    std::optional<TokenDetails> details;
    session.Query(CVM_TOKEN_INFO "WHERE t.id = ?", {*id}, [&](const db::Row& row) {
      details = TokenDetails{ReadInfo(row), {}, {}};
    });
    if (!details) return NoSuchToken(token);
    details->networks = NetworksOf(session, *id);
    details->made_by = MakerOf(session, *id);
    return std::move(*details);
  });
}

base::Result<std::string> Store::Revoke(const std::string& token, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::string> {
    const auto old = Lock(session, token);
    if (!old) return old.error();
    // What an import revoked it would take back: from now on this revocation is ours.
    if (old->revoked && !old->by_import) return old->public_token;
    session.Execute(
        "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3), import_revoked_at = NULL WHERE id = ?",
        {old->id});
    audit::Note(session, actor_, "token-revoke", {old->user_id, old->id});
    return old->public_token;
  });
}

}  // namespace cvm::auth
