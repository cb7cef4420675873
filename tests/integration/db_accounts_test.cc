// What each account may do, and what the server refuses it: with sql/database.sql and sql/grants.sql as they
// are, under names of this test's own.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/auth/store.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "lib/db/schema_version.h"
#include "lib/db/script.h"
#include "lib/traffic/halt.h"
#include "lib/vps/admin.h"
#include "lib/vps/service.h"
#include "tests/support/test_database.h"
#include "tests/support/text.h"

using cvm::db::Failure;
using cvm::db::Pool;
using cvm::db::Session;
using cvm::test::Number;
using cvm::test::Patience;
using cvm::test::RunSql;
using cvm::test::SqlOfTheHandbook;

namespace {

constexpr int kFine = 0;
constexpr int kNoDatabase = 1044;
constexpr int kNoCommand = 1142;
constexpr int kNoColumn = 1143;

constexpr const char* kAccounts[] = {"worker", "operator", "panel"};

// A node's part is never asked for here.
class NoHypervisor : public cvm::node::Hypervisor {
 public:
  cvm::base::Result<std::optional<cvm::node::Container>> Inspect(const cvm::node::Node&, cvm::base::Ctid,
                                                                 cvm::base::Deadline) override {
    return std::optional<cvm::node::Container>();
  }
  cvm::base::Result<cvm::node::Outcome> Act(const cvm::node::Node&, cvm::base::Ctid, cvm::node::Action,
                                            cvm::base::Deadline) override {
    return cvm::node::Outcome::kMissing;
  }
};

struct Fixture {
  Fixture() {
    for (const char* account : kAccounts) {
      RunSql(root, "CREATE USER " + Name(account) + " IDENTIFIED BY 'secret'");
    }
    RunFile("database.sql");
    const auto migrated = cvm::db::Migrate(operator_pool, cvm::db::EmbeddedMigrations(), Patience());
    BOOST_REQUIRE_MESSAGE(migrated.ok(), cvm::test::Why(migrated));
    RunFile("grants.sql");
    RunFile("grants.sql");  // may be run again
    RunSql(root, "INSERT INTO users (id, name) VALUES (1, 'alice'), (2, 'bob')");
    RunSql(root, "INSERT INTO nodes (id, name, host) VALUES (1, 'n', 'h')");
    RunSql(root,
           "INSERT INTO vpses (id, user_id, node_id, ctid, hostname, guaranteed_ram, disk_space, cpu_count, "
           "accounting) VALUES (1, 1, 1, '101', 'h', 1, 1, 1, 'split')");
    RunSql(root, "INSERT INTO api_tokens (id, user_id, public_token, private_hash) VALUES (1, 1, 'p', 'h')");
  }
  ~Fixture() {
    for (const char* account : kAccounts) RunSql(root, "DROP USER " + Name(account));
  }

  std::string Plain(const std::string& account) const { return database.name() + "_" + account; }
  std::string Name(const std::string& account) const { return "'" + Plain(account) + "'@'localhost'"; }

  void RunFile(const char* name) {
    const auto path =
        std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path() / "sql" / name;
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    std::string script = text.str();
    for (const char* account : kAccounts)
      Replace(script, "'cvm_" + std::string(account) + "'", "'" + Plain(account) + "'");
    Replace(script, "cvm_api", database.name());
    const auto statements = cvm::db::SplitStatements(script);
    BOOST_REQUIRE(statements.ok());
    for (const std::string& statement : *statements) RunSql(root, statement);
  }
  static void Replace(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
      text.replace(at, from.size(), to);
  }

  // The server's error number; 0: it was done.
  static int Try(Pool& pool, const std::string& statement) {
    int code = kFine;
    const auto done = pool.Run(Patience(), [&](Session& session) {
      try {
        session.RunScriptStatement(statement);
      } catch (const Failure& failure) {
        code = failure.vendor_code();
      }
    });
    BOOST_REQUIRE_MESSAGE(done.ok(), cvm::test::Why(done));
    return code;
  }
  struct Case {
    int expected;
    const char* statement;
  };
  static void Check(Pool& pool, const std::vector<Case>& cases) {
    for (const Case& one : cases) BOOST_TEST(Try(pool, one.statement) == one.expected, one.statement);
  }

  cvm::test::TestDatabase database;
  Pool root{database.Root()};
  Pool worker{database.As(Plain("worker"), "secret")};
  Pool operator_pool{database.As(Plain("operator"), "secret")};
  Pool panel{database.As(Plain("panel"), "secret")};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(DbAccounts, Fixture)

BOOST_AUTO_TEST_CASE(TheWorkerReadsAndRecordsAndChangesNothingElse) {
  Check(worker,
        {{kFine, "SELECT * FROM users"},
         {kFine, "SELECT * FROM api_tokens"},
         {kFine, "SELECT * FROM api_token_networks"},
         {kFine, "SELECT * FROM nodes"},
         {kFine, "SELECT * FROM node_host_keys"},
         {kFine, "SELECT * FROM templates"},
         {kFine, "SELECT * FROM traffic_period"},
         {kFine, "SELECT * FROM traffic_collections"},
         {kFine, "SELECT * FROM schema_migrations"},
         {kFine, "SELECT id FROM vpses WHERE id = 1 FOR UPDATE"},
         {kFine, "UPDATE vpses SET stop_pending = 1 WHERE id = 1"},
         {kFine, "INSERT INTO action_log (actor_kind, action, begun_at) VALUES ('customer', 'start', NOW())"},
         {kFine, "UPDATE action_log SET ended_at = NOW(), outcome = 'done' WHERE id = 1"},
         {kFine,
          "INSERT INTO api_token_usage VALUES (1, NOW(), '127.0.0.1') ON DUPLICATE KEY UPDATE "
          "last_used_at = VALUES(last_used_at)"}});
  Check(worker,
        {{kNoColumn, "UPDATE vpses SET state = 'terminated' WHERE id = 1"},
         {kNoColumn, "UPDATE vpses SET user_id = 2 WHERE id = 1"},
         {kNoCommand, "INSERT INTO vpses (user_id) VALUES (1)"},
         {kNoCommand, "DELETE FROM vpses"},
         {kNoCommand, "UPDATE api_tokens SET private_hash = 'x'"},
         {kNoCommand, "UPDATE api_tokens SET revoked_at = NULL"},
         {kNoCommand, "INSERT INTO api_tokens (user_id, public_token, private_hash) VALUES (1, 'x', 'x')"},
         {kNoCommand, "UPDATE users SET disabled = 0"},
         {kNoCommand, "UPDATE nodes SET host = 'evil'"},
         {kNoCommand, "INSERT INTO node_host_keys VALUES (1, 't', 'f', 'k', NOW())"},
         {kNoCommand, "DELETE FROM traffic_period"},
         {kNoCommand, "DELETE FROM traffic_samples"},
         {kNoCommand, "DELETE FROM traffic_daily"},
         {kNoCommand, "INSERT INTO traffic_periods_ended SELECT * FROM traffic_periods_ended"},
         {kNoCommand, "UPDATE traffic_periods_ended SET bytes_in = 0"},
         {kNoCommand, "DELETE FROM traffic_anomalies"},
         {kNoCommand, "UPDATE traffic_collections SET last_done_at = NOW()"},
         {kNoCommand, "UPDATE schema_migrations SET version = 9"},
         {kNoCommand, "DELETE FROM action_log"},
         {kNoCommand, "CREATE TABLE x (i INT)"},
         {kNoCommand, "ALTER TABLE users ADD COLUMN x INT"},
         {kNoCommand, "DROP TABLE users"},
         {kNoCommand, "TRUNCATE TABLE action_log"},
         {kNoCommand, "CREATE INDEX x ON users (email)"},
         {kNoDatabase, "CREATE DATABASE cvm_other"},
         {kNoCommand, "SELECT * FROM mysql.global_priv"}});
}

BOOST_AUTO_TEST_CASE(TheWorkersAccountIsEnoughForARequest) {
  BOOST_TEST(cvm::db::CheckProgram(worker, cvm::db::kSchemaVersion, Patience()).ok());
  const auto pair = cvm::auth::Store(operator_pool).CreateToken("alice", {}, Patience());
  BOOST_REQUIRE_MESSAGE(pair.ok(), cvm::test::Why(pair));
  NoHypervisor nothing;
  cvm::vps::Service service(worker, nothing);
  const cvm::auth::Presented presented{{pair->public_token}, {pair->private_token.Reveal()}, "127.0.0.1"};
  const auto listing = service.List(presented, Patience());
  BOOST_REQUIRE_MESSAGE(listing.ok(), cvm::test::Why(listing));
  BOOST_TEST((listing->caller.verdict == cvm::auth::Verdict::kFull));
  BOOST_TEST(listing->vpses.size() == 1u);
  const auto found = service.Find(presented, 1, Patience());
  BOOST_REQUIRE(found.ok());
  BOOST_TEST(found->placed.has_value());
}

BOOST_AUTO_TEST_CASE(TheWorkersAccountIsEnoughToBookTrafficBeforeAStop) {
  cvm::traffic::BeforeHalt counting(worker, 1, 1, *cvm::base::Ctid::FromNumber(101), {}, Patience());
  const auto book = [&](std::uint64_t bytes, const char* extra) {
    cvm::node::ContainerReading reading;
    reading.epoch = {"a4f8c15d-457b-430b-9237-68525810dff9", 1};
    reading.inside = {{"venet0", bytes, 0}, {extra, 1, 1}};
    counting.BeforeReading();
    counting.Take(reading);
  };
  book(100, "tun0");
  book(350, "tun1");
  RunSql(root, "UPDATE traffic_period SET begins_on = begins_on - INTERVAL 2 MONTH");
  book(400, "tun0");
  BOOST_TEST(Number(root, "SELECT bytes_in FROM traffic_daily") == 300u);
  // It leaves the period to the collector, and customers see the sum of the days.
  BOOST_TEST(Number(root, "SELECT COUNT(*) FROM traffic_periods_ended") == 0u);
  BOOST_TEST(Number(root, "SELECT bytes_in FROM traffic_period") == 250u);
  NoHypervisor nothing;
  const auto listed = cvm::vps::Admin(operator_pool, nothing).List(Patience());
  BOOST_REQUIRE_MESSAGE(listed.ok(), cvm::test::Why(listed));
  BOOST_TEST(listed->at(0).vps.traffic.in_used == 300u);
  BOOST_TEST(Number(root, "SELECT COUNT(*) FROM traffic_anomalies") == 2u);
}

BOOST_AUTO_TEST_CASE(AWorkerWithoutItsGrantsIsToldWhatToApply) {
  RunSql(root, "REVOKE ALL PRIVILEGES, GRANT OPTION FROM " + Name("worker"));
  RunSql(root, "GRANT SELECT ON users TO " + Name("worker"));
  const auto checked = cvm::db::CheckProgram(worker, cvm::db::kSchemaVersion, Patience());
  BOOST_REQUIRE(!checked.ok());
  BOOST_TEST(checked.error().message.find("sql/grants.sql") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(TheOperatorHasThisDatabaseAndNoOther) {
  Check(operator_pool, {{kFine, "CREATE TABLE x (i INT PRIMARY KEY)"},
                        {kFine, "ALTER TABLE x ADD COLUMN j INT, ADD KEY x_j (j)"},
                        {kFine, "INSERT INTO x VALUES (1, 1)"},
                        {kFine, "DELETE FROM x"},
                        {kFine, "DROP TABLE x"},
                        {kFine, "UPDATE nodes SET location = 'here'"},
                        {kNoDatabase, "CREATE DATABASE cvm_other"},
                        {kNoCommand, "SELECT * FROM mysql.global_priv"},
                        {kNoCommand, "CREATE TABLE mysql.x (i INT)"}});
  BOOST_TEST(Try(operator_pool, "GRANT SELECT ON users TO " + Name("panel")) == kNoCommand);
}

BOOST_AUTO_TEST_CASE(ThePanelIssuesAndRevokesPairsAndNothingElse) {
  Check(panel,
        {{kFine, "SELECT id, name FROM users"},
         {kFine,
          "INSERT INTO api_tokens (user_id, public_token, private_hash, hash_scheme, label, client_access, "
          "read_only, expires_at) VALUES (1, 'new', 'hash', 'sha256', 'l', 1, 0, NULL)"},
         {kFine,
          "SELECT id, user_id, public_token, label, client_access, read_only, expires_at, revoked_at, "
          "created_at FROM api_tokens"},
         {kFine, "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) WHERE public_token = 'new'"}});
  BOOST_TEST(
      Number(root, "SELECT COUNT(*) FROM api_tokens WHERE public_token = 'new' AND revoked_at IS NOT NULL") ==
      1u);
  Check(panel,
        {{kNoColumn, "SELECT private_hash FROM api_tokens"},
         {kNoCommand, "SELECT * FROM api_tokens"},
         {kNoColumn, "SELECT id FROM api_tokens WHERE private_hash = 'hash'"},
         {kNoColumn, "UPDATE api_tokens SET private_hash = 'x'"},
         {kNoColumn, "UPDATE api_tokens SET user_id = 2"},
         {kNoColumn, "UPDATE api_tokens SET client_access = 1"},
         {kNoColumn,
          "INSERT INTO api_tokens (id, user_id, public_token, private_hash) VALUES (9, 1, 'x', 'x')"},
         {kNoCommand, "DELETE FROM api_tokens"},
         {kNoColumn, "SELECT email FROM users"},
         {kNoCommand, "UPDATE users SET disabled = 0"},
         {kNoCommand, "INSERT INTO users (name) VALUES ('x')"},
         {kNoCommand, "SELECT id FROM vpses"},
         {kNoCommand, "SELECT id FROM nodes"},
         {kNoCommand, "SELECT id FROM action_log"},
         {kNoCommand, "INSERT INTO action_log (actor_kind, action, begun_at) VALUES ('panel', 'x', NOW())"},
         {kNoCommand, "SELECT * FROM api_token_usage"},
         {kNoCommand, "SELECT * FROM api_token_networks"},
         {kNoCommand, "INSERT INTO api_token_networks VALUES (1, '0.0.0.0/0')"},
         {kNoCommand, "DELETE FROM users"},
         {kNoCommand, "CREATE TABLE x (i INT)"},
         {kNoCommand, "DROP TABLE api_tokens"}});
}

BOOST_AUTO_TEST_CASE(TheHandbooksStatementsIssueAndRevokeAPairThatWorks) {
  const auto made = cvm::auth::MakePair();
  const std::string hash = cvm::auth::HashPrivateToken(made.private_token.Reveal());
  const auto issue = [&](const std::string& user) {
    return SqlOfTheHandbook("panel-issue", {{"public_token", "'" + made.public_token + "'"},
                                            {"private_hash", "'" + hash + "'"},
                                            {"label", "'from the panel'"},
                                            {"expires_at", "NULL"},
                                            {"user", "'" + user + "'"}});
  };
  NoHypervisor nothing;
  cvm::vps::Service service(worker, nothing);
  const auto verdict = [&] {
    const cvm::auth::Presented presented{{made.public_token}, {made.private_token.Reveal()}, "127.0.0.1"};
    const auto listing = service.List(presented, Patience());
    BOOST_REQUIRE_MESSAGE(listing.ok(), cvm::test::Why(listing));
    return listing->caller.verdict;
  };
  RunSql(root, "UPDATE users SET disabled = 1 WHERE name = 'bob'");
  BOOST_TEST(Try(panel, issue("bob")) == kFine);
  BOOST_TEST(Try(panel, issue("nobody")) == kFine);
  BOOST_TEST((verdict() == cvm::auth::Verdict::kNotValid));
  BOOST_TEST(Try(panel, issue("alice")) == kFine);
  BOOST_TEST((verdict() == cvm::auth::Verdict::kFull));
  BOOST_TEST(Try(panel, SqlOfTheHandbook("panel-list", {{"user", "'alice'"}})) == kFine);
  BOOST_TEST(Try(panel, SqlOfTheHandbook("panel-revoke",
                                         {{"public_token", "'" + made.public_token + "'"}})) == kFine);
  BOOST_TEST((verdict() == cvm::auth::Verdict::kNotValid));
}

// The rows that a request makes the server read, among thousands: as many as it needs, by an index.
struct Crowded : Fixture {
  Crowded() {
    RunSql(root, "INSERT INTO users (name) SELECT CONCAT('user-', seq) FROM seq_1_to_3000");
    RunSql(root,
           "INSERT INTO api_tokens (user_id, public_token, private_hash) SELECT id, CONCAT('t-', id), 'h' "
           "FROM users");
    RunSql(root, "INSERT INTO api_token_networks SELECT id, '10.0.0.0/8' FROM api_tokens WHERE id > 10");
    RunSql(root, "INSERT INTO nodes (name, host) SELECT CONCAT('node-', seq), 'h' FROM seq_1_to_3000");
    RunSql(root, "INSERT INTO node_host_keys SELECT id, 't', CONCAT('f', id), 'k', NOW() FROM nodes");
    RunSql(root,
           "INSERT INTO vpses (user_id, node_id, ctid, hostname, guaranteed_ram, disk_space, cpu_count, "
           "accounting) "
           "SELECT u.id, n.id, 1000 + u.id, 'h', 1, 1, 1, 'split' FROM users u JOIN nodes n ON n.name = "
           "CONCAT('node-', u.id)");
    RunSql(root, "INSERT INTO traffic_period (vps_id, begins_on) SELECT id, CURRENT_DATE FROM vpses");
    for (const char* table : {"users", "api_tokens", "vpses", "nodes", "traffic_period", "node_host_keys"}) {
      RunSql(root, "ANALYZE TABLE " + std::string(table));
    }
  }

  // Rows read by one connection since it was made. Reading this counts as well, the same each time.
  static std::uint64_t RowsRead(Pool& pool) {
    return Number(pool,
                  "SELECT CAST(SUM(variable_value) AS UNSIGNED) FROM information_schema.session_status WHERE "
                  "variable_name LIKE 'Handler\\_read\\_%'");
  }
  template <class Call>
  std::uint64_t Cost(Call call) {
    auto settings = database.As(Plain("worker"), "secret");
    settings.connections = 1;
    Pool single(std::move(settings));
    NoHypervisor nothing;
    cvm::vps::Service service(single, nothing);
    const std::uint64_t base = RowsRead(single);
    const std::uint64_t overhead = RowsRead(single) - base;
    const std::uint64_t before = RowsRead(single);
    call(service);
    return RowsRead(single) - before - overhead;
  }
};

BOOST_FIXTURE_TEST_CASE(EveryLookUpOfARequestIsServedByAnIndex, Crowded) {
  const auto pair = cvm::auth::Store(operator_pool).CreateToken("alice", {}, Patience());
  BOOST_REQUIRE(pair.ok());
  const cvm::auth::Presented presented{{pair->public_token}, {pair->private_token.Reveal()}, "127.0.0.1"};
  BOOST_TEST(
      Cost([&](cvm::vps::Service& service) { BOOST_TEST(service.Judge(presented, Patience()).ok()); }) < 20u);
  BOOST_TEST(Cost([&](cvm::vps::Service& service) {
               const auto listing = service.List(presented, Patience());
               BOOST_REQUIRE(listing.ok());
               BOOST_TEST(!listing->vpses.empty());
             }) < 40u);
  BOOST_TEST(Cost([&](cvm::vps::Service& service) {
               const auto found = service.Find(presented, 1, Patience());
               BOOST_REQUIRE(found.ok());
               BOOST_TEST(found->placed.has_value());
             }) < 40u);
  const cvm::auth::Presented wrong{{"nobody"}, {"nothing"}, "127.0.0.1"};
  BOOST_TEST(Cost([&](cvm::vps::Service& service) { BOOST_TEST(service.List(wrong, Patience()).ok()); }) <
             20u);
}

BOOST_FIXTURE_TEST_CASE(ALookUpWithoutAnIndexWouldBeSeen, Crowded) {
  auto settings = database.Root();
  settings.connections = 1;
  Pool single(std::move(settings));
  const std::uint64_t before = RowsRead(single);
  Number(single, "SELECT COUNT(*) FROM api_tokens WHERE private_hash = ?", {"x"});
  BOOST_TEST(RowsRead(single) - before > 3000u);
}

BOOST_AUTO_TEST_SUITE_END()
