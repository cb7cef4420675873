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
        "SELECT n.name, GREATEST(TIMESTAMPDIFF(SECOND, c.last_done_at, UTC_TIMESTAMP()), 0)"
        " FROM traffic_collections c JOIN nodes n ON n.id = c.node_id"
        " WHERE c.last_done_at IS NOT NULL AND n.retired_at IS NULL",
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
