#include "fcgi/collections.h"

#include <utility>

#include "lib/base/deadline.h"
#include "lib/log/log.h"

namespace cvm::fcgi {
namespace {

constexpr std::chrono::seconds kTime{1};

}  // namespace

std::vector<Collection> ReadCollections(db::Pool& pool) {
  const auto now = std::chrono::system_clock::now();
  auto collections = pool.Run(base::Deadline::In(kTime), [&](db::Session& session) {
    std::vector<Collection> all;
    session.Query(
        "SELECT n.name, GREATEST(TIMESTAMPDIFF(SECOND, COALESCE(c.last_done_at,"
        " GREATEST(n.created_at, v.since)), UTC_TIMESTAMP()), 0)"
        " FROM nodes n LEFT JOIN traffic_collections c ON c.node_id = n.id"
        " LEFT JOIN (SELECT node_id, MIN(created_at) AS since FROM vpses"
        " WHERE living_ctid IS NOT NULL GROUP BY node_id) v ON v.node_id = n.id"
        " WHERE n.retired_at IS NULL AND (c.last_done_at IS NOT NULL OR v.since IS NOT NULL)",
        {}, [&](const db::Row& row) {
          all.push_back({row.Text(0), now - std::chrono::seconds(row.U64(1))});
        });
    return all;
  });
  if (collections) return std::move(*collections);
  log::Debug("metrics.no_collection_ages", {{"error", collections.error().message}});
  return {};
}

}  // namespace cvm::fcgi
