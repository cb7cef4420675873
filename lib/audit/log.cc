#include "lib/audit/log.h"

#include <cstdlib>

namespace cvm::audit {
namespace {

#define CVM_ENTRIES                                                                               \
  "SELECT l.id, DATE_FORMAT(l.begun_at, '%Y-%m-%d %H:%i:%s'), DATE_FORMAT(l.ended_at, '%Y-%m-%d " \
  "%H:%i:%s'), "                                                                                  \
  "l.actor_kind, l.actor, l.action, l.outcome, l.vps_id, l.user_id, l.token_id, u.name, "         \
  "l.client_address, l.detail, l.request_id FROM action_log l LEFT JOIN users u ON u.id = l.user_id WHERE "
#define CVM_SINCE "l.begun_at >= COALESCE(?, UTC_TIMESTAMP(3) - INTERVAL ? SECOND) "

constexpr db::Sql kAll = CVM_ENTRIES CVM_SINCE "ORDER BY l.begun_at DESC, l.id DESC LIMIT ?";
constexpr db::Sql kOfVps = CVM_ENTRIES CVM_SINCE "AND l.vps_id = ? ORDER BY l.id DESC LIMIT ?";
constexpr db::Sql kOfUser = CVM_ENTRIES CVM_SINCE "AND l.user_id = ? ORDER BY l.id DESC LIMIT ?";
constexpr db::Sql kOfToken = CVM_ENTRIES CVM_SINCE "AND l.token_id = ? ORDER BY l.id DESC LIMIT ?";

constexpr std::string_view kEver = "1970-01-01";

db::Sql SqlFor(About about) {
  switch (about) {
    case About::kAll:
      return kAll;
    case About::kVps:
      return kOfVps;
    case About::kUser:
      return kOfUser;
    case About::kToken:
      return kOfToken;
  }
  std::abort();
}

Entry ReadEntry(const db::Row& row) {
  Entry entry;
  entry.id = row.U64(0);
  entry.begun_at = row.Text(1);
  entry.ended_at = row.MaybeText(2);
  entry.actor_kind = row.Text(3);
  entry.actor = row.Text(4);
  entry.action = row.Text(5);
  entry.outcome = row.MaybeText(6);
  entry.vps_id = row.MaybeU64(7);
  entry.user_id = row.MaybeU64(8);
  entry.token_id = row.MaybeU64(9);
  entry.user = row.MaybeText(10);
  entry.client_address = row.MaybeText(11);
  entry.detail = row.Text(12);
  entry.request_id = row.MaybeText(13);
  return entry;
}

std::vector<db::Param> ParamsFor(const Filter& filter) {
  std::vector<db::Param> params = {kEver, std::uint64_t{0}};
  if (filter.since && filter.since->seconds) {
    params = {nullptr, *filter.since->seconds};
  } else if (filter.since) {
    params[0] = std::string_view(filter.since->at);
  }
  if (filter.about != About::kAll) params.emplace_back(filter.id);
  params.emplace_back(filter.limit);
  return params;
}

}  // namespace

std::vector<Entry> ReadLog(db::Session& session, const Filter& filter) {
  std::vector<Entry> entries;
  session.Query(SqlFor(filter.about), ParamsFor(filter),
                [&](const db::Row& row) { entries.push_back(ReadEntry(row)); });
  return entries;
}

}  // namespace cvm::audit
