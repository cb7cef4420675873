#include <algorithm>

#include "lib/ctl/commands.h"
#include "lib/ctl/sync.h"
#include "lib/ssh/ssh.h"

namespace cvm::ctl {
namespace {

constexpr std::uint64_t kUsualGrace = 86400;  // seconds

// What a person reads of a pair without a record.
constexpr char kNoMaker[] = "no record: a panel made it, or the record is past its time";

// A pair that nobody has seen is of no use to anybody, and nobody would know to revoke it.
base::Error RevokeUnseen(Invocation& call, const auth::NewPair& pair, const std::string& why) {
  const auto revoked = call.services->auth.Revoke(std::to_string(pair.id), DatabaseDeadline());
  const std::string what = why + ", so the new pair " + pair.public_token;
  if (revoked) return {base::ErrorCode::kInternal, what + " was revoked again"};
  return {base::ErrorCode::kInternal, what + " was lost: revoke it (" + revoked.error().message + ")"};
}

Records Networks(const std::vector<std::string>& networks) {
  Records records;
  for (const std::string& network : networks) records.push_back({{"network", network}});
  return records;
}

Record RecordOf(const auth::TokenInfo& token) {
  return {{"id", Figure(token.id)},
          {"user", token.user},
          {"public_token", token.public_token},
          {"label", token.label},
          {"state", token.state},
          {"client_access", token.client_access},
          {"read_only", token.read_only},
          {"created_at", token.created_at},
          {"expires_at", Maybe(token.expires_at)},
          {"revoked_at", Maybe(token.revoked_at)},
          {"last_used_at", Maybe(token.last_used_at)},
          {"last_used_from", Maybe(token.last_used_from)}};
}

// Every network in canonical form, once.
base::Result<std::vector<std::string>> NetworksOf(const Arguments& arguments) {
  std::vector<std::string> networks;
  for (const std::string& word : arguments.All("--allow-from")) {
    const auto network = auth::NormalNetwork(word);
    if (!network) {
      return base::Error{network.error().code, "--allow-from: \"" + word + "\" " + network.error().message};
    }
    if (std::find(networks.begin(), networks.end(), *network) == networks.end()) networks.push_back(*network);
  }
  return networks;
}

base::Result<auth::TokenOptions> OptionsOf(const Arguments& arguments) {
  auth::TokenOptions options;
  options.label = arguments.Text("--label");
  options.client_access = !arguments.Has("--no-client-access");
  options.read_only = arguments.Has("--read-only");
  if (const auto expires = arguments.Maybe("--expires")) options.expires = base::ParseMoment(*expires);
  auto networks = NetworksOf(arguments);
  if (!networks) return networks.error();
  options.networks = std::move(*networks);
  return options;
}

// The new pair with its private token, this once: it has reached whoever reads it, or is revoked again.
base::Status ShowNew(Invocation& call, const auth::NewPair& pair) {
  const auto made = call.services->auth.ShowToken(std::to_string(pair.id), DatabaseDeadline());
  if (!made) return RevokeUnseen(call, pair, made.error().message);
  const auth::TokenInfo& info = made->info;
  call.output.One({{"id", Figure(info.id)},
                   {"user", info.user},
                   {"label", info.label},
                   {"client_access", info.client_access},
                   {"read_only", info.read_only},
                   {"expires_at", Maybe(info.expires_at)},
                   {"allowed_from", Networks(made->networks)},
                   {"public_token", pair.public_token},
                   {"private_token", pair.private_token.Reveal()}});
  if (!call.output.Flush()) return RevokeUnseen(call, pair, "standard output cannot be written");
  if (!call.output.json()) call.console.err << "The private token is not shown again: keep it safe.\n";
  return {};
}

}  // namespace

Done TokenCreate(Invocation& call) {
  const auto options = OptionsOf(call.arguments);
  if (!options) return options.error();
  const auto pair =
      call.services->auth.CreateToken(call.arguments.Text("USER"), *options, DatabaseDeadline());
  if (!pair) return pair.error();
  if (const auto shown = ShowNew(call, *pair); !shown) return shown.error();
  WarnOfUnknownPair(call, pair->id);
  return ExitStatus::kOk;
}

// The old pair begins to end once the new one has been handed out, and not before.
Done TokenRotate(Invocation& call) {
  const auto grace = base::ParseSpan(call.arguments.Text("--grace")).value_or(kUsualGrace);
  const auto made = call.services->auth.Replace(call.arguments.Text("TOKEN"), DatabaseDeadline());
  if (!made) return made.error();
  if (const auto shown = ShowNew(call, made->pair); !shown) return shown.error();
  WarnOfUnknownPair(call, made->pair.id);
  const auto retired = call.services->auth.Retire(*made, grace, DatabaseDeadline());
  if (retired) return ExitStatus::kOk;
  // No error of the usual kind: with --json it would stand behind the pair, and make one document two.
  call.console.err << "cvmctl: the new pair is good, but the old one was not told to end ("
                   << ForTerminal(retired.error().message) << "): when it is used no more, run: "
                   << ssh::Command({"cvmctl", "token", "revoke", made->old_public_token}).Quoted() << '\n';
  return StatusFor(retired.error().code);
}

Done TokenList(Invocation& call) {
  const auto tokens = call.services->auth.ListTokens(call.arguments.Maybe("USER"), DatabaseDeadline());
  if (!tokens) return tokens.error();
  Records records;
  for (const auth::TokenInfo& token : *tokens) records.push_back(RecordOf(token));
  call.output.List(records);
  return ExitStatus::kOk;
}

Done TokenShow(Invocation& call) {
  const auto token = call.services->auth.ShowToken(call.arguments.Text("TOKEN"), DatabaseDeadline());
  if (!token) return token.error();
  Record record = RecordOf(token->info);
  record.push_back({"allowed_from", Networks(token->networks)});
  const bool named = token->made_by || call.output.json();
  record.push_back({"made_by", named ? Maybe(token->made_by) : Cell(kNoMaker)});
  call.output.One(record);
  return ExitStatus::kOk;
}

Done TokenRevoke(Invocation& call) {
  const auto token = call.services->auth.Revoke(call.arguments.Text("TOKEN"), DatabaseDeadline());
  if (!token) return token.error();
  call.output.Done("token pair " + *token + " is revoked", {{"public_token", *token}, {"revoked", true}});
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
