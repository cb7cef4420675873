// A CVM panel's database made here, in the older and the later form of its tables, and `cvmctl import cvm`
// that reads it into one of ours.
#ifndef CVM_TESTS_SUPPORT_PANEL_IMPORT_FIXTURE_H_
#define CVM_TESTS_SUPPORT_PANEL_IMPORT_FIXTURE_H_

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/ctl/run.h"
#include "lib/db/db.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "lib/traffic/period.h"
#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_database.h"
#include "tests/support/text.h"

namespace cvm::test::panel {

using Words = std::vector<std::string>;

// crypt("tokentokentoken", "$5$rounds=50000$abcdefghijklmnopqrst$"): Salt "abcdefghij", settings
// "klmnopqrst".
inline const std::string kHash = "ykYgnkUqCokbmik/HKRCI/U7jFnoG6olEwmj5kpjJHA";
inline const std::string kSalt = "abcdefghij";
inline const std::string kHostKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

inline constexpr const char* kTables[] = {
    "CREATE TABLE users (Id INT AUTO_INCREMENT PRIMARY KEY, Username VARCHAR(255), EmailAddress "
    "VARCHAR(255), "
    "Hash VARCHAR(128), Salt VARCHAR(16)) CHARSET=utf8",
    "CREATE TABLE api_keys (Id INT AUTO_INCREMENT PRIMARY KEY, KeyType TINYINT, UserId INT, "
    "PublicToken VARCHAR(32), PrivateToken VARCHAR(43), Salt VARCHAR(10)) CHARSET=utf8",
    "CREATE TABLE nodes (Id INT AUTO_INCREMENT PRIMARY KEY, Name VARCHAR(255), Hostname VARCHAR(255), Port "
    "INT, "
    "User VARCHAR(255), HasCustomKey TINYINT, CustomPrivateKey VARCHAR(255), CustomPublicKey VARCHAR(255), "
    "PhysicalLocation VARCHAR(255), TunnelPort INT, TunnelKey VARCHAR(255)) CHARSET=utf8",
    "CREATE TABLE templates (Id INT AUTO_INCREMENT PRIMARY KEY, Name VARCHAR(255), Description TEXT, "
    "TemplateName VARCHAR(255), Supported TINYINT, Available TINYINT, Outdated TINYINT) CHARSET=utf8",
    "CREATE TABLE containers (Id INT AUTO_INCREMENT PRIMARY KEY, VirtualizationType TINYINT, "
    "InternalId VARCHAR(255), NodeId INT, Hostname VARCHAR(255), DiskSpace INT, GuaranteedRam INT, "
    "BurstableRam INT, TemplateId INT, CpuCount INT, RootPassword VARCHAR(255), Status TINYINT, "
    "IncomingTrafficUsed BIGINT, IncomingTrafficLast BIGINT, OutgoingTrafficUsed BIGINT, "
    "OutgoingTrafficLast BIGINT, OutgoingTrafficLimit BIGINT, IncomingTrafficLimit BIGINT, "
    "TotalTrafficLimit BIGINT, UserId INT) CHARSET=utf8",
};

inline constexpr const char* kLaterTables[] = {
    "ALTER TABLE users ADD AccessLevel TINYINT",
    "ALTER TABLE containers ADD TerminationDate TIMESTAMP NULL, ADD `Terminated` TINYINT DEFAULT 0",
    "CREATE TABLE settings (Id INT AUTO_INCREMENT PRIMARY KEY, `Key` VARCHAR(255), Value TEXT, "
    "LastChanged TIMESTAMP) CHARSET=utf8",
    "INSERT INTO settings (`Key`, Value) VALUES ('master_privkey', '/x'), ('salt', 'klmnopqrst')",
};

inline const std::string kContainer =
    "INSERT INTO containers (Id, VirtualizationType, InternalId, NodeId, Hostname, DiskSpace, GuaranteedRam, "
    "BurstableRam, TemplateId, CpuCount, RootPassword, Status, IncomingTrafficUsed, OutgoingTrafficUsed, "
    "OutgoingTrafficLimit, IncomingTrafficLimit, TotalTrafficLimit, UserId) VALUES ";

struct Result {
  int status;
  std::string out, err;
};

// A panel's database. Making one takes long, so there is one of each form, which is emptied for each case.
struct PanelOf {
  explicit PanelOf(bool later) {
    for (const char* table : kTables) Sql(table);
    for (const char* table : kLaterTables) {
      if (later) Sql(table);
    }
  }
  void Fill() {
    for (const char* table : {"users", "api_keys", "nodes", "templates", "containers"}) {
      Sql(std::string("DELETE FROM ") + table);
    }
    Sql("INSERT INTO users (Id, Username, EmailAddress) VALUES (3, 'jane', 'jane@example.net'), (7, 'bob', "
        "'')");
    Sql("INSERT INTO templates (Id, Name, Description) VALUES (2, 'Debian', 'the stable one')");
    Sql("INSERT INTO nodes (Id, Name, Hostname, Port, User, HasCustomKey, CustomPrivateKey, "
        "PhysicalLocation) "
        "VALUES (4, 'alpha', '192.0.2.4', 2222, 'cvm', 0, NULL, 'Amsterdam'), "
        "(5, 'beta', 'beta.example.net', 0, NULL, 1, '/etc/cvm/beta.key', NULL)");
    FillKeys();
    Sql(kContainer +
        "(21, 1, '101', 4, 'one.example', 20000, 512, 1024, 2, 2, 'never copied', 4, 100, 50, 300, 200, 0, "
        "3), "
        "(22, 1, '102', 4, 'two.example', 10000, 256, 0, 0, 1, 'never copied', 6, 0, 0, 7, 8, 900, 7), "
        "(23, 1, '103', 5, 'three.example', 10000, 256, NULL, NULL, NULL, 'never copied', 7, NULL, NULL, 0, "
        "0, "
        "900, 7)");
  }
  // Those keys, and no others.
  void FillKeys() {
    Sql("DELETE FROM api_keys");
    Sql("INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES "
        "(11, 1, 3, 'publicofjane', '" +
        kHash + "', '" + kSalt + "'), (12, 3, 7, 'publicofbob', '" + kHash + "', '" + kSalt + "')");
  }
  static PanelOf& Filled(bool later) {
    static PanelOf of_old(false), of_new(true);
    PanelOf& panel = later ? of_new : of_old;
    panel.Fill();
    return panel;
  }
  void Sql(const std::string& statement) { test::RunSql(pool, statement); }
  test::TestDatabase database;
  db::Pool pool{database.Root()};
};

// Our database, migrated once and emptied for each case.
struct OursOf {
  static OursOf& Emptied() {
    static OursOf ours;
    ours.Empty();
    return ours;
  }
  void Empty() {
    for (const char* table : {"api_tokens", "vpses", "nodes", "templates", "users"}) {
      test::RunSql(pool, std::string("DELETE FROM ") + table);
      test::RunSql(pool, std::string("ALTER TABLE ") + table + " AUTO_INCREMENT = 1");
    }
    test::RunSql(pool, "DELETE FROM imports");
    test::RunSql(pool, "DELETE FROM action_log");
  }
  OursOf() { BOOST_REQUIRE(db::Migrate(pool, db::EmbeddedMigrations(), test::Patience()).ok()); }
  test::TestDatabase database;
  db::Pool pool{database.Root()};
};

struct Importing {
  explicit Importing(bool later = true) : panel(PanelOf::Filled(later)) {
    config =
        directory.Write("cvmctl.toml", "[database]\nservers = [\"" + test::RequireEnv("CVM_TEST_DB_SOCKET") +
                                           "\"]\nname = \"" + database.name() + "\"\nuser = \"root\"\n");
  }

  Result Ctl(Words words) {
    Result result = CtlAside(std::move(words));
    everything += result.out + result.err;
    return result;
  }
  // The same for a thread beside the test's.
  Result CtlAside(Words words) const {
    words.insert(words.begin(), {"--config", config});
    std::istringstream in;
    std::ostringstream out, err;
    ctl::Console console{in, out, err, false};
    const int status = ctl::Run(words, console);
    return {status, out.str(), err.str()};
  }
  Result Import(Words more = {}) {
    Words words = {"import", "cvm", "--database", panel.database.name()};
    words.insert(words.end(), more.begin(), more.end());
    return Ctl(words);
  }
  std::string Must(Words more = {}) {
    const Result result = Import(std::move(more));
    BOOST_REQUIRE_MESSAGE(result.status == 0, result.err);
    notes = result.err;
    return result.out;
  }
  void Fails(int status, const std::string& said, Words more = {}) {
    const Result result = Import(std::move(more));
    BOOST_TEST(result.status == status, result.err);
    BOOST_TEST(result.out.empty());
    BOOST_TEST(Holds(result.err, said), result.err << " lacks " << said);
  }
  void Sql(const std::string& statement) { test::RunSql(ours, statement); }
  std::string One(db::Sql sql) {
    const auto rows = test::Column(ours, sql);
    return rows.empty() ? "-" : rows.front();
  }
  std::uint64_t Count(db::Sql sql) { return test::Number(ours, sql); }

  PanelOf& panel;
  OursOf& here = OursOf::Emptied();
  test::TestDatabase& database = here.database;
  db::Pool& ours = here.pool;
  tests::TemporaryDirectory directory;
  std::string config, notes, everything;
};

struct Older : Importing {
  Older() : Importing(false) {}
};

// Whether it is the one that should be running, what was counted in it and its opening balance.
inline constexpr db::Sql kPeriod21 = "SELECT CONCAT_WS('|', p.begins_on = " CVM_PERIOD_BEGIN
                                     ", p.bytes_in, p.bytes_out, p.opening_in, p.opening_out) "
                                     "FROM traffic_period p JOIN vpses v ON v.id = p.vps_id WHERE v.id = 21";

// The VPSes whose stop is due.
inline constexpr db::Sql kDue =
    "SELECT COALESCE(GROUP_CONCAT(id ORDER BY id), '-') FROM vpses WHERE stop_pending = 1";

// After a first import.
struct Syncing : Importing {
  Syncing() { Must(); }
  std::string InForce() {
    return One("SELECT COALESCE(GROUP_CONCAT(id ORDER BY id), '-') FROM api_tokens WHERE revoked_at IS NULL");
  }
  // What is on record of an action, the oldest first: user, token, VPS, detail.
  std::string Recorded(const char* action) {
    std::string all;
    for (const std::string& line : test::Column(ours,
                                                "SELECT CONCAT_WS('|', COALESCE(user_id, '-'), "
                                                "COALESCE(token_id, '-'), COALESCE(vps_id, '-'), detail) "
                                                "FROM action_log WHERE action = ? AND outcome = 'done' "
                                                "ORDER BY id",
                                                {std::string_view(action)})) {
      all += line + "\n";
    }
    return all;
  }
};

}  // namespace cvm::test::panel

#endif  // CVM_TESTS_SUPPORT_PANEL_IMPORT_FIXTURE_H_
