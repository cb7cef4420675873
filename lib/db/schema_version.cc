#include "lib/db/schema_version.h"

#include <cstdint>
#include <string>

namespace cvm::db {

namespace {

constexpr int kNoSuchTable = 1146;
constexpr int kNoSuchColumn = 1054;
constexpr int kNoRight = 1142;

struct State {
  std::uint64_t version = 0;
  // The migration that asks most of a worker.
  std::uint64_t oldest_worker = 0;
};

// The state of a database whose schema_migrations cannot be read for that reason.
base::Result<State> Unread(const Failure& failure) {
  if (failure.vendor_code() == kNoSuchTable) return State();
  if (failure.vendor_code() == kNoSuchColumn) {
    return base::Error{
        base::ErrorCode::kConflict,
        "database: the table schema_migrations is not ours: use a database that holds nothing else"};
  }
  if (failure.vendor_code() == kNoRight) {
    return base::Error{base::ErrorCode::kConflict,
                       std::string(failure.what()) + ": migrate, then apply sql/grants.sql"};
  }
  throw failure;
}

base::Result<State> ReadState(Pool& pool, base::Deadline deadline) {
  return pool.Run(deadline, [](Session& session) -> base::Result<State> {
    State state;
    try {
      session.Query(
          "SELECT COALESCE(MAX(version), 0), COALESCE(MAX(oldest_worker), 0) FROM schema_migrations", {},
          [&state](const Row& row) {
            state = {row.U64(0), row.U64(1)};
          });
    } catch (const Failure& failure) {
      return Unread(failure);
    }
    return state;
  });
}

}  // namespace

base::Result<unsigned> CurrentVersion(Pool& pool, base::Deadline deadline) {
  auto state = ReadState(pool, deadline);
  if (!state) return state.error();
  return static_cast<unsigned>(state->version);
}

base::Status CheckProgram(Pool& pool, unsigned built_for, base::Deadline deadline) {
  const auto state = ReadState(pool, deadline);
  if (!state) return state.error();
  const std::string found = "database: schema version " + std::to_string(state->version);
  const std::string needed = " and this program needs " + std::to_string(built_for);
  if (state->version < built_for) {
    return base::Error{base::ErrorCode::kConflict, found + needed + ": run: cvmctl schema migrate"};
  }
  if (state->oldest_worker > built_for) {
    return base::Error{base::ErrorCode::kConflict,
                       found + " is no longer understood by this program, built for " +
                           std::to_string(built_for) +
                           ": install the version of it that came with the newer schema"};
  }
  return {};
}

}  // namespace cvm::db
