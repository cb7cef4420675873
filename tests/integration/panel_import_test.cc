// `cvmctl import cvm`: what a panel's rows become here, and what a sync changes of them.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"
#include "tests/support/await.h"
#include "tests/support/panel_import_fixture.h"

namespace cvm::test::panel {
namespace {

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

BOOST_AUTO_TEST_CASE(ANameThatIsAPlainNumberGetsItsIdBehindItSoThatItIsNotTakenForOne) {
  panel.Sql("UPDATE users SET Username = '3' WHERE Id = 7");
  panel.Sql("UPDATE nodes SET Name = '5' WHERE Id = 4");
  panel.Sql("INSERT INTO users (Id, Username) VALUES (8, '4'), (9, '4'), (10, '4 (8)'), (11, '0')");
  Must();
  BOOST_TEST(One("SELECT GROUP_CONCAT(name ORDER BY id) FROM users") ==
             "jane,3 (7),4 (8),4 (9),4 (8) (10),0 (11)");
  BOOST_TEST(One("SELECT name FROM nodes WHERE id = 4") == "5 (4)");
  const std::string first = notes;
  BOOST_TEST(Holds(first, "users 7: its name \"3\" would be taken for an ID: named \"3 (7)\""), first);
  BOOST_TEST(Must() == "");
  BOOST_TEST(notes == first);
  for (const char* id : {"3", "4", "7"}) BOOST_TEST(Ctl({"token", "create", id}).status == 3, id);
  BOOST_TEST(Ctl({"node", "pin", "5", kHostKey}).status == 3);
}

// The two keys of one public token: the other is not imported for a reason of its own.
BOOST_AUTO_TEST_CASE(BothOfTwoEqualPublicTokensAreSkippedThoughOneOfThemWouldBeAnyway) {
  const std::string key =
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES ";
  panel.Sql(key + "(13, 1, 77, 'publicofjane', '" + kHash + "', 'x')");
  panel.Sql(key + "(14, 1, 3, 'publicofbob', 'no hash', 'x')");
  for (int run = 0; run < 2; ++run) {
    Must();
    BOOST_TEST(
        Holds(notes, "api_keys 11: not imported: the public token publicofjane stands in row 13 too\n"),
        notes);
    BOOST_TEST(Holds(notes, "api_keys 12: not imported: the public token publicofbob stands in row 14 too\n"),
               notes);
    BOOST_TEST(Holds(notes, "api_keys 13: not imported: its user \"77\" is not there\n"), notes);
    BOOST_TEST(Holds(notes, "api_keys 14: not imported: its salt or its hash"), notes);
  }
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens") == 0u);
  panel.Sql("DELETE FROM api_keys WHERE Id IN (13, 14)");
  Must();
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE revoked_at IS NULL") == 2u);
  panel.Sql(key + "(13, 1, 77, 'publicofjane', '" + kHash + "', 'x')");
  BOOST_TEST(Must() == "api_tokens 11: revoked\n");
  BOOST_TEST(Holds(notes, "api_keys 11: not imported: the public token publicofjane stands in row 13 too\n"),
             notes);
}

BOOST_AUTO_TEST_CASE(TwoFirstImportsAtOnceTakeTurns) {
  db::Pool other(database.Root());
  std::vector<std::future<Result>> imports;
  // Both are held where the first of them is to be found out.
  const auto held = other.Transact(test::Patience(), [&](db::Session& session) -> base::Status {
    session.Execute("INSERT INTO imports (source, origin, begun_at) VALUES ('cvm', 'x', UTC_TIMESTAMP(3))",
                    {});
    for (int i = 0; i < 2; ++i)
      imports.push_back(std::async(std::launch::async, [&] {
        return CtlAside({"import", "cvm", "--database", panel.database.name()});
      }));
    BOOST_TEST(test::Eventually([&] {
      return Count(
                 "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> "
                 "CONNECTION_ID() AND info LIKE '%imports%'") == 2u;
    }));
    return base::Error{base::ErrorCode::kConflict, "rolled back"};
  });
  BOOST_TEST(!held.ok());
  std::vector<bool> empty;
  for (auto& import : imports) {
    const Result result = import.get();
    BOOST_TEST(result.status == 0, result.err);
    empty.push_back(result.out.empty());
  }
  BOOST_TEST((empty[0] != empty[1]));
  BOOST_TEST(Must() == "");
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
}  // namespace cvm::test::panel
