#include "lib/vps/service.h"

#include <algorithm>
#include <cstdlib>

#include "lib/base/ctid.h"
#include "lib/log/log.h"
#include "lib/node/store.h"
#include "lib/vps/row.h"

namespace cvm::vps {
namespace {

constexpr db::Sql kJudge = "SELECT " CVM_TOKEN_COLUMNS
                           " FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.public_token = ?";

// Without ORDER BY, which would cost the server a temporary table for each request: the rows are sorted here.
constexpr db::Sql kList =
    "SELECT " CVM_TOKEN_COLUMNS ", " CVM_VPS_COLUMNS
    " FROM api_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN vpses v ON v.user_id = u.id "
    "LEFT JOIN nodes n ON n.id = v.node_id LEFT JOIN traffic_period p ON p.vps_id = v.id "
    "WHERE t.public_token = ?";

constexpr db::Sql kFind =
    "SELECT " CVM_TOKEN_COLUMNS ", " CVM_VPS_COLUMNS ", " CVM_NODE_COLUMNS
    " FROM api_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN vpses v ON v.user_id = u.id AND v.id = ? "
    "LEFT JOIN nodes n ON n.id = v.node_id LEFT JOIN node_host_keys k ON k.node_id = n.id "
    "LEFT JOIN traffic_period p ON p.vps_id = v.id WHERE t.public_token = ?";

constexpr unsigned kVpsAt = auth::kTokenColumns;

bool HasAccess(const Caller& caller) {
  return caller.verdict == auth::Verdict::kReadOnly || caller.verdict == auth::Verdict::kFull;
}

// The token's row, taken from the first row that a query brings.
void See(const db::Row& row, std::optional<auth::Token>& token) {
  if (!token) token = auth::ReadToken(row, 0);
}

void LoadNetworks(db::Session& session, std::optional<auth::Token>& token) {
  if (token) auth::LoadNetworks(session, *token);
}

Status StatusOf(const node::Container& container) {
  return {container.running ? Condition::kRunning : Condition::kStopped, container.ram_used,
          container.disk_used};
}

}  // namespace

// Outside the lambdas that read: no connection is held while a pair is judged.
base::Result<Caller> Service::Judge(const base::Result<std::optional<auth::Token>>& token,
                                    const auth::Presented& presented, base::Deadline deadline) {
  if (!token) return token.error();
  if (!*token) return Caller{};
  const auto verdict = auth::Judge(**token, presented, crypt_, deadline);
  if (!verdict) return verdict.error();
  if (*verdict == auth::Verdict::kNotValid) return Caller{*verdict, 0};
  last_use_.Note((*token)->id, presented.client_address);
  return Caller{*verdict, (*token)->id};
}

base::Result<Caller> Service::Judge(const auth::Presented& presented, base::Deadline deadline) {
  const auto public_token = auth::LookupToken(presented);
  if (!public_token) return Caller{};
  const auto found = pool_.Run(deadline, [&](db::Session& session) {
    std::optional<auth::Token> token;
    session.Query(kJudge, {*public_token}, [&](const db::Row& row) { See(row, token); });
    LoadNetworks(session, token);
    return token;
  });
  return Judge(found, presented, deadline);
}

base::Result<Service::Listing> Service::List(const auth::Presented& presented, base::Deadline deadline) {
  const auto public_token = auth::LookupToken(presented);
  if (!public_token) return Listing{};
  Listing listing;
  const auto found = pool_.Run(deadline, [&](db::Session& session) {
    std::optional<auth::Token> token;
    listing.vpses.clear();
    session.Query(kList, {*public_token}, [&](const db::Row& row) {
      See(row, token);
      if (!row.IsNull(kVpsAt)) listing.vpses.push_back(ReadVps(row, kVpsAt));
    });
    for (Vps& vps : listing.vpses) SumDays(session, vps.traffic, vps.id);
    LoadNetworks(session, token);
    return token;
  });
  const auto caller = Judge(found, presented, deadline);
  if (!caller) return caller.error();
  listing.caller = *caller;
  if (!HasAccess(listing.caller)) listing.vpses.clear();
  std::sort(listing.vpses.begin(), listing.vpses.end(),
            [](const Vps& a, const Vps& b) { return a.id < b.id; });
  return listing;
}

base::Result<Service::Lookup> Service::Find(const auth::Presented& presented, std::uint64_t vps_id,
                                            base::Deadline deadline) {
  const auto public_token = auth::LookupToken(presented);
  if (!public_token) return Lookup{};
  Lookup lookup;
  const auto found = pool_.Run(deadline, [&](db::Session& session) {
    std::optional<auth::Token> token;
    lookup.placed.reset();
    session.Query(kFind, {vps_id, *public_token}, [&](const db::Row& row) {
      See(row, token);
      AddPlacedRow(row, kVpsAt, lookup.placed);
    });
    if (lookup.placed) SumDays(session, lookup.placed->vps.traffic, vps_id);
    LoadNetworks(session, token);
    return token;
  });
  const auto caller = Judge(found, presented, deadline);
  if (!caller) return caller.error();
  lookup.caller = *caller;
  if (!HasAccess(lookup.caller)) lookup.placed.reset();
  return lookup;
}

Status Service::Ask(const Placed& placed, base::Deadline deadline) {
  switch (placed.vps.state) {
    case State::kSuspended:
      return {Condition::kSuspended, 0, 0};
    case State::kTerminated:
      return {Condition::kTerminated, 0, 0};
    case State::kActive:
      break;
  }
  const auto ctid = CtidOf(placed.vps);
  if (!ctid) return {};
  const auto container = hypervisor_.Inspect(placed.node, *ctid, deadline);
  if (container && *container) return StatusOf(**container);
  const std::string why = container ? "the node has no such container" : container.error().message;
  if (const auto left_out = unknown_told_.Pass(placed.node.id)) {
    log::Warning("vps.status_unknown",
                 {{"vps", placed.vps.id}, {"node", placed.node.name}, {"why", why}, {"left_out", *left_out}});
  }
  return {};
}

}  // namespace cvm::vps
