#include "lib/auth/auth.h"

namespace cvm::auth {

Token ReadToken(const db::Row& row, unsigned first) {
  Token token;
  token.id = row.U64(first);
  token.user_id = row.U64(first + 1);
  token.public_token = row.Text(first + 2);
  token.private_hash = row.Text(first + 3);
  token.hash_scheme = row.Text(first + 4);
  token.client_access = row.U64(first + 5) != 0;
  token.read_only = row.U64(first + 6) != 0;
  token.expired = row.U64(first + 7) != 0;
  token.revoked = row.U64(first + 8) != 0;
  token.user_disabled = row.U64(first + 9) != 0;
  token.has_networks = row.U64(first + 10) != 0;
  return token;
}

void LoadNetworks(db::Session& session, Token& token) {
  if (!token.has_networks) return;
  session.Query("SELECT cidr FROM api_token_networks WHERE token_id = ?", {token.id},
                [&](const db::Row& row) { token.networks.push_back(row.Text(0)); });
}

}  // namespace cvm::auth
