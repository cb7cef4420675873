#include "lib/ctl/commands.h"

namespace cvm::ctl {
namespace {

// A pair that nobody has seen is of no use to anybody, and nobody would know to revoke it.
base::Error RevokeUnseen(Invocation& call, const auth::NewPair& pair) {
  const auto revoked = call.services->auth.Revoke(pair.public_token, DatabaseDeadline());
  const std::string what = "standard output cannot be written, so the new pair " + pair.public_token;
  if (revoked) return {base::ErrorCode::kInternal, what + " was revoked again"};
  return {base::ErrorCode::kInternal, what + " was lost: revoke it (" + revoked.error().message + ")"};
}

Record RecordOf(const auth::TokenInfo& token) {
  return {{"id", Figure(token.id)},
          {"user", token.user},
          {"public_token", token.public_token},
          {"label", token.label},
          {"client_access", token.client_access},
          {"read_only", token.read_only},
          {"created_at", token.created_at},
          {"expires_at", Maybe(token.expires_at)},
          {"revoked_at", Maybe(token.revoked_at)}};
}

}  // namespace

Done TokenCreate(Invocation& call) {
  const std::string user = call.arguments.Text("USER");
  auth::TokenOptions options;
  options.label = call.arguments.Text("--label");
  options.client_access = !call.arguments.Has("--no-client-access");
  const auto pair = call.services->auth.CreateToken(user, options, DatabaseDeadline());
  if (!pair) return pair.error();
  call.output.One({{"id", Figure(pair->id)},
                   {"user", user},
                   {"label", options.label},
                   {"client_access", options.client_access},
                   {"public_token", pair->public_token},
                   {"private_token", pair->private_token.Reveal()}});
  if (!call.output.Flush()) return RevokeUnseen(call, *pair);
  if (!call.output.json()) call.console.err << "The private token is not shown again: keep it safe.\n";
  return ExitStatus::kOk;
}

Done TokenList(Invocation& call) {
  const auto tokens = call.services->auth.ListTokens(call.arguments.Maybe("USER"), DatabaseDeadline());
  if (!tokens) return tokens.error();
  Records records;
  for (const auth::TokenInfo& token : *tokens) records.push_back(RecordOf(token));
  call.output.List(records);
  return ExitStatus::kOk;
}

Done TokenRevoke(Invocation& call) {
  const std::string token = call.arguments.Text("PUBLIC");
  const auto status = call.services->auth.Revoke(token, DatabaseDeadline());
  if (!status) return status.error();
  call.output.Done("token pair " + token + " is revoked", {{"public_token", token}, {"revoked", true}});
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
