// Migrations on a real server, and that sql/schema.sql is their sum.
#include "lib/db/migrate.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <vector>

#include "lib/db/migrations.h"
#include "lib/db/schema_version.h"
#include "lib/db/script.h"
#include "tests/support/await.h"
#include "tests/support/program.h"
#include "tests/support/test_database.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::base::Status;
using cvm::db::CheckProgram;
using cvm::db::CurrentVersion;
using cvm::db::EmbeddedMigrations;
using cvm::db::kSchemaVersion;
using cvm::db::Migrate;
using cvm::db::Migration;
using cvm::db::Pool;
using cvm::test::Column;
using cvm::test::Number;
using cvm::test::Patience;
using cvm::test::RunSql;
using cvm::test::TestDatabase;

namespace {

struct Fixture {
  void MustMigrate(const std::vector<Migration>& migrations) {
    const auto done = Migrate(pool, migrations, Patience());
    BOOST_REQUIRE_MESSAGE(done.ok(), cvm::test::Why(done));
  }
  std::string MustFail(const std::vector<Migration>& migrations, ErrorCode code) {
    const auto done = Migrate(pool, migrations, Patience());
    BOOST_REQUIRE(!done.ok());
    BOOST_TEST((done.error().code == code), done.error().message);
    return done.error().message;
  }
  unsigned Version() {
    const auto version = CurrentVersion(pool, Patience());
    BOOST_REQUIRE(version.ok());
    return *version;
  }
  TestDatabase database;
  Pool pool{database.Root()};
};

bool Says(const std::string& message, const char* part) {
  return message.find(part) != std::string::npos;
}

std::filesystem::path Tree() {
  return std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path();
}

std::string Dump(const TestDatabase& database) {
  const auto dumped =
      cvm::test::RunProgram({(Tree() / "sql" / "dump").string(), database.socket(), database.name()});
  BOOST_REQUIRE_MESSAGE(dumped.exit_status == 0, dumped.err);
  return dumped.out;
}

constexpr Migration kFirst = {1, "first", 1, "CREATE TABLE IF NOT EXISTS a (id INT PRIMARY KEY);"};
constexpr Migration kSecond = {2, "second", 1,
                               "ALTER TABLE a ADD COLUMN b INT NULL; ALTER TABLE a ADD KEY a_b (b);"};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(DbMigrate, Fixture)

BOOST_AUTO_TEST_CASE(AnEmptyDatabaseGetsEveryMigrationOnce) {
  BOOST_TEST(Version() == 0u);
  const auto first = Migrate(pool, EmbeddedMigrations(), Patience());
  BOOST_REQUIRE_MESSAGE(first.ok(), cvm::test::Why(first));
  BOOST_TEST((first->from == 0 && first->to == kSchemaVersion && first->applied.size() == kSchemaVersion));
  const auto second = Migrate(pool, EmbeddedMigrations(), Patience());
  BOOST_REQUIRE(second.ok());
  BOOST_TEST((second->from == kSchemaVersion && second->to == kSchemaVersion && second->applied.empty()));
  BOOST_TEST(Version() == kSchemaVersion);
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM schema_migrations WHERE version > 0 AND applied_at <= "
                    "UTC_TIMESTAMP(3) AND applied_at > UTC_TIMESTAMP(3) - INTERVAL 1 HOUR") ==
             kSchemaVersion);
}

BOOST_AUTO_TEST_CASE(OnlyWhatIsMissingIsApplied) {
  MustMigrate({kFirst});
  const auto done = Migrate(pool, {kFirst, kSecond}, Patience());
  BOOST_REQUIRE(done.ok());
  BOOST_TEST((done->from == 1 && done->to == 2 && done->applied == std::vector<unsigned>{2}));
}

BOOST_AUTO_TEST_CASE(EveryMigrationOfOursMayRunTwice) {
  MustMigrate(EmbeddedMigrations());
  const std::string before = Dump(database);
  RunSql(pool, "DELETE FROM schema_migrations WHERE version > 0");
  MustMigrate(EmbeddedMigrations());
  BOOST_TEST(Dump(database) == before);
}

BOOST_AUTO_TEST_CASE(AMigrationThatFailedMidwayIsRunAgain) {
  const std::string broken = std::string(kSecond.sql) + "INSERT INTO nowhere VALUES (1);";
  BOOST_TEST(Says(MustFail({kFirst, {2, "second", 1, broken}}, ErrorCode::kInternal), "nowhere"));
  BOOST_TEST(Version() == 1u);
  MustMigrate({kFirst, kSecond});
  BOOST_TEST(Version() == 2u);
}

BOOST_AUTO_TEST_CASE(AMigrationWhoseConnectionWasKilledIsRunAgain) {
  constexpr Migration kSlow = {2, "second", 1, "ALTER TABLE a ADD COLUMN b INT NULL; DO SLEEP(300);"};
  auto running = std::async(std::launch::async, [this] {
    Pool own(database.Root());
    return Migrate(own, {kFirst, kSlow}, Patience());
  });
  std::vector<std::string> at_it;
  BOOST_REQUIRE(cvm::test::Eventually([&] {
    at_it = Column(pool, "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info = ?",
                   {"DO SLEEP(300)"});
    return !at_it.empty();
  }));
  RunSql(pool, "KILL " + at_it.front());
  const auto killed = running.get();
  BOOST_REQUIRE(!killed.ok());
  BOOST_TEST((killed.error().code == ErrorCode::kBroken));
  MustMigrate({kFirst, kSecond});
  BOOST_TEST(Version() == 2u);
}

BOOST_AUTO_TEST_CASE(ScriptsThatCannotBeReadRunNothing) {
  MustFail({{1, "first", 1, "CREATE TABLE x (id INT PRIMARY KEY); SELECT 'open"}}, ErrorCode::kInvalid);
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
                    "AND table_name = 'x'") == 0u);
}

BOOST_AUTO_TEST_CASE(ADatabaseWithTablesOfOthersIsRefusedAndNotTouched) {
  for (const char* name : {"f", "e", "d", "c", "b", "a"})
    RunSql(pool, "CREATE TABLE panel_" + std::string(name) + " (i INT)");
  const std::string message = MustFail(EmbeddedMigrations(), ErrorCode::kConflict);
  BOOST_TEST(Says(message, "(panel_a, panel_b, panel_c, panel_d, panel_e and 1 more)"), message);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()") ==
             6u);
}

BOOST_AUTO_TEST_CASE(ATableOfThatNameThatIsNotOursIsRefused) {
  RunSql(pool, "CREATE TABLE schema_migrations (version VARCHAR(255) PRIMARY KEY)");
  BOOST_TEST(Says(MustFail(EmbeddedMigrations(), ErrorCode::kConflict), "not ours"));
  BOOST_TEST(!CheckProgram(pool, kSchemaVersion, Patience()).ok());
}

BOOST_AUTO_TEST_CASE(ADatabaseNewerThanTheProgramIsRefused) {
  MustMigrate({kFirst, kSecond});
  BOOST_TEST(Says(MustFail({kFirst}, ErrorCode::kConflict), "use the newer cvmctl"));
}

BOOST_AUTO_TEST_CASE(ADatabaseOfAnotherLineIsRefused) {
  MustMigrate({kFirst});
  BOOST_TEST(Says(MustFail({{1, "other", 1, ""}}, ErrorCode::kConflict), "'first' there and 'other' here"));
}

BOOST_AUTO_TEST_CASE(SeveralAtOnceApplyEachMigrationOnce) {
  const auto migrate = [this] {
    Pool own(database.Root());
    return Migrate(own, EmbeddedMigrations(), Patience());
  };
  std::vector<std::future<decltype(migrate())>> all;
  for (int i = 0; i < 4; ++i) all.push_back(std::async(std::launch::async, migrate));
  std::size_t applied = 0;
  for (auto& one : all) {  // judged here: Boost.Test's checks are of one thread at a time
    const auto done = one.get();
    BOOST_REQUIRE_MESSAGE(done.ok(), cvm::test::Why(done));
    applied += done->applied.size();
  }
  BOOST_TEST(applied == kSchemaVersion);
  BOOST_TEST(Version() == kSchemaVersion);
}

BOOST_AUTO_TEST_CASE(WhileAnotherIsUnderWayTheDeadlineSaysSo) {
  MustMigrate({kFirst});
  const auto outer = pool.Transact(Patience(), [&](cvm::db::Session& session) {
    session.Query("SELECT version FROM schema_migrations WHERE version = 0 FOR UPDATE", {},
                  [](const cvm::db::Row&) {});
    auto settings = database.Root();
    settings.query_timeout = std::chrono::seconds(2);
    Pool other(std::move(settings));
    const auto waiting = Migrate(other, {kFirst, kSecond}, Deadline::In(std::chrono::seconds(1)));
    BOOST_REQUIRE(!waiting.ok());
    BOOST_TEST((waiting.error().code == ErrorCode::kUnavailable));
    BOOST_TEST(waiting.error().message == "database: another migration is under way");
  });
  BOOST_TEST(outer.ok());
  BOOST_TEST(Version() == 1u);
}

BOOST_AUTO_TEST_CASE(AWorkerNeedsTheSchemaThatItWasBuiltForOrANewerOneThatStillSuitsIt) {
  const auto check = [this](unsigned built_for) {
    const Status status = CheckProgram(pool, built_for, Patience());
    if (!status.ok()) BOOST_TEST((status.error().code == ErrorCode::kConflict));
    return status.ok() ? std::string() : status.error().message;
  };
  BOOST_TEST(Says(check(1), "version 0 and this program needs 1: run: cvmctl schema migrate"));
  MustMigrate({kFirst});
  BOOST_TEST(check(1) == "");
  BOOST_TEST(Says(check(2), "run: cvmctl schema migrate"));
  MustMigrate({kFirst, kSecond});
  BOOST_TEST(check(1) == "");
  MustMigrate({kFirst, kSecond, {3, "third", 2, "ALTER TABLE a DROP COLUMN b"}});
  BOOST_TEST(check(2) == "");
  BOOST_TEST(Says(check(1), "no longer understood by this program, built for 1"));
}

BOOST_AUTO_TEST_CASE(SchemaSqlIsTheSumOfTheMigrationsAndCurrent) {
  MustMigrate(EmbeddedMigrations());
  const std::string sum = Dump(database);
  std::ostringstream file;
  file << std::ifstream(Tree() / "sql" / "schema.sql").rdbuf();
  BOOST_TEST((file.str() == sum), "sql/schema.sql is not what the migrations make: run make schema");

  const TestDatabase other;
  Pool loaded(other.Root());
  const auto statements = cvm::db::SplitStatements(file.str());
  BOOST_REQUIRE(statements.ok());
  for (const std::string& statement : *statements) RunSql(loaded, statement);
  BOOST_TEST((Dump(other) == sum), "a database made from sql/schema.sql is not what the migrations make");
  const auto migrated = Migrate(loaded, EmbeddedMigrations(), Patience());
  BOOST_REQUIRE(migrated.ok());
  BOOST_TEST(migrated->applied.empty());
}

BOOST_AUTO_TEST_CASE(EveryTableIsInnoDbHasAPrimaryKeyAndUtf8mb4) {
  MustMigrate(EmbeddedMigrations());
  BOOST_TEST(Column(pool,
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                    "(engine <> 'InnoDB' OR table_collation <> 'utf8mb4_bin')")
                 .empty());
  BOOST_TEST(Column(pool,
                    "SELECT t.table_name FROM information_schema.tables t LEFT JOIN "
                    "information_schema.table_constraints c ON c.table_schema = t.table_schema AND "
                    "c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY' "
                    "WHERE t.table_schema = DATABASE() AND c.constraint_name IS NULL")
                 .empty());
}

BOOST_AUTO_TEST_SUITE_END()
