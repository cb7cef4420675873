#include "lib/ctl/commands.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "lib/db/schema_version.h"

namespace cvm::ctl {

Done SchemaVersion(Invocation& call) {
  const auto version = db::CurrentVersion(call.services->pool, DatabaseDeadline());
  if (!version) return version.error();
  call.output.One({{"version", Small{*version}}, {"supported", Small{db::kSchemaVersion}}});
  return ExitStatus::kOk;
}

Done SchemaMigrate(Invocation& call) {
  const auto migrated = db::Migrate(call.services->pool, db::EmbeddedMigrations(), MigrationDeadline());
  if (!migrated) return migrated.error();
  const std::string to = std::to_string(migrated->to);
  call.output.Done(migrated->applied.empty()
                       ? "the schema is at version " + to + " already"
                       : "the schema went from version " + std::to_string(migrated->from) + " to " + to,
                   {{"from", Small{migrated->from}},
                    {"version", Small{migrated->to}},
                    {"supported", Small{db::kSchemaVersion}}});
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
