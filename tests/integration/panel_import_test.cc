// `cvmctl import cvm` against a panel's database made here, in the older and the later form of its tables.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"
#include "lib/ctl/run.h"
#include "lib/db/db.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_database.h"

namespace cvm::ctl {
namespace {

using Words = std::vector<std::string>;

// crypt("tokentokentoken", "$5$rounds=50000$abcdefghijklmnopqrst$"): Salt "abcdefghij", settings
// "klmnopqrst".
const std::string kHash = "ykYgnkUqCokbmik/HKRCI/U7jFnoG6olEwmj5kpjJHA";
const std::string kSalt = "abcdefghij";
const std::string kHostKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

const char* const kTables[] = {
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

const char* const kLaterTables[] = {
    "ALTER TABLE users ADD AccessLevel TINYINT",
    "ALTER TABLE containers ADD TerminationDate TIMESTAMP NULL, ADD `Terminated` TINYINT DEFAULT 0",
    "CREATE TABLE settings (Id INT AUTO_INCREMENT PRIMARY KEY, `Key` VARCHAR(255), Value TEXT, "
    "LastChanged TIMESTAMP) CHARSET=utf8",
    "INSERT INTO settings (`Key`, Value) VALUES ('master_privkey', '/x'), ('salt', 'klmnopqrst')",
};

const std::string kContainer =
    "INSERT INTO containers (Id, VirtualizationType, InternalId, NodeId, Hostname, DiskSpace, GuaranteedRam, "
    "BurstableRam, TemplateId, CpuCount, RootPassword, Status, IncomingTrafficUsed, OutgoingTrafficUsed, "
    "OutgoingTrafficLimit, IncomingTrafficLimit, TotalTrafficLimit, UserId) VALUES ";

struct Result {
  int status;
  std::string out, err;
};

bool Holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

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
    Sql("INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES "
        "(11, 1, 3, 'publicofjane', '" +
        kHash + "', '" + kSalt + "'), (12, 3, 7, 'publicofbob', '" + kHash + "', '" + kSalt + "')");
    Sql(kContainer +
        "(21, 1, '101', 4, 'one.example', 20000, 512, 1024, 2, 2, 'never copied', 4, 100, 50, 300, 200, 0, "
        "3), "
        "(22, 1, '102', 4, 'two.example', 10000, 256, 0, 0, 1, 'never copied', 6, 0, 0, 7, 8, 900, 7), "
        "(23, 1, '103', 5, 'three.example', 10000, 256, NULL, NULL, NULL, 'never copied', 7, NULL, NULL, 0, "
        "0, "
        "900, 7)");
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
    words.insert(words.begin(), {"--config", config});
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err, false};
    const int status = Run(words, console);
    everything += out.str() + err.str();
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

constexpr db::Sql kVps21 =
    "SELECT CONCAT_WS('|', user_id, node_id, template_id, ctid, state, hostname, guaranteed_ram, "
    "burstable_ram, "
    "disk_space, cpu_count, accounting, traffic_in_limit, traffic_out_limit, traffic_limit, source, "
    "source_id) "
    "FROM vpses WHERE id = 21";

BOOST_FIXTURE_TEST_SUITE(PanelImport, Importing)

BOOST_AUTO_TEST_CASE(EverythingComesOverWithItsIds) {
  const std::string out = Must();
  BOOST_TEST(Holds(out, "users 3: added: name \"jane\", email \"jane@example.net\"\n"), out);
  BOOST_TEST(One(kVps21) == "3|4|2|101|active|one.example|512|1024|20000|2|split|200|300|0|cvm|21");
  BOOST_TEST(One("SELECT CONCAT_WS('|', state, burstable_ram IS NULL, template_id IS NULL, accounting, "
                 "traffic_limit, traffic_in_limit) FROM vpses WHERE id = 22") ==
             "suspended|1|1|combined|900|0");
  BOOST_TEST(
      One("SELECT CONCAT_WS('|', state, terminated_at IS NOT NULL, cpu_count) FROM vpses WHERE id = 23") ==
      "terminated|1|0");
  BOOST_TEST(
      One("SELECT CONCAT_WS('|', name, host, port, ssh_user, key_name, location) FROM nodes WHERE id = 4") ==
      "alpha|192.0.2.4|2222|cvm|id_ed25519|Amsterdam");
  BOOST_TEST(One("SELECT CONCAT_WS('|', host, port, ssh_user, key_name, location) FROM nodes WHERE id = 5") ==
             "beta.example.net|22|root|beta.key|");
  BOOST_TEST(One("SELECT CONCAT_WS('|', opening_in, opening_out) FROM traffic_period WHERE vps_id = 21") ==
             "100|50");
  BOOST_TEST(Count("SELECT COUNT(*) FROM users WHERE id = 7 AND email IS NULL") == 1u);
}

BOOST_AUTO_TEST_CASE(TheStoredHashOfAPairIsOneThatCryptVerifies) {
  Must();
  const std::string hash =
      One("SELECT private_hash FROM api_tokens WHERE id = 11 AND hash_scheme = 'sha256-crypt'");
  BOOST_TEST(hash == "$5$rounds=50000$abcdefghijklmnop$" + kHash);
  BOOST_TEST(auth::CryptFits(hash, "tokentokentoken"));
  BOOST_TEST(!Holds(everything, kHash));
  BOOST_TEST(!Holds(everything, "klmnopqrst"));
}

BOOST_AUTO_TEST_CASE(ASecondRunFindsNoDifferenceAndNamesTheSame) {
  Must();
  const std::string first = notes;
  BOOST_TEST(Holds(first, "nodes 4: \"alpha\" has no pinned host key"), first);
  BOOST_TEST(Must() == "");
  BOOST_TEST(notes == first);
  BOOST_TEST(Ctl({"node", "pin", "alpha", kHostKey}).status == 0);
  BOOST_TEST(Must() == "");
  BOOST_TEST(!Holds(notes, "alpha"));
  BOOST_TEST(Holds(notes, "beta"));
}

BOOST_AUTO_TEST_CASE(NewRowsAreNumberedWellAboveThePanels) {
  Must();
  BOOST_TEST(Ctl({"user", "add", "here"}).status == 0);
  BOOST_TEST(Count("SELECT id FROM users WHERE name = 'here'") >= 1000000u);
  BOOST_TEST(Ctl({"token", "create", "here"}).status == 0);
  BOOST_TEST(Count("SELECT MAX(id) FROM api_tokens") >= 1000000u);
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(ADryRunShowsTheSameAndWritesNothing) {
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(Count("SELECT COUNT(*) FROM users") == 0u);
  BOOST_TEST(Count("SELECT COUNT(*) FROM imports") == 0u);
  BOOST_TEST(Must({"--dry-run", "--final"}) == dry);
  BOOST_TEST(Must() == dry);
}

BOOST_AUTO_TEST_CASE(ASyncBringsWhatChangedAndShowsIt) {
  Must();
  panel.Sql("UPDATE users SET Username = 'janet' WHERE Id = 3");
  panel.Sql(
      "UPDATE containers SET Status = 6, GuaranteedRam = 2048, IncomingTrafficUsed = 150 WHERE Id = 21");
  panel.Sql("UPDATE containers SET `Terminated` = 1 WHERE Id = 22");
  panel.Sql("UPDATE api_keys SET PrivateToken = REPEAT('a', 43) WHERE Id = 12");
  panel.Sql("INSERT INTO users (Id, Username) VALUES (8, 'eve')");
  const std::string out = Must();
  BOOST_TEST(Holds(out, "users 3: changed: name \"jane\" → \"janet\"\n"), out);
  BOOST_TEST(Holds(out, "users 8: added: name \"eve\"\n"), out);
  BOOST_TEST(
      Holds(out, "vpses 21: changed: state \"active\" → \"suspended\", guaranteed_ram \"512\" → \"2048\"\n"),
      out);
  BOOST_TEST(Holds(out, "vpses 22: changed: state \"suspended\" → \"terminated\"\n"), out);
  BOOST_TEST(Holds(out, "api_tokens 12: changed: private_hash (not shown)\n"), out);
  BOOST_TEST(Holds(out, "traffic_period 21: changed: opening_in \"100\" → \"150\"\n"), out);
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(WhatWeCountedOurselvesIsNotCountedTwice) {
  Must();
  Sql("UPDATE traffic_period SET bytes_in = 30, bytes_out = 70, credit_in = 5 WHERE vps_id = 21");
  Must();
  BOOST_TEST(One("SELECT CONCAT_WS('|', opening_in, opening_out) FROM traffic_period WHERE vps_id = 21") ==
             "75|0");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(NamesAndContainersMayBeSwapped) {
  Must();
  panel.Sql("UPDATE users SET Username = IF(Id = 3, 'bob', 'jane') WHERE Id IN (3, 7)");
  panel.Sql("UPDATE containers SET InternalId = IF(Id = 21, '102', '101') WHERE Id IN (21, 22)");
  panel.Sql(
      "UPDATE api_keys SET PublicToken = IF(Id = 11, 'publicofbob', 'publicofjane') WHERE Id IN (11, 12)");
  Must();
  BOOST_TEST(One("SELECT name FROM users WHERE id = 3") == "bob");
  BOOST_TEST(One("SELECT ctid FROM vpses WHERE id = 22") == "101");
  BOOST_TEST(One("SELECT public_token FROM api_tokens WHERE id = 12") == "publicofjane");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(WhatIsGoneFromThePanelIsEndedAndNeverDeleted) {
  Must();
  panel.Sql("DELETE FROM api_keys WHERE Id = 12");
  panel.Sql("DELETE FROM containers WHERE Id = 22");
  panel.Sql("DELETE FROM users WHERE Id = 7");
  panel.Sql("DELETE FROM containers WHERE Id = 23");
  BOOST_TEST(Must() == "api_tokens 12: revoked\nvpses 22: terminated\n");
  BOOST_TEST(Holds(notes, "users 7: gone from the panel; stays here"), notes);
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE id = 12 AND revoked_at IS NOT NULL") == 1u);
  BOOST_TEST(One("SELECT state FROM vpses WHERE id = 22") == "terminated");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(Ctl({"log", "--token", "12"}).out, "token-revoke"));
}

BOOST_AUTO_TEST_CASE(ARevocationMadeHereStays) {
  Must();
  BOOST_TEST(Ctl({"token", "revoke", "publicofjane"}).status == 0);
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(notes, "api_keys 11: revoked here"), notes);
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE id = 11 AND revoked_at IS NOT NULL") == 1u);
}

BOOST_AUTO_TEST_CASE(RowsMadeHereAreNotTouchedAndKeepWhatTheyHold) {
  Sql("INSERT INTO users (id, name) VALUES (500, 'bob')");
  Sql("INSERT INTO nodes (id, name, host) VALUES (500, 'gamma', 'h')");
  Must();
  BOOST_TEST(One("SELECT name FROM users WHERE id = 7") == "bob (7)");
  BOOST_TEST(Holds(notes, "users 7: its name \"bob\" is empty or held by another: named \"bob (7)\""), notes);
  Sql("INSERT INTO api_tokens (id, user_id, public_token, private_hash) VALUES (500, 500, 'taken', 'x')");
  Sql("INSERT INTO vpses (id, user_id, node_id, ctid, hostname, guaranteed_ram, disk_space, cpu_count, "
      "accounting) "
      "VALUES (500, 500, 4, '777', 'h', 1, 1, 1, 'split')");
  panel.Sql(
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES (13, 1, 3, "
      "'taken', '" +
      kHash + "', 'x')");
  panel.Sql(kContainer + "(24, 1, '777', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3)");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(notes, "api_keys 13: not imported: the public token taken is held by another row here"),
             notes);
  BOOST_TEST(Holds(notes, "containers 24: not imported: the container 777 of node 4 is held by another"),
             notes);
  BOOST_TEST(One("SELECT private_hash FROM api_tokens WHERE id = 500") == "x");
}

BOOST_AUTO_TEST_CASE(AnIdThatARowMadeHereHoldsRefusesTheWholeImport) {
  Sql("INSERT INTO users (id, name) VALUES (7, 'mine')");
  Fails(4, "rows that were made here hold IDs that the panel has, so nothing was imported: users 7");
  Fails(4, "users 7", {"--dry-run"});
  BOOST_TEST(Count("SELECT COUNT(*) FROM users") == 1u);
  BOOST_TEST(Count("SELECT COUNT(*) FROM nodes") == 0u);
}

BOOST_AUTO_TEST_CASE(DirtyRowsAreNamedOnEveryRunAndHarmNoOther) {
  panel.Sql(kContainer +
            "(31, 1, 'web-1', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3), "
            "(32, 1, '132', 99, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3), "
            "(33, 1, '133', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 98), "
            "(34, 1, '134', 4, 'h', 1, 1, 1, 97, 1, '', 4, 0, 0, 0, 0, 0, 3), "
            "(35, 2, '135', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3), "
            "(36, 1, '136', 4, 'h', 1, -1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3), "
            "(37, 1, '137', 4, 'h', 1, 1, 1, 0, 1, '', 9, 0, 0, 0, 0, 0, 3), "
            "(38, 1, '138', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3), "
            "(39, 1, '138', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 7), "
            "(40, 1, '0101', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3)");
  panel.Sql(
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES "
      "(41, 1, 98, 'nobody', REPEAT('a', 43), 'x'), (42, 1, 3, 'twice', REPEAT('a', 43), 'x'), "
      "(43, 1, 7, 'twice', REPEAT('b', 43), 'x'), (44, 1, 3, 'short', 'abc', 'x'), "
      "(45, 1, 3, 'a b', REPEAT('a', 43), 'x'), (46, 1, 3, '', REPEAT('a', 43), 'x'), "
      "(47, 1, 3, 'salty', REPEAT('a', 43), 'a:b'), (48, 0, 3, 'notype', REPEAT('a', 43), NULL)");
  panel.Sql(
      "INSERT INTO nodes (Id, Name, Hostname, Port) VALUES (51, 'evil', '-oProxy', 22), (52, 'alpha', 'h', "
      "22)");
  panel.Sql("INSERT INTO users (Id, Username) VALUES (61, 'jane'), (62, NULL), (63, ' x\\ny ')");
  const std::string out = Must();
  const std::string first = notes;
  for (const int id : {31, 32, 33, 35, 36, 37, 38, 39, 40}) {
    BOOST_TEST(Holds(first, "containers " + std::to_string(id) + ": not imported"), id << ": " << first);
  }
  for (const int id : {41, 42, 43, 44, 45, 46, 47}) {
    BOOST_TEST(Holds(first, "api_keys " + std::to_string(id) + ": not imported"), id << ": " << first);
  }
  BOOST_TEST(Holds(first, "containers 34: its template \"97\" is not there: imported without one"), first);
  BOOST_TEST(Holds(first, "nodes 51: not imported"), first);
  BOOST_TEST(One("SELECT name FROM nodes WHERE id = 52") == "alpha (52)");
  BOOST_TEST(One("SELECT name FROM users WHERE id = 61") == "jane (61)");
  BOOST_TEST(One("SELECT name FROM users WHERE id = 62") == "user of CVM 62");
  BOOST_TEST(One("SELECT name FROM users WHERE id = 63") == "x y");
  BOOST_TEST(Count("SELECT client_access FROM api_tokens WHERE id = 48") == 0u);
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses") == 4u);
  BOOST_TEST(Must() == "");
  BOOST_TEST(notes == first);
}

BOOST_AUTO_TEST_CASE(APublicTokenThatBecomesDoubledIsRevoked) {
  Must();
  panel.Sql(
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES "
      "(99, 1, 7, 'publicofjane', REPEAT('a', 43), 'x')");
  BOOST_TEST(Must() == "api_tokens 11: revoked\n");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AContainersPlaceIsFreeOnceItIsGoneFromThePanel) {
  Must();
  panel.Sql("UPDATE containers SET Id = 29 WHERE Id = 21");
  const std::string out = Must();
  BOOST_TEST(Holds(out, "vpses 21: terminated\n"), out);
  BOOST_TEST(Holds(out, "vpses 29: added"), out);
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(ATerminatedVpsThatWasPurgedHereStaysPurged) {
  Must();
  Sql("DELETE FROM traffic_period WHERE vps_id = 23");
  Sql("DELETE FROM vpses WHERE id = 23");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(notes, "containers 23: not imported: it is terminated"), notes);
}

BOOST_AUTO_TEST_CASE(WhileTheSyncGoesOnNothingIsRemovedThatItWouldBringBackInForce) {
  Must();
  Sql("UPDATE api_tokens SET revoked_at = '2001-01-01' WHERE id = 11");
  BOOST_TEST(Ctl({"user", "disable", "bob"}).status == 0);
  BOOST_TEST(Ctl({"tidy"}).status == 0);
  BOOST_TEST(Ctl({"user", "purge", "bob", "--yes"}).status == 4);
  BOOST_TEST(Must() == "");
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE id = 11 AND revoked_at IS NOT NULL") == 1u);
  BOOST_TEST(Count("SELECT disabled FROM users WHERE id = 7") == 1u);
  Must({"--final"});
  BOOST_TEST(Ctl({"tidy"}).status == 0);
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE id = 11") == 0u);
}

BOOST_AUTO_TEST_CASE(AfterFinalNoImportIsTaken) {
  BOOST_TEST(Holds(Must({"--final"}), "users 3: added"));
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses") == 3u);
  panel.Sql("UPDATE users SET Username = 'changed'");
  Fails(4, "the import from CVM was ended with --final");
  Fails(4, "the import from CVM was ended with --final", {"--final"});
  Fails(4, "the import from CVM was ended with --final", {"--dry-run"});
  BOOST_TEST(One("SELECT name FROM users WHERE id = 3") == "jane");
}

BOOST_AUTO_TEST_CASE(AnotherOrEmptyOrForeignDatabaseIsRefused) {
  Must();
  Words words = {"import", "cvm", "--database", PanelOf::Filled(false).database.name()};
  const Result other = Ctl(words);
  BOOST_TEST(other.status == 4);
  BOOST_TEST(Holds(other.err, "was begun from the database '" + panel.database.name() + "'"), other.err);
  panel.Sql("DELETE FROM users");
  Fails(2, "holds no users");
  panel.Sql("RENAME TABLE users TO elsewhere");
  Fails(2, "database is none of a CVM panel");
  panel.Sql("RENAME TABLE elsewhere TO users");
  BOOST_TEST(Count("SELECT COUNT(*) FROM users") == 2u);
}

BOOST_AUTO_TEST_CASE(ANameThatIsNoDatabasesIsAUsageError) {
  for (const char* name : {"", "a b", "a`b", "a'b", "a;b", "a.b", "../x"}) {
    BOOST_TEST(Ctl({"import", "cvm", "--database", name}).status == 2, name);
  }
}

BOOST_AUTO_TEST_CASE(JsonShowsDifferencesAndNotes) {
  const std::string out = Must({"--json"});
  BOOST_TEST(Holds(out, "\"differences\""), out);
  BOOST_TEST(Holds(out, "\"nodes_without_host_key\""), out);
  BOOST_TEST(Holds(Must({"--json"}), "\"differences\": []"), out);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(PanelImportOlder, Older)

BOOST_AUTO_TEST_CASE(TheOlderTablesNeedTheSaltFromAFile) {
  Fails(2, "--salt-file");
  const std::string salt = directory.Write("salt", "klmnopqrst\n");
  std::filesystem::permissions(salt, std::filesystem::perms(0644));
  Fails(2, "readable by others", {"--salt-file", salt});
  std::filesystem::permissions(salt, std::filesystem::perms(0600));
  Must({"--salt-file", salt});
  BOOST_TEST(Holds(notes, "containers all: no column Terminated is to be seen"), notes);
  BOOST_TEST(One("SELECT private_hash FROM api_tokens WHERE id = 11") ==
             "$5$rounds=50000$abcdefghijklmnop$" + kHash);
  BOOST_TEST(One("SELECT state FROM vpses WHERE id = 23") == "terminated");
  BOOST_TEST(Must({"--salt-file", salt}) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::ctl
