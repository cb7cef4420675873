#include "lib/db/migrate.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "lib/db/schema_version.h"
#include "lib/db/script.h"

namespace cvm::db {

namespace {

using Applied = std::map<std::uint64_t, std::string>;  // names by version

// The row of version 0 is there to be locked.
constexpr char kCreateTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version INT UNSIGNED NOT NULL, "
    "name VARCHAR(190) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, "
    "oldest_worker INT UNSIGNED NOT NULL, "
    "applied_at DATETIME(3) NOT NULL COMMENT 'UTC', "
    "PRIMARY KEY (version)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";

// What a server answers to a change that was made before.
constexpr int kDoneBefore[] = {
    1050,  // table exists
    1060,  // duplicate column
    1061,  // duplicate key name
    1091,  // nothing there to drop
    1826,  // duplicate foreign key name
};

base::Error Conflict(std::string message) {
  return {base::ErrorCode::kConflict, std::move(message)};
}

// The tables of others, by name; at most a few. Empty where schema_migrations is there.
std::string ForeignTables(Session& session) {
  constexpr unsigned kNamed = 5;
  std::string names;
  unsigned count = 0;
  session.Query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
      "ORDER BY table_name",
      {}, [&](const Row& row) {
        if (++count <= kNamed) names += (count == 1 ? "" : ", ") + row.Text(0);
      });
  if (count > kNamed) names += " and " + std::to_string(count - kNamed) + " more";
  // Asked second: whoever else is migrating makes it before any other.
  session.Query("SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
                {"schema_migrations"}, [&names](const Row&) { names.clear(); });
  return names;
}

// Makes schema_migrations, in a database that is empty.
base::Status Prepare(Session& session) {
  const std::string foreign = ForeignTables(session);
  if (!foreign.empty()) {
    return Conflict("database: it holds tables that are not ours (" + foreign +
                    "): use a database of its own, made with sql/database.sql");
  }
  session.RunScriptStatement(kCreateTable);
  bool has_lock_row = false;  // an INSERT of it would wait for whoever holds its lock
  session.Query("SELECT version FROM schema_migrations WHERE version = 0", {},
                [&has_lock_row](const Row&) { has_lock_row = true; });
  if (has_lock_row) return {};
  session.Execute(
      "INSERT IGNORE INTO schema_migrations (version, name, oldest_worker, applied_at) "
      "VALUES (0, 'schema_migrations', 0, UTC_TIMESTAMP(3))",
      {});
  return {};
}

// Holds off whoever else migrates until the transaction ends.
Applied LockApplied(Session& session) {
  try {
    session.Query("SELECT version FROM schema_migrations WHERE version = 0 FOR UPDATE", {},
                  [](const Row&) {});
  } catch (const Failure& failure) {
    if (failure.kind() != Failure::Kind::kDeadlock) throw;
    throw Failure(failure.kind(), failure.vendor_code(), "database: another migration is under way");
  }
  Applied applied;
  session.Query("SELECT version, name FROM schema_migrations WHERE version > 0", {},
                [&applied](const Row& row) { applied.emplace(row.U64(0), row.Text(1)); });
  return applied;
}

// Everything that the database has must be known, by number and name.
base::Status CheckKnown(const Applied& applied, const std::vector<Migration>& migrations) {
  for (const auto& [version, name] : applied) {
    const auto known = std::find_if(migrations.begin(), migrations.end(),
                                    [v = version](const Migration& one) { return one.version == v; });
    if (known == migrations.end()) {
      return Conflict("database: it has schema version " + std::to_string(version) + " (" + name +
                      "), which this program does not know: use the newer cvmctl");
    }
    if (known->name != name) {
      return Conflict("database: schema version " + std::to_string(version) + " is '" + name +
                      "' there and '" + std::string(known->name) +
                      "' here: it was made by another line of this program");
    }
  }
  return {};
}

void RunStep(Session& session, const std::string& statement) {
  try {
    session.RunScriptStatement(statement);
  } catch (const Failure& failure) {
    const bool before = std::find(std::begin(kDoneBefore), std::end(kDoneBefore), failure.vendor_code()) !=
                        std::end(kDoneBefore);
    if (!before) throw;
  }
}

base::Status Apply(Session& session, const Migration& migration, base::Deadline deadline) {
  const auto statements = SplitStatements(migration.sql);
  if (!statements) return statements.error();
  for (const std::string& statement : *statements) {
    if (deadline.Passed()) {
      return base::Error{base::ErrorCode::kUnavailable,
                         "database: out of time in migration " + std::to_string(migration.version) + " (" +
                             std::string(migration.name) + "): run it again with more"};
    }
    RunStep(session, statement);
  }
  session.Execute(
      "INSERT INTO schema_migrations (version, name, oldest_worker, applied_at) "
      "VALUES (?, ?, ?, UTC_TIMESTAMP(3))",
      {std::uint64_t{migration.version}, migration.name, std::uint64_t{migration.oldest_worker}});
  return {};
}

// Under the lock that `guard` holds; the statements run on a connection of their own, since DDL would commit
// `guard`'s transaction.
base::Result<Migrated> ApplyMissing(Session& guard, Pool& pool, const std::vector<Migration>& migrations,
                                    base::Deadline deadline) {
  const Applied applied = LockApplied(guard);
  const base::Status known = CheckKnown(applied, migrations);
  if (!known) return known.error();
  Migrated done;
  done.from = done.to = applied.empty() ? 0 : static_cast<unsigned>(applied.rbegin()->first);
  for (const Migration& migration : migrations) {
    if (applied.count(migration.version) > 0) continue;
    const base::Status status =
        pool.Run(deadline, [&](Session& session) { return Apply(session, migration, deadline); });
    if (!status) return status.error();
    done.applied.push_back(migration.version);
    done.to = std::max(done.to, migration.version);
  }
  return done;
}

}  // namespace

base::Result<Migrated> Migrate(Pool& pool, const std::vector<Migration>& migrations,
                               base::Deadline deadline) {
  const auto current = CurrentVersion(pool, deadline);
  if (!current) return current.error();
  const base::Status prepared = pool.Run(deadline, Prepare);
  if (!prepared) return prepared.error();
  return pool.Transact(deadline,
                       [&](Session& guard) { return ApplyMissing(guard, pool, migrations, deadline); });
}

}  // namespace cvm::db
