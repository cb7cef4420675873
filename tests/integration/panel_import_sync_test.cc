// Syncs with a CVM panel that lacks something for a while: what the import ended comes back with the panel's
// word, what was ended here stays so.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "lib/db/script.h"
#include "lib/traffic/book.h"
#include "tests/support/await.h"
#include "tests/support/flight.h"
#include "tests/support/panel_import_fixture.h"

namespace cvm::test::panel {
namespace {

struct Counting : Syncing {
  // Books what the interface of a VPS's container shows. The life tells containers apart.
  void Collect(std::uint64_t vps, std::uint64_t node, std::uint64_t life, std::uint64_t bytes) {
    const std::string ctid = test::Column(ours, "SELECT ctid FROM vpses WHERE id = ?", {vps}).at(0);
    const auto noted = test::Must(traffic::Note(ours, vps, node, *base::Ctid::Parse(ctid), test::Patience()));
    node::ContainerReading reading;
    reading.epoch = {"a4f8c15d-457b-430b-9237-68525810dff9", life};
    reading.inside = {{"venet0", bytes, 0}};
    test::Must(traffic::Book(ours, noted, reading, traffic::Gone::kRemoved, {}, test::Patience()));
  }
  std::string Counted() {
    return One(
        "SELECT GROUP_CONCAT(CONCAT(vps_id, ':', bytes_in) ORDER BY vps_id) FROM traffic_period WHERE vps_id "
        "IN (21, 22)");
  }
};

BOOST_FIXTURE_TEST_SUITE(PanelImportSync, Syncing)

BOOST_AUTO_TEST_CASE(APairThatThePanelLackedForOneSyncIsInForceAgain) {
  panel.Sql("DELETE FROM api_keys");
  BOOST_TEST(Must() == "api_tokens 11: revoked\napi_tokens 12: revoked\n");
  BOOST_TEST(Must() == "");
  BOOST_TEST(!Holds(notes, "revoked here"), notes);
  panel.FillKeys();
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(InForce() == "-");
  BOOST_TEST(Must() == dry);
  BOOST_TEST(dry == "api_tokens 11: in force again\napi_tokens 12: in force again\n");
  BOOST_TEST(InForce() == "11,12");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(Ctl({"log", "--token", "12"}).out, "token-restore"));
}

BOOST_AUTO_TEST_CASE(APairWhoseUserWasGoneOrWhoseTokenWasDoubledIsInForceAgain) {
  panel.Sql("UPDATE users SET Id = 70 WHERE Id = 7");
  BOOST_TEST(Holds(Must(), "api_tokens 12: revoked"));
  panel.Sql("UPDATE users SET Id = 7 WHERE Id = 70");
  panel.Sql("UPDATE api_keys SET PublicToken = 'publicofjane' WHERE Id = 12");
  BOOST_TEST(Must() == "api_tokens 11: revoked\n");
  panel.Sql("UPDATE api_keys SET PublicToken = 'another' WHERE Id = 12");
  const std::string out = Must({"--final"});
  BOOST_TEST(Holds(out, "api_tokens 11: in force again\n"), out);
  BOOST_TEST(Holds(out, "api_tokens 12: changed: public_token \"publicofbob\" → \"another\"\n"), out);
  BOOST_TEST(InForce() == "11,12");
}

BOOST_AUTO_TEST_CASE(APanelThatDeletesTheOlderOfTwoEqualPublicTokensHasTheNewerInForce) {
  const std::string newer =
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES (99, 1, 7, "
      "'publicofjane', '" +
      kHash + "', 'x')";
  panel.Sql(newer);
  BOOST_TEST(Must() == "api_tokens 11: revoked\n");
  panel.Sql("DELETE FROM api_keys WHERE Id = 11");
  const std::string dry = Must({"--dry-run"});
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out, "api_tokens 11: changed: public_token \"publicofjane\" → \"publicofjane,11\"\n"),
             out);
  BOOST_TEST(Holds(out, "api_tokens 99: added: user_id \"7\", public_token \"publicofjane\""), out);
  BOOST_TEST(!Holds(notes, "api_keys 99"), notes);
  BOOST_TEST(InForce() == "12,99");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(Ctl({"token", "list"}).out, "publicofjane,11"));
  panel.Sql(
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES (11, 1, 3, "
      "'another', '" +
      kHash + "', 'x')");
  BOOST_TEST(Holds(Must(), "api_tokens 11: changed: public_token \"publicofjane,11\" → \"another\""));
  BOOST_TEST(InForce() == "11,12,99");
}

BOOST_AUTO_TEST_CASE(AKeyThatThePanelMadeAnewIsInForceInTheSameSync) {
  panel.Sql("UPDATE api_keys SET Id = 99, PublicToken = CONCAT('p', REPEAT('q', 31)) WHERE Id = 11");
  Must();
  panel.Sql("UPDATE api_keys SET Id = 98 WHERE Id = 99");
  const std::string out = Must();
  BOOST_TEST(Holds(out, "api_tokens 99: revoked\n"), out);
  BOOST_TEST(Holds(out, "api_tokens 98: added"), out);
  BOOST_TEST(InForce() == "12,98");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(APublicTokenThatWasRevokedHereIsNotGivenToAnotherKey) {
  BOOST_TEST(Ctl({"token", "revoke", "11"}).status == 0);
  panel.Sql("UPDATE api_keys SET Id = 99 WHERE Id = 11");
  BOOST_TEST(Must() == "");
  BOOST_TEST(
      Holds(notes, "api_keys 99: not imported: the public token publicofjane is held by another row here"),
      notes);
  BOOST_TEST(InForce() == "12");
  BOOST_TEST(One("SELECT public_token FROM api_tokens WHERE id = 11") == "publicofjane");
}

BOOST_AUTO_TEST_CASE(ARevocationMadeHereStaysWhateverTheImportDidBeforeOrAfter) {
  BOOST_TEST(Ctl({"token", "revoke", "11"}).status == 0);
  panel.Sql("DELETE FROM api_keys");
  BOOST_TEST(Must() == "api_tokens 12: revoked\n");
  BOOST_TEST(Ctl({"token", "revoke", "12"}).status == 0);
  BOOST_TEST(Ctl({"token", "revoke", "12"}).status == 0);
  panel.FillKeys();
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(notes, "api_keys 11: revoked here"), notes);
  BOOST_TEST(Holds(notes, "api_keys 12: revoked here"), notes);
  BOOST_TEST(InForce() == "-");
  BOOST_TEST(Count("SELECT COUNT(*) FROM action_log WHERE token_id = 12 AND action = 'token-revoke'") == 2u);
}

BOOST_AUTO_TEST_CASE(ARevocationByAPanelsAccountStaysWhenItCameAfterTheImports) {
  panel.Sql("DELETE FROM api_keys WHERE Id = 12");
  Must();
  Sql("UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) + INTERVAL 1 SECOND WHERE id = 12");
  panel.FillKeys();
  BOOST_TEST(Must() == "");
  BOOST_TEST(InForce() == "11");
}

BOOST_AUTO_TEST_CASE(WhatImportsRevokedBeforeThatWasKeptIsKnownByItsRecord) {
  panel.Sql("DELETE FROM api_keys WHERE Id = 12");
  Must();
  BOOST_TEST(Ctl({"token", "revoke", "11"}).status == 0);
  Sql("UPDATE api_tokens SET import_revoked_at = NULL");
  const auto statements = db::SplitStatements(db::EmbeddedMigrations()[8].sql);
  Sql(statements->back());
  panel.FillKeys();
  BOOST_TEST(Must() == "api_tokens 12: in force again\n");
  BOOST_TEST(InForce() == "12");
}

BOOST_AUTO_TEST_CASE(AVpsThatIsTerminatedOnceMoreIsSoFromThenOn) {
  const db::Sql since = "SELECT COALESCE(CAST(terminated_at AS CHAR), '-') FROM vpses WHERE id = 23";
  const db::Sql fresh =
      "SELECT COUNT(*) FROM vpses WHERE id = 23 AND terminated_at > UTC_TIMESTAMP(3) - INTERVAL 1 HOUR";
  for (const char* state : {"6", "4"}) {
    Sql("UPDATE vpses SET terminated_at = '2001-01-01' WHERE id = 23");
    panel.Sql(std::string("UPDATE containers SET Status = ") + state + " WHERE Id = 23");
    Must();
    BOOST_TEST(One(since) == "-");
    panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 23");
    Must();
    BOOST_TEST(Count(fresh) == 1u);
  }
  panel.Sql("UPDATE containers SET Status = 6 WHERE Id = 23");
  Must();
  Sql("UPDATE vpses SET terminated_at = '2001-01-01' WHERE id = 23");  // as earlier versions left it
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 23");
  Must();
  BOOST_TEST(Count(fresh) == 1u);
  BOOST_TEST(Ctl({"tidy"}).status == 0);
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE id = 23") == 1u);
}

BOOST_AUTO_TEST_CASE(ThePanelsTrafficIsTheOpeningOfThePeriodThatShouldRunAndTheOneThatEndedStays) {
  Sql("UPDATE traffic_period SET begins_on = '2001-01-01', bytes_in = 7 WHERE vps_id = 21");
  Sql("INSERT INTO traffic_daily (vps_id, day, bytes_in, bytes_out) VALUES (21, UTC_DATE(), 30, 60)");
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(Must() == dry);
  BOOST_TEST(dry == "traffic_period 21: changed: opening_in \"0\" → \"70\"\n");
  BOOST_TEST(One(kPeriod21) == "1|30|60|70|0");
  BOOST_TEST(One("SELECT CONCAT_WS('|', begins_on, opening_in, opening_out) FROM traffic_periods_ended WHERE "
                 "vps_id = 21") == "2001-01-01|100|50");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AnOpeningFollowsTheBillingDay) {
  Sql("UPDATE vpses SET billing_day = 15 WHERE id IN (21, 22)");
  panel.Sql("UPDATE containers SET OutgoingTrafficUsed = 9 WHERE Id IN (21, 22)");
  BOOST_TEST(Holds(Must(), "traffic_period 22: changed: opening_out \"0\" → \"9\"\n"));
  BOOST_TEST(One(kPeriod21) == "1|0|0|100|9");
  BOOST_TEST(Count("SELECT COUNT(*) FROM traffic_period WHERE DAY(begins_on) = 15") == 2u);
  BOOST_TEST(Must() == "");
}

BOOST_FIXTURE_TEST_CASE(ContainersThatChangedHandsCountFromTheirFirstReadingOn, Counting) {
  constexpr std::uint64_t kOne = 100, kTwo = 200;  // the containers' lives
  Collect(21, 4, kOne, 1000);
  Collect(22, 4, kTwo, 2000);
  Collect(22, 4, kTwo, 9000);
  BOOST_TEST(Counted() == "21:0,22:7000");
  panel.Sql("UPDATE containers SET InternalId = IF(Id = 21, '102', '101') WHERE Id IN (21, 22)");
  Must();
  Collect(21, 4, kTwo, 9000);
  Collect(22, 4, kOne, 1000);
  BOOST_TEST(Counted() == "21:0,22:7000");
  Collect(21, 4, kTwo, 9005);
  panel.Sql("UPDATE containers SET Hostname = 'other' WHERE Id = 21");
  Must();
  Collect(21, 4, kTwo, 9007);
  BOOST_TEST(Counted() == "21:7,22:7000");
  panel.Sql("UPDATE containers SET NodeId = 5 WHERE Id = 22");  // where the panel has counted it before us
  Must();
  Collect(22, 5, kOne, 500);
  Collect(22, 5, kOne, 501);
  BOOST_TEST(Counted() == "21:7,22:7001");
}

BOOST_AUTO_TEST_CASE(WhatASyncChangesIsOnRecordWithWhoseItIsAndWhatStoodThere) {
  BOOST_TEST(Count("SELECT COUNT(*) FROM action_log") == 1u);  // of a row that is added it says itself
  panel.Sql("UPDATE users SET Username = 'janet' WHERE Id = 3");
  panel.Sql("UPDATE nodes SET Hostname = '192.0.2.5' WHERE Id = 4");
  panel.Sql("UPDATE containers SET Status = 6, InternalId = '111', UserId = 7 WHERE Id = 21");
  panel.Sql("UPDATE api_keys SET PrivateToken = REPEAT('a', 43), KeyType = 0, UserId = 7 WHERE Id = 11");
  Must({"--dry-run"});
  BOOST_TEST(Count("SELECT COUNT(*) FROM action_log") == 1u);
  Must();
  const std::string as = "as in the CVM panel: ";
  BOOST_TEST(Recorded("user-set") == "3|-|-|" + as + "name \"jane\" → \"janet\"\n");
  BOOST_TEST(Recorded("node-set") == "-|-|-|nodes 4, " + as + "host \"192.0.2.4\" → \"192.0.2.5\"\n");
  const std::string vps = "|-|21|" + as +
                          "user_id \"3\" → \"7\", ctid \"101\" → \"111\", state \"active\" → "
                          "\"suspended\"\n";
  BOOST_TEST(Recorded("vps-set") == "3" + vps + "7" + vps);
  const std::string pair =
      "|11|-|" + as + "user_id \"3\" → \"7\", private_hash (not shown), client_access \"1\" → \"0\"\n";
  BOOST_TEST(Recorded("token-set") == "3" + pair + "7" + pair);
  panel.Sql("DELETE FROM api_keys WHERE Id = 12");
  panel.Sql("DELETE FROM containers WHERE Id = 22");
  Must();
  BOOST_TEST(Recorded("token-revoke") == "7|12|-|not in the CVM panel\n");
  BOOST_TEST(Recorded("terminate") == "7|-|22|not in the CVM panel\n");
  panel.FillKeys();
  Must();
  BOOST_TEST(Recorded("token-restore") == "7|12|-|in the CVM panel again\n");
  const std::string log = Ctl({"log", "--user", "bob"}).out;
  for (const char* action : {"vps-set", "token-set", "token-revoke", "terminate", "token-restore"}) {
    BOOST_TEST(Holds(log, action), action << " is not in " << log);
  }
  BOOST_TEST(!Holds(everything, std::string(43, 'a')));
}

BOOST_AUTO_TEST_CASE(AnOpeningThatTakesBackACorrectionIsOnRecordAndNoOther) {
  const auto adjust = [&](const char* bytes) {
    return Ctl({"traffic", "adjust", "21", bytes, "--in", "--why", "x"}).status;
  };
  panel.Sql("UPDATE containers SET IncomingTrafficUsed = 150 WHERE Id IN (21, 22)");
  Must();
  BOOST_TEST(Recorded("traffic-set") == "");
  const std::string record =
      "3|-|21|as in the CVM panel, in place of a correction made here: opening_in \"155\" → \"150\"\n";
  BOOST_TEST(adjust("5") == 0);
  Must();
  BOOST_TEST(Recorded("traffic-set") == record);
  panel.Sql("UPDATE containers SET IncomingTrafficUsed = 160 WHERE Id IN (21, 22)");
  Must();
  BOOST_TEST(Recorded("traffic-set") == record);
  BOOST_TEST(adjust("-7") == 0);
  Must();
  BOOST_TEST(Recorded("traffic-set") ==
             record +
                 "3|-|21|as in the CVM panel, in place of a correction made here: opening_in \"160\" → "
                 "\"167\"\n");
}

BOOST_AUTO_TEST_CASE(WhatTheNextSyncTakesBackIsSaidToBeSoUntilFinal) {
  const std::string said =
      "warning: VPS 22 comes from a CVM panel, and the next import, the one with --final too, puts back what "
      "the panel says: change it there, or do this after --final\n";
  const std::vector<Words> taken_back = {
      {"vps", "set", "22", "--ram", "7"},
      {"vps", "set", "22", "--billing-day", "5", "--disk", "9"},
      {"vps", "suspend", "22"},
      {"traffic", "adjust", "22", "5", "--in", "--why", "x"},
      {"vps", "unsuspend", "22"},
      {"vps", "unsuspend", "22", "--json"},
      {"vps", "set", "22", "--hostname", "other"},
  };
  const std::vector<Words> kept = {{"vps", "set", "22", "--billing-day", "6"},
                                   {"user", "disable", "jane"},
                                   {"user", "enable", "jane"},
                                   {"token", "revoke", "11"}};
  const auto err = [&](const Words& words) {
    const Result result = Ctl(words);
    BOOST_TEST(result.status == 0, result.err);
    return result.err;
  };
  for (const Words& words : taken_back) BOOST_TEST(Holds(err(words), said), words[0] << ' ' << words[1]);
  for (const Words& words : kept) BOOST_TEST(!Holds(err(words), "panel"), words[0] << ' ' << words[1]);
  BOOST_TEST(Ctl({"vps", "suspend", "77"}).err.find("warning") == std::string::npos);
  const std::string ends = err({"vps", "terminate", "22", "--yes"});
  BOOST_TEST(Holds(ends, said), ends);
  BOOST_TEST(Holds(Must({"--final"}), "vpses 22: changed: state \"terminated\" → \"suspended\""));
  for (const Words& words : taken_back) BOOST_TEST(!Holds(err(words), "panel"), words[0] << ' ' << words[1]);
}

BOOST_AUTO_TEST_CASE(AVpsOnANodeThatWasTakenOutOfServiceHereIsNamedOnEveryRun) {
  BOOST_TEST(Ctl({"node", "remove", "beta"}).status == 0);
  panel.Sql(kContainer + "(90, 1, '190', 5, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3)");
  for (int run = 0; run < 2; ++run) {
    Must();
    BOOST_TEST(Holds(notes, "containers 90: its node \"beta\" was taken out of service here"), notes);
    BOOST_TEST(!Holds(notes, "containers 23"), notes);
  }
}

BOOST_AUTO_TEST_CASE(APairMadeHereForAnImportedUserIsSaidToOutliveWhatThePanelDoes) {
  const std::string said = "a sync does not revoke it";
  const auto made = [&](Words words) {
    const Result result = Ctl(std::move(words));
    BOOST_TEST(result.status == 0, result.err);
    return Holds(result.err, said);
  };
  BOOST_TEST(made({"token", "rotate", "11"}));
  BOOST_TEST(made({"token", "create", "bob"}));
  BOOST_TEST(Ctl({"user", "add", "carl"}).status == 0);
  BOOST_TEST(!made({"token", "create", "carl"}));
  Must({"--final"});
  BOOST_TEST(!made({"token", "create", "bob"}));
}

BOOST_AUTO_TEST_CASE(PairsMadeHereWhoseUserIsGoneFromThePanelAreNamedOnEveryRunWhileTheyAreInForce) {
  BOOST_TEST(Ctl({"token", "create", "jane"}).status == 0);
  BOOST_TEST(Ctl({"token", "create", "jane", "--expires", "1d"}).status == 0);
  BOOST_TEST(Ctl({"token", "create", "bob"}).status == 0);
  const std::string id = One("SELECT CAST(MIN(id) AS CHAR) FROM api_tokens WHERE source IS NULL");
  const std::string said =
      "api_tokens " + id + ": made here and in force, while its user \"jane\" (3) is gone";
  Must();
  BOOST_TEST(!Holds(notes, "made here and in force"), notes);
  panel.Sql("DELETE FROM users WHERE Id = 3");
  panel.Sql("DELETE FROM containers WHERE UserId = 3");
  Sql("UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 DAY WHERE expires_at IS NOT NULL");
  for (int run = 0; run < 2; ++run) {
    Must();
    BOOST_TEST(Holds(notes, said), notes);
    BOOST_TEST(notes.find("made here and in force") == notes.rfind("made here and in force"), notes);
  }
  BOOST_TEST(Ctl({"user", "disable", "jane"}).status == 0);
  Must();
  BOOST_TEST(!Holds(notes, "made here and in force"), notes);
  BOOST_TEST(Ctl({"user", "enable", "jane"}).status == 0);
  BOOST_TEST(Ctl({"token", "revoke", id}).status == 0);
  Must();
  BOOST_TEST(!Holds(notes, "made here and in force"), notes);
}

BOOST_AUTO_TEST_CASE(AnAccountThatMayNotReadThePanelIsToldOnceWhichRightsItLacks) {
  const std::string name = "'" + database.name() + "_import'@'localhost'";
  Sql("CREATE USER " + name + " IDENTIFIED BY 'secret'");
  Sql("GRANT ALL ON " + database.name() + ".* TO " + name);
  config =
      directory.Write("import.toml", "[database]\nservers = [\"" + test::RequireEnv("CVM_TEST_DB_SOCKET") +
                                         "\"]\nname = \"" + database.name() + "\"\nuser = \"" +
                                         database.name() + "_import\"\npassword = \"secret\"\n");
  std::filesystem::permissions(config, std::filesystem::perms(0600));
  const Result nothing = Import();
  Sql("GRANT SELECT ON " + panel.database.name() + ".users TO " + name);
  const Result one = Import();
  Sql("DROP USER " + name);
  for (const Result& result : {nothing, one}) {
    const std::string& err = result.err;
    BOOST_TEST(result.status != 0);
    BOOST_TEST(Holds(err, "the GRANTs stand in the handbook under \"Moving from a CVM panel\""), err);
    BOOST_TEST(!Holds(err, "sql/grants.sql"), err);
    BOOST_TEST(err.find("denied") == err.rfind("denied"), err);
  }
}

BOOST_AUTO_TEST_CASE(TwoSaltsThatDifferAreRefusedAndNamedByTheirRows) {
  const std::string salt = directory.Write("salt", "klmnopqrst\n");
  std::filesystem::permissions(salt, std::filesystem::perms(0600));
  panel.Sql("INSERT INTO settings (Id, `Key`, Value) VALUES (70, 'salt', 'klmnopqrst'), (71, 'salt', NULL)");
  const Result equal = Import();
  panel.Sql("UPDATE settings SET Value = 'KLMNOPQRST' WHERE Id = 70");
  const Result refused = Import();
  const Result by_file = Import({"--salt-file", salt});
  panel.Sql("DELETE FROM settings WHERE Id >= 70");
  BOOST_TEST((equal.status == 0 && equal.out.empty()), equal.err);
  BOOST_TEST(refused.status == 2, refused.err);
  BOOST_TEST(Holds(refused.err, "the panel's settings hold different salts, in the rows 2, 70: "),
             refused.err);
  BOOST_TEST(Holds(refused.err, "--salt-file"), refused.err);
  BOOST_TEST((by_file.status == 0 && by_file.out.empty()), by_file.err);
  BOOST_TEST(!Holds(everything, "KLMNOPQRST"));
}

BOOST_AUTO_TEST_CASE(ANameLikeTheOneThatARowIsParkedUnderIsInNobodysWay) {
  panel.Sql(
      "INSERT INTO users (Id, Username) VALUES (10, 'import of CVM user 3'), (11, CONCAT(CHAR(1), '3'))");
  Must();
  panel.Sql("UPDATE users SET Username = 'janet' WHERE Id = 3");
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(dry == "users 3: changed: name \"jane\" → \"janet\"\n");
  BOOST_TEST(Must() == dry);
  BOOST_TEST(One("SELECT name FROM users WHERE id = 10") == "import of CVM user 3");
}

struct Large : Syncing {
  Large() {
    for (int i = 0; i < 20; ++i) {
      const std::string id = std::to_string(100 + i);
      panel.Sql("INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES (" + id +
                ", 1, " + (i < 10 ? "3" : "7") + ", 'public" + id + "', '" + kHash + "', 'abc')");
      panel.Sql(kContainer + "(" + id + ", 1, '1" + id +
                "', 4, 'h', 1, 1, 1, 0, 1, '', 4, 0, 0, 0, 0, 0, 3)");
    }
    Must();
  }
  // 22 pairs and 22 VPSes.
  void NothingIsEnded() {
    BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE revoked_at IS NULL") == 22u);
    BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE state <> 'terminated'") == 22u);
  }
};

BOOST_FIXTURE_TEST_CASE(ASyncThatWouldEndMostOfWhatIsInForceIsRefusedUnlessThatIsAllowed, Large) {
  panel.Sql("DELETE FROM api_keys WHERE Id > 109 OR Id = 11 OR Id = 12");
  panel.Sql("DELETE FROM containers WHERE Id BETWEEN 100 AND 104");
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id BETWEEN 105 AND 111");
  const std::string pairs = "12 of the 22 imported pairs in force would be revoked";
  const std::string vpses = "12 of the 22 imported VPSes that live would be terminated";
  Fails(2, pairs + ", and " + vpses + ", as by a panel that is only half restored");
  Fails(2, "--allow-mass-end", {"--final"});
  NothingIsEnded();
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(Holds(notes, "api_keys all: " + pairs + ": refused without --allow-mass-end\n"), notes);
  BOOST_TEST(Holds(notes, "containers all: " + vpses + ": refused without --allow-mass-end\n"), notes);
  NothingIsEnded();
  BOOST_TEST(Must({"--allow-mass-end"}) == dry);
  BOOST_TEST(!Holds(notes, "would be"), notes);
  BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE revoked_at IS NULL") == 10u);
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE state <> 'terminated'") == 10u);
  BOOST_TEST(Must() == "");
}

BOOST_FIXTURE_TEST_CASE(KeysWhoseUsersAreNotRestoredYetCountAndHalfOfAllIsTaken, Large) {
  panel.Sql("DELETE FROM api_keys WHERE Id = 11");
  panel.Sql("DELETE FROM containers WHERE Id BETWEEN 100 AND 110");
  panel.Sql("UPDATE users SET Id = 30 WHERE Id = 3");
  const Result half = Import({"--dry-run"});
  BOOST_TEST(half.status == 0);
  BOOST_TEST(!Holds(half.err, "--allow-mass-end"), half.err);
  panel.Sql("UPDATE users SET Id = IF(Id = 7, 70, 3)");
  Fails(2, "12 of the 22 imported pairs");
  NothingIsEnded();
}

BOOST_AUTO_TEST_CASE(ASyncThatSeesTheColumnTerminatedNoMoreIsRefused) {
  panel.Sql("UPDATE containers SET `Terminated` = 1 WHERE Id = 22");
  BOOST_TEST(Holds(Must(), "vpses 22: changed: state \"suspended\" → \"terminated\""));
  panel.Sql("ALTER TABLE containers CHANGE `Terminated` Hidden TINYINT DEFAULT 0");
  const Result refused = Import();
  const Result dry = Import({"--dry-run"});
  panel.Sql("ALTER TABLE containers CHANGE Hidden `Terminated` TINYINT DEFAULT 0");
  BOOST_TEST(refused.status == 2, refused.err);
  BOOST_TEST(dry.status == refused.status);
  BOOST_TEST(Holds(refused.err, "containers.Terminated was there at an earlier import"), refused.err);
  BOOST_TEST(One("SELECT state FROM vpses WHERE id = 22") == "terminated");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(ATerminatedThatIsNeitherIsSaidToBeSo) {
  panel.Sql("UPDATE containers SET `Terminated` = 5 WHERE Id = 21");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(notes, "containers 21: not imported: its Terminated \"5\" is neither 0 nor 1"), notes);
  panel.Sql("UPDATE containers SET `Terminated` = 0 WHERE Id = 21");
}

BOOST_AUTO_TEST_CASE(ASaltThatChangedIsSaidOnceWithTheNumberOfPairsThatItIsAbout) {
  const std::string said =
      "settings salt: it changed since the last import while the hashes of pairs did not (";
  BOOST_TEST(!Holds(notes, said), notes);
  const std::string salt = directory.Write("salt", "KLMNOPQRST\n");
  std::filesystem::permissions(salt, std::filesystem::perms(0600));
  panel.Sql("UPDATE api_keys SET Salt = 'abc$' WHERE Id = 12");  // crypt takes nothing behind it
  panel.Sql(
      "INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES (13, 1, 3, "
      "'third', '" +
      kHash + "', 'abc'), (14, 1, 3, 'fourth', '" + kHash + "', 'abc')");
  Must();
  BOOST_TEST(Holds(notes, said + "1 of them): "), notes);
  panel.Sql("UPDATE api_keys SET PrivateToken = REPEAT('a', 43) WHERE Id = 14");  // a new token: no doubt
  Must({"--salt-file", salt, "--dry-run"});
  BOOST_TEST(Holds(notes, said + "2 of them): "), notes);
  const std::string out = Must({"--salt-file", salt});
  BOOST_TEST(Holds(out, "api_tokens 11: changed: private_hash (not shown)\n"), out);
  BOOST_TEST(!Holds(out, "api_tokens 12"), out);
  BOOST_TEST(Holds(notes, said + "2 of them): "), notes);
  BOOST_TEST(Must({"--salt-file", salt}) == "");
  BOOST_TEST(!Holds(notes, said), notes);
  Must();  // back to the panel's own
  BOOST_TEST(Holds(notes, said + "3 of them): "), notes);
  BOOST_TEST(!Holds(everything, "KLMNOPQRST"));
}

BOOST_AUTO_TEST_CASE(AnEmptySaltIsTakenFromTheTableAndFromAFileAndNamedOnEveryRun) {
  const std::string salt = directory.Write("empty", "\n");
  Must({"--salt-file", salt, "--dry-run"});
  BOOST_TEST(Holds(notes, "settings salt: it is empty"), notes);
  panel.Sql("UPDATE settings SET Value = '' WHERE `Key` = 'salt'");
  for (int run = 0; run < 2; ++run) {
    Must();
    BOOST_TEST(Holds(notes, "settings salt: it is empty"), notes);
  }
  panel.Sql("UPDATE settings SET Value = 'klmnopqrst' WHERE `Key` = 'salt'");
}

// The row that cannot be taken over stays where it is, and so does each that was to have the place of one.
BOOST_AUTO_TEST_CASE(AChainOfMovesBehindARowThatIsNotImportedIsLeftAsItIs) {
  const std::string rest = ", 4, 'h', 1, 1, 0, 0, 1, '', 4, 0, 0, 0, 0, 900, 7)";
  panel.Sql(kContainer + "(24, 1, '104'" + rest + ", (25, 1, '105'" + rest + ", (26, 1, '106'" + rest);
  Must();
  panel.Sql(
      "UPDATE containers SET InternalId = CASE Id WHEN 21 THEN '200' WHEN 24 THEN '101' WHEN 25 THEN '104' "
      "ELSE '105' END, BurstableRam = IF(Id = 21, -1, 0) WHERE Id IN (21, 24, 25, 26)");
  BOOST_TEST(Must() == "");
  for (const char* held : {"24: not imported: the container 101", "25: not imported: the container 104",
                           "26: not imported: the container 105"}) {
    BOOST_TEST(Holds(notes, std::string("containers ") + held + " of node 4 is held by another row here"),
               notes);
  }
  panel.Sql("UPDATE containers SET BurstableRam = 0 WHERE Id = 21");
  Must();
  BOOST_TEST(One("SELECT GROUP_CONCAT(ctid ORDER BY id) FROM vpses WHERE id IN (21, 24, 25, 26)") ==
             "200,101,104,105");
}

// Each held where it waits for its turn.
BOOST_AUTO_TEST_CASE(ImportsThatWaitedForTheirTurnWriteWhatThePanelSaysThenAndOneWaitsForTheOther) {
  const db::Sql deadlocks =
      "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'INNODB_DEADLOCKS'";
  const std::string before = One(deadlocks);
  db::Pool other(database.Root());
  std::vector<std::future<Result>> imports;
  const auto held = other.Transact(test::Patience(), [&](db::Session& session) {
    session.Query("SELECT source FROM imports FOR UPDATE", {}, [](const db::Row&) {});
    panel.Sql("UPDATE users SET Username = 'early' WHERE Id = 3");
    for (int i = 0; i < 3; ++i) {
      imports.push_back(std::async(std::launch::async, [&] {
        return CtlAside({"import", "cvm", "--database", panel.database.name()});
      }));
    }
    BOOST_TEST(test::Eventually([&] {
      return Count(
                 "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> "
                 "CONNECTION_ID() AND info LIKE '%imports%'") == 3u;
    }));
    panel.Sql("UPDATE users SET Username = 'late' WHERE Id = 3");
  });
  BOOST_TEST(held.ok());
  std::string out;
  for (auto& import : imports) {
    const Result result = import.get();
    BOOST_TEST(result.status == 0, result.err);
    out += result.out;
  }
  BOOST_TEST(out == "users 3: changed: name \"jane\" → \"late\"\n");
  BOOST_TEST(One(deadlocks) == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::test::panel
