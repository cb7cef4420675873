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

// The token's row, taken from the first row that a query brings, and what is judged of it.
class Judgement {
 public:
  void See(const db::Row& row) {
    if (!token_) token_ = auth::ReadToken(row, 0);
  }

  Caller Judge(db::Session& session, const auth::Presented& presented) {
    if (!token_) return {};
    auth::LoadNetworks(session, *token_);
    const auth::Verdict verdict = auth::Judge(*token_, presented);
    return {verdict, verdict == auth::Verdict::kNotValid ? 0 : token_->id};
  }

 private:
  std::optional<auth::Token> token_;
};

Status StatusOf(const node::Container& container) {
  return {container.running ? Condition::kRunning : Condition::kStopped, container.ram_used,
          container.disk_used};
}

}  // namespace

base::Result<Caller> Service::Judge(const auth::Presented& presented, base::Deadline deadline) {
  const auto public_token = auth::LookupToken(presented);
  if (!public_token) return Caller{};
  return pool_.Run(deadline, [&](db::Session& session) {
    Judgement judgement;
    session.Query(kJudge, {*public_token}, [&](const db::Row& row) { judgement.See(row); });
    return judgement.Judge(session, presented);
  });
}

base::Result<Service::Listing> Service::List(const auth::Presented& presented, base::Deadline deadline) {
  const auto public_token = auth::LookupToken(presented);
  if (!public_token) return Listing{};
  return pool_.Run(deadline, [&](db::Session& session) {
    Listing listing;
    Judgement judgement;
    session.Query(kList, {*public_token}, [&](const db::Row& row) {
      judgement.See(row);
      if (!row.IsNull(kVpsAt)) listing.vpses.push_back(ReadVps(row, kVpsAt));
    });
    listing.caller = judgement.Judge(session, presented);
    if (!HasAccess(listing.caller)) listing.vpses.clear();
    std::sort(listing.vpses.begin(), listing.vpses.end(),
              [](const Vps& a, const Vps& b) { return a.id < b.id; });
    return listing;
  });
}

base::Result<Service::Lookup> Service::Find(const auth::Presented& presented, std::uint64_t vps_id,
                                            base::Deadline deadline) {
  const auto public_token = auth::LookupToken(presented);
  if (!public_token) return Lookup{};
  return pool_.Run(deadline, [&](db::Session& session) {
    Lookup lookup;
    Judgement judgement;
    session.Query(kFind, {vps_id, *public_token}, [&](const db::Row& row) {
      judgement.See(row);
      AddPlacedRow(row, kVpsAt, lookup.placed);
    });
    lookup.caller = judgement.Judge(session, presented);
    if (!HasAccess(lookup.caller)) lookup.placed.reset();
    return lookup;
  });
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
  log::Warning("vps.status-unknown", {{"vps", placed.vps.id}, {"node", placed.node.name}, {"why", why}});
  return {};
}

}  // namespace cvm::vps
