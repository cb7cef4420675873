// Syncs with a CVM panel in which an ID that was gone is given to another: nothing of the one before is left
// to the new holder.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/panel_import_fixture.h"

namespace cvm::test::panel {
namespace {

BOOST_FIXTURE_TEST_SUITE(PanelImportReuse, Syncing)

struct UserIdReused : Syncing {
  UserIdReused() {
    for (const char* user : {"jane", "bob"}) BOOST_TEST(Ctl({"token", "create", user}).status == 0);
    made = One("SELECT CAST(MIN(id) AS CHAR) FROM api_tokens WHERE source IS NULL");
    bobs = One("SELECT CAST(MAX(id) AS CHAR) FROM api_tokens WHERE source IS NULL");
    panel.Sql("DELETE FROM users WHERE Id = 3");
    panel.Sql("DELETE FROM api_keys WHERE UserId = 3");
    panel.Sql("DELETE FROM containers WHERE UserId = 3");
  }
  std::string made, bobs;
};

BOOST_FIXTURE_TEST_CASE(PairsMadeHereForAUserWhoseIdComesBackAsAnothersAreRevoked, UserIdReused) {
  Must();
  BOOST_TEST(InForce() == "12," + made + "," + bobs);
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  panel.Sql("UPDATE users SET Username = 'robert' WHERE Id = 7");  // that one was never gone
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(InForce() == "12," + made + "," + bobs);
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out, "api_tokens " + made + ": revoked, as its user's ID is another's now\n"), out);
  BOOST_TEST(Holds(notes, "users 3: its ID was the one of \"jane\", who was gone from the panel"), notes);
  BOOST_TEST(InForce() == "12," + bobs);
  BOOST_TEST(Recorded("token-revoke") == "3|11|-|not in the CVM panel\n3|" + made +
                                             "|-|its user's ID is another's in the CVM panel\n3|11|-|its "
                                             "user's ID is another's in the CVM panel, for good\n");
  BOOST_TEST(Must() == "");
  BOOST_TEST(!Holds(notes, "its ID was"), notes);
  BOOST_TEST(InForce() == "12," + bobs);
}

BOOST_FIXTURE_TEST_CASE(AUserWhoComesBackUnderTheSameNameKeepsThePairsMadeHere, UserIdReused) {
  Must();
  panel.Sql("INSERT INTO users (Id, Username, EmailAddress) VALUES (3, 'jane', 'jane@example.org')");
  Must();
  panel.Sql("UPDATE users SET Username = 'janet' WHERE Id = 3");  // a name is changed, nobody was gone
  Must();
  BOOST_TEST(InForce() == "12," + made + "," + bobs);
}

BOOST_AUTO_TEST_CASE(AVpsWhoseIdComesBackForAnotherUserBeginsAnew) {
  Sql("INSERT INTO traffic_daily (vps_id, day, bytes_in, bytes_out) VALUES (21, UTC_DATE(), 5000, 6000)");
  Sql("UPDATE traffic_period SET bytes_in = 5000, bytes_out = 6000, opening_in = 0 WHERE vps_id = 21");
  Sql("UPDATE vpses SET billing_day = 15 WHERE id = 21");
  panel.Sql("DELETE FROM containers WHERE Id = 21");
  Must();
  panel.Sql(kContainer + "(21, 1, '121', 4, 'new.example', 1, 1, 0, 0, 1, '', 4, 7, 8, 0, 0, 900, 7)");
  const std::string dry = Must({"--dry-run"});
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out,
                   "vpses 21: purged, as its ID is another's now: one.example, container 101 on node "
                   "4\nvpses 21: added: user_id \"7\""),
             out);
  BOOST_TEST(Holds(out, "traffic_period 21: changed: opening_in \"0\" → \"7\", opening_out \"0\" → \"8\""),
             out);
  BOOST_TEST(One(kPeriod21) == "1|0|0|7|8");
  BOOST_TEST(Count("SELECT COUNT(*) FROM traffic_daily WHERE vps_id = 21") == 0u);
  BOOST_TEST(One("SELECT CONCAT_WS('|', user_id, state, stop_pending, billing_day, hostname) FROM vpses "
                 "WHERE id = 21") == "7|active|0|1|new.example");
  BOOST_TEST(Recorded("vps-purge") ==
             "3|-|21|its ID is another's in the CVM panel: one.example, container 101 on node 4\n");
  BOOST_TEST(Must() == "");
}

// As where a panel merges two accounts.
BOOST_AUTO_TEST_CASE(ATerminatedVpsThatIsHandedOverAndStaysTerminatedIsNoNewOne) {
  Sql("UPDATE vpses SET billing_day = 15 WHERE id = 21");
  Sql("INSERT INTO traffic_daily (vps_id, day, bytes_in, bytes_out) VALUES (21, UTC_DATE(), 5000, 6000)");
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 21");
  Must();
  for (const char* user : {"7", "3"}) {
    panel.Sql(std::string("UPDATE containers SET UserId = ") + user + " WHERE Id = 21");
    const std::string out = Must();
    BOOST_TEST(Holds(out, "vpses 21: changed: user_id "), out);
    BOOST_TEST(!Holds(out, "purged"), out);
    BOOST_TEST(One("SELECT CONCAT_WS('|', user_id, state, stop_pending, billing_day, (SELECT COUNT(*) FROM "
                   "traffic_daily d WHERE d.vps_id = v.id)) FROM vpses v WHERE id = 21") ==
               std::string(user) + "|terminated|1|15|1");
  }
}

BOOST_AUTO_TEST_CASE(AVpsThatComesBackForTheSameUserKeepsWhatWasCounted) {
  Sql("UPDATE traffic_period SET bytes_in = 5000 WHERE vps_id = 21");
  panel.Sql("UPDATE containers SET Id = 91 WHERE Id = 21");
  Must();
  panel.Sql("UPDATE containers SET Id = 21 WHERE Id = 91");
  Must();
  BOOST_TEST(Holds(One(kPeriod21), "|5000|"));
}

// A name is settled anew with each sync, by who else holds it.
BOOST_AUTO_TEST_CASE(AUserWhoComesBackUnderTheSameNameKeepsThePairsMadeHereHoweverTheNameIsSettled) {
  const auto comes_back = [&](const std::string& others_name, const char* settled) {
    panel.Sql("DELETE FROM users WHERE Id = 61");
    Must();
    panel.Sql("UPDATE users SET Username = '" + others_name + "' WHERE Id = 3");
    panel.Sql("INSERT INTO users (Id, Username) VALUES (61, 'jane')");
    const std::string out = Must();
    BOOST_TEST(!Holds(out, "api_tokens"), out);
    BOOST_TEST(!Holds(notes, "its ID was"), notes);
    BOOST_TEST(One("SELECT name FROM users WHERE id = 61") == settled);
    BOOST_TEST(Count("SELECT COUNT(*) FROM api_tokens WHERE source IS NULL AND revoked_at IS NULL") == 1u);
  };
  panel.Sql("INSERT INTO users (Id, Username) VALUES (61, 'jane')");
  Must();
  BOOST_TEST(Ctl({"token", "create", "jane (61)"}).status == 0);
  comes_back("janet", "jane");
  comes_back("jane", "jane (61)");
  panel.Sql("DELETE FROM users WHERE Id = 61");
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (61, 'janet')");
  BOOST_TEST(Holds(Must(), ": revoked, as its user's ID is another's now"));
}

BOOST_AUTO_TEST_CASE(WhoseAUsersIdIsIsNotDecidedByAnEmptyName) {
  const auto comes_back_as = [&](const std::string& name) {
    panel.Sql("DELETE FROM users WHERE Id = 3");
    Must();
    panel.Sql("INSERT INTO users (Id, Username) VALUES (3, NULL)");
    const std::string dry = Must({"--dry-run"});
    const std::string out = Must();
    BOOST_TEST(out == dry);
    BOOST_TEST(out == "");
    BOOST_TEST(Holds(notes, "users 3: not imported: it was gone and has no name now"), notes);
    BOOST_TEST(InForce() == "12");
    panel.Sql("UPDATE users SET Username = '" + name + "' WHERE Id = 3");
    return Must();
  };
  BOOST_TEST(Holds(comes_back_as("jane"), "api_tokens 11: in force again\n"));
  BOOST_TEST(InForce() == "11,12");
  BOOST_TEST(Holds(comes_back_as("mallory"), "api_tokens 11: revoked for good"));
  BOOST_TEST(InForce() == "12");
}

BOOST_AUTO_TEST_CASE(AUserWhoNeverHadANameOrHasOneThatIsHeldComesBackAsTheSame) {
  panel.Sql("UPDATE users SET Username = NULL WHERE Id = 3");
  panel.Sql("INSERT INTO users (Id, Username) VALUES (4, 'bob'), (5, 'bob (7)')");
  Must();
  BOOST_TEST(One("SELECT GROUP_CONCAT(name ORDER BY id) FROM users WHERE id IN (3, 7)") ==
             "user of CVM 3,user of CVM 7");
  panel.Sql("DELETE FROM users WHERE Id IN (3, 7)");
  Must();
  BOOST_TEST(InForce() == "-");
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, NULL), (7, 'bob')");
  Must();
  BOOST_TEST(InForce() == "11,12");
}

// As the handbook says.
BOOST_AUTO_TEST_CASE(WhatWasRevokedForGoodByMistakeIsInForceAgainOnceThatIsTakenBack) {
  panel.Sql("DELETE FROM users WHERE Id = 3");
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'janet')");
  BOOST_TEST(Holds(Must(), "api_tokens 11: revoked for good"));
  BOOST_TEST(Must() == "");
  Sql("UPDATE api_tokens SET import_revoked_at = revoked_at WHERE id = 11");
  BOOST_TEST(Must() == "api_tokens 11: in force again\n");
  BOOST_TEST(InForce() == "11,12");
}

BOOST_FIXTURE_TEST_CASE(AVpsWhoseIdComesBackTogetherWithItsUsersBeginsAnew, UserIdReused) {
  Sql("UPDATE traffic_period SET bytes_in = 5000, bytes_out = 6000, opening_in = 0 WHERE vps_id = 21");
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  panel.Sql(kContainer + "(21, 1, '121', 4, 'new.example', 1, 1, 0, 0, 1, '', 4, 7, 8, 0, 0, 900, 3)");
  const std::string dry = Must({"--dry-run"});
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out,
                   "vpses 21: purged, as its ID is another's now: one.example, container 101 on node "
                   "4\nvpses 21: added: user_id \"3\""),
             out);
  BOOST_TEST(One(kPeriod21) == "1|0|0|7|8");
  BOOST_TEST(Recorded("vps-purge") ==
             "3|-|21|its ID is another's in the CVM panel: one.example, container 101 on node 4\n");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(TheTerminatedVpsesOfTheOneBeforeAreNotShownToTheNewHolderOfAUsersId) {
  const std::string hers = ", 4, 'h', 1, 1, 0, 0, 1, '', 4, 0, 0, 0, 0, 900, 3)";
  panel.Sql(kContainer + "(24, 1, '104'" + hers + ", (25, 1, '105'" + hers);
  Must();
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 24");
  Must();
  Sql("UPDATE vpses SET stop_pending = 0");
  panel.Sql("DELETE FROM users WHERE Id = 3");
  panel.Sql("DELETE FROM containers WHERE Id = 21");
  BOOST_TEST(Holds(Must(), "vpses 21: terminated\n"));
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  panel.Sql("DELETE FROM containers WHERE Id = 25");
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE user_id = 3") == 3u);
  const std::string out = Must();
  BOOST_TEST(out == dry);
  const std::string what[] = {": one.example, container 101 on node 4\n", ": h, container 104 on node 4\n",
                              ": h, container 105 on node 4\n"};
  const std::string why = ": purged, as its user's ID is another's now",
                    recorded = "|its user's ID is another's in the CVM panel";
  BOOST_TEST(Holds(out, "vpses 21" + why + what[0] + "vpses 24" + why + what[1] + "vpses 25" + why + what[2]),
             out);
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE user_id = 3") == 0u);
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE user_id = 7") == 2u);
  BOOST_TEST(Recorded("vps-purge") ==
             "3|-|21" + recorded + what[0] + "3|-|24" + recorded + what[1] + "3|-|25" + recorded + what[2]);
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AVpsThatThePanelTerminatesAsItsUsersIdIsAnothersIsNamedForThePurge) {
  panel.Sql("DELETE FROM users WHERE Id = 3");
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id IN (21, 22)");
  Must({"--dry-run"});
  const std::string dry = notes;
  Must();
  BOOST_TEST(notes == dry);
  BOOST_TEST(
      Holds(notes, "; terminated by this sync, and shown to the new one until 'cvmctl vps purge': 21\n"),
      notes);
  BOOST_TEST(One(kDue) == "21,22");
  Sql("UPDATE vpses SET stop_pending = 0");
  BOOST_TEST(Ctl({"vps", "purge", "21", "--yes"}).status == 0);
  BOOST_TEST(Must() == "");
  BOOST_TEST(Count("SELECT COUNT(*) FROM vpses WHERE user_id = 3") == 0u);
}

BOOST_FIXTURE_TEST_CASE(AVpsWhoseIdComesBackASyncAfterItsUsersBeginsAnew, UserIdReused) {
  Sql("UPDATE traffic_period SET bytes_in = 5000, bytes_out = 6000 WHERE vps_id = 21");
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  Must();
  panel.Sql(kContainer + "(21, 1, '121', 4, 'new.example', 1, 1, 0, 0, 1, '', 4, 7, 8, 0, 0, 900, 3)");
  BOOST_TEST(Holds(Must(), "vpses 21: added: user_id \"3\""));
  BOOST_TEST(One(kPeriod21) == "1|0|0|7|8");
}

struct StopDue : Syncing {
  StopDue() {
    panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 21");
    Must();
    BOOST_TEST(One(kDue) == "21");
    panel.Sql("DELETE FROM users WHERE Id = 3");
    panel.Sql("DELETE FROM containers WHERE Id = 21");
    Must();
  }
  // With what is said beside the record.
  void IsGivenUp(const std::string& why, const std::string& recorded) {
    const std::string dry = Must({"--dry-run"});
    BOOST_TEST(One(kDue) == "21");
    const std::string out = Must();
    BOOST_TEST(out == dry);
    BOOST_TEST(Holds(out, "vpses 21: stop given up, as " + why + "\nvpses 21: purged, as its "), out);
    BOOST_TEST(out.find("stop given up") == out.rfind("stop given up"), out);
    BOOST_TEST(Recorded("stop-drop") == "3|-|21|" + recorded + "\n");
    BOOST_TEST(One(kDue) == "-");
    BOOST_TEST(Must() == "");
  }
};

BOOST_FIXTURE_TEST_CASE(AStopThatIsDueToAVpsWhoseIdIsAnothersIsGivenUpOnRecordWithTheContainer, StopDue) {
  panel.Sql(kContainer + "(21, 1, '121', 4, 'new.example', 1, 1, 0, 0, 1, '', 4, 7, 8, 0, 0, 900, 7)");
  const std::string look = ": container 101 of node \"alpha\" (4) may run on";
  IsGivenUp("its VPS is purged" + look, "its VPS is purged, as an ID is another's in the CVM panel" + look);
  BOOST_TEST(One("SELECT state FROM vpses WHERE id = 21") == "active");
}

BOOST_FIXTURE_TEST_CASE(AStopThatIsDueToAVpsOfTheOneBeforeIsGivenUpOnRecordWithTheContainer, StopDue) {
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  const std::string look = ": container 101 of node \"alpha\" (4) may run on";
  IsGivenUp("its VPS is purged" + look, "its VPS is purged, as an ID is another's in the CVM panel" + look);
}

BOOST_FIXTURE_TEST_CASE(AContainerThatTheNewVpsOfAnIdHasIsNotSaidToRunOn, StopDue) {
  panel.Sql(kContainer + "(21, 1, '101', 4, 'new.example', 1, 1, 0, 0, 1, '', 4, 7, 8, 0, 0, 900, 7)");
  IsGivenUp("its container is another VPS's", "its container is another VPS's");
}

constexpr db::Sql kSetHere =
    "SELECT CONCAT_WS('|', t.user_id, t.public_token, t.revoked_at IS NULL, t.import_revoked_at IS NULL, "
    "t.label, t.read_only, t.expires_at IS NULL, "
    "(SELECT COUNT(*) FROM api_token_networks n WHERE n.token_id = t.id), "
    "(SELECT COUNT(*) FROM api_token_usage g WHERE g.token_id = t.id)) FROM api_tokens t WHERE t.id = 11";

// What an operator had set for a pair, and when it was used.
struct KeySet : Syncing {
  KeySet() {
    Sql("UPDATE api_tokens SET label = 'hers', read_only = 1, expires_at = UTC_TIMESTAMP(3) + INTERVAL 1 DAY "
        "WHERE id = 11");
    Sql("INSERT INTO api_token_networks (token_id, cidr) VALUES (11, '192.0.2.0/24')");
    Sql("INSERT INTO api_token_usage (token_id, last_used_at, last_used_from) VALUES (11, UTC_TIMESTAMP(3), "
        "'192.0.2.1')");
  }
  void PanelHasKey11(const std::string& user, const std::string& token) {
    panel.Sql("INSERT INTO api_keys (Id, KeyType, UserId, PublicToken, PrivateToken, Salt) VALUES (11, 1, " +
              user + ", '" + token + "', '" + kHash + "', 'x')");
  }
  void BeginsAnew(const std::string& user) {
    const std::string dry = Must({"--dry-run"});
    const std::string out = Must();
    BOOST_TEST(out == dry);
    BOOST_TEST(Holds(out, "api_tokens 11: purged, as its ID is another key's now\napi_tokens 11: added: "),
               out);
    BOOST_TEST(One(kSetHere) == user + "|another|1|1||0|1|0|0");
    BOOST_TEST(Recorded("token-purge") == "3|11|-|its ID is another key's in the CVM panel\n");
    BOOST_TEST(Must() == "");
    BOOST_TEST(!Holds(notes, "api_keys 11"), notes);
  }
};

BOOST_FIXTURE_TEST_CASE(AKeyThatComesBackWithAnotherPublicTokenBeginsAnew, KeySet) {
  panel.Sql("DELETE FROM api_keys WHERE Id = 11");
  Must();
  PanelHasKey11("7", "another");
  BeginsAnew("7");
}

BOOST_FIXTURE_TEST_CASE(AKeyThatComesBackWithItsPublicTokenKeepsWhatWasSetHere, KeySet) {
  for (const bool freed : {false, true}) {  // another key had the token meanwhile
    panel.Sql("UPDATE api_keys SET Id = 99, PublicToken = 'meanwhile' WHERE Id = 11");
    if (freed) panel.Sql("UPDATE api_keys SET PublicToken = 'publicofjane' WHERE Id = 99");
    Must();
    BOOST_TEST(InForce() == "12,99");
    panel.Sql("DELETE FROM api_keys WHERE Id = 99");
    PanelHasKey11("3", "publicofjane");
    BOOST_TEST(Holds(Must(), "api_tokens 11: in force again\n"));
    BOOST_TEST(One(kSetHere) == "3|publicofjane|1|1|hers|1|0|1|1");
  }
  panel.Sql("UPDATE api_keys SET PublicToken = 'another' WHERE Id = 11");  // it was never gone
  Must();
  BOOST_TEST(One(kSetHere) == "3|another|1|1|hers|1|0|1|1");
}

BOOST_FIXTURE_TEST_CASE(AKeyThatWasRevokedForAPassingFaultOfThePanelKeepsWhatWasSetHere, KeySet) {
  const auto another_token = [&](const std::string& token, const std::string& user_too = "") {
    panel.Sql("UPDATE api_keys SET PublicToken = '" + token + "', PrivateToken = '" + kHash +
              "' WHERE Id = 11");
    if (!user_too.empty()) panel.Sql(user_too);
    const std::string out = Must();
    BOOST_TEST(Holds(out, "api_tokens 11: in force again\n"), out);
    BOOST_TEST(One(kSetHere) == "3|" + token + "|1|1|hers|1|0|1|1");
  };
  const auto revoked_by = [&](const std::string& fault) {
    panel.Sql(fault);
    BOOST_TEST(Holds(Must(), "api_tokens 11: revoked\n"), fault);
  };
  revoked_by("UPDATE api_keys SET PublicToken = 'publicofjane' WHERE Id = 12");  // one token, two keys
  another_token("second");
  revoked_by("UPDATE api_keys SET PrivateToken = 'odd' WHERE Id = 11");
  another_token("third");
  revoked_by("DELETE FROM users WHERE Id = 3");
  another_token("fourth", "INSERT INTO users (Id, Username) VALUES (3, 'jane')");
}

BOOST_FIXTURE_TEST_CASE(AKeyThatComesWithTheNewHolderOfItsUsersIdBeginsAnew, KeySet) {
  panel.Sql("DELETE FROM users WHERE Id = 3");
  panel.Sql("DELETE FROM api_keys WHERE Id = 11");
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  PanelHasKey11("3", "another");
  BeginsAnew("3");
}

// The row that was revoked here is what bars its public token.
struct KeyBarred : KeySet {
  void IsBarred() {
    const std::string before = One(kSetHere);
    const std::string dry = Must({"--dry-run"});
    const std::string out = Must();
    BOOST_TEST(out == dry);
    BOOST_TEST(!Holds(out, "api_tokens"), out);
    BOOST_TEST(Must() == "");
    BOOST_TEST(Holds(notes,
                     "api_keys 11: not imported: revoked here, and stays so: the holder needs another "
                     "key in the panel\n"),
               notes);
    BOOST_TEST(One(kSetHere) == before);
    BOOST_TEST(InForce() == "12");
  }
  void UserIsGone() {
    panel.Sql("DELETE FROM users WHERE Id = 3");
    Must();
  }
  void UserIsAnothers() { panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')"); }
  void KeyHas(const std::string& token) {
    panel.Sql("UPDATE api_keys SET PublicToken = '" + token + "' WHERE Id = 11");
  }
};

BOOST_FIXTURE_TEST_CASE(AKeyThatWasRevokedHereIsNotAlteredInItsPublicToken, KeyBarred) {
  BOOST_TEST(Ctl({"token", "revoke", "11"}).status == 0);
  KeyHas("another");
  IsBarred();
  panel.Sql("UPDATE api_keys SET UserId = 7 WHERE Id = 11");
  IsBarred();
}

BOOST_FIXTURE_TEST_CASE(AKeyThatWasRevokedHereIsNotRenewedForTheNewHolderOfItsUsersId, KeyBarred) {
  BOOST_TEST(Ctl({"token", "revoke", "11"}).status == 0);
  UserIsGone();
  UserIsAnothers();
  KeyHas("another");
  IsBarred();
  KeyHas("publicofjane");  // as by a backup of the panel
  Must();
  BOOST_TEST(InForce() == "12");
}

BOOST_FIXTURE_TEST_CASE(AKeyThatWasRevokedForGoodIsNotAlteredInItsPublicToken, KeyBarred) {
  UserIsGone();
  UserIsAnothers();
  BOOST_TEST(Holds(Must(), "api_tokens 11: revoked for good"));
  KeyHas("another");
  IsBarred();
  KeyHas("publicofjane");
  Must();
  BOOST_TEST(InForce() == "12");
}

BOOST_FIXTURE_TEST_CASE(APublicTokenThatWasRevokedHereIsNotGivenOnWhereItsRowGetsAnotherInTheSameSync,
                        KeyBarred) {
  BOOST_TEST(Ctl({"token", "revoke", "11"}).status == 0);
  UserIsGone();
  UserIsAnothers();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (50, 'jane')");
  panel.Sql("UPDATE api_keys SET Id = 99, UserId = 50 WHERE Id = 11");
  PanelHasKey11("3", "another");
  IsBarred();
  BOOST_TEST(
      Holds(notes, "api_keys 99: not imported: the public token publicofjane is held by another row here"),
      notes);
}

BOOST_FIXTURE_TEST_CASE(APublicTokenThatWasRevokedForGoodIsNotGivenOnWhereItsRowGetsAnotherInTheSameSync,
                        KeyBarred) {
  UserIsGone();
  UserIsAnothers();
  BOOST_TEST(Holds(Must(), "api_tokens 11: revoked for good"));
  panel.Sql("UPDATE api_keys SET Id = 99 WHERE Id = 11");
  PanelHasKey11("3", "another");
  IsBarred();
}

BOOST_AUTO_TEST_CASE(AKeyThatThePanelLeftOfTheOneBeforeIsRevokedForGood) {
  const std::string what = "api_tokens 11: revoked for good, as its user's ID is another's now";
  panel.Sql("DELETE FROM users WHERE Id = 3");
  BOOST_TEST(Holds(Must(), "api_tokens 11: revoked\n"));
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  const std::string dry = Must({"--dry-run"});
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out, what + ": the new holder needs a key that is made anew in the panel\n"), out);
  BOOST_TEST(!Holds(out, "in force"), out);
  BOOST_TEST(InForce() == "12");
  BOOST_TEST(Must() == "");
  BOOST_TEST(Holds(notes, "api_keys 11: revoked here, and stays so"), notes);
  panel.Sql("DELETE FROM api_keys WHERE Id = 11");
  Must();
  panel.FillKeys();
  BOOST_TEST(Must() == "");
  BOOST_TEST(InForce() == "12");
}

BOOST_FIXTURE_TEST_CASE(AKeyOfTheOneBeforeStaysRevokedWhereThePanelHasItAgainLater, UserIdReused) {
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  BOOST_TEST(Holds(Must(), "api_tokens 11: revoked for good, as its user's ID is another's now\n"));
  panel.FillKeys();
  BOOST_TEST(Must() == "");
  BOOST_TEST(InForce() == "12," + bobs);
}

BOOST_FIXTURE_TEST_CASE(AUserWhoWasDisabledHereStaysSoUnderANewHolderWhichIsSaid, UserIdReused) {
  BOOST_TEST(Ctl({"user", "disable", "jane"}).status == 0);
  BOOST_TEST(Ctl({"user", "disable", "bob"}).status == 0);
  Must();
  panel.Sql("INSERT INTO users (Id, Username) VALUES (3, 'mallory')");
  const std::string said =
      "users 3: the one who had its ID before was disabled here, and the new holder is so too: 'cvmctl user "
      "enable' with the new name ends that\n";
  Must({"--dry-run"});
  BOOST_TEST(Holds(notes, said), notes);
  Must();
  BOOST_TEST(Holds(notes, said), notes);
  BOOST_TEST(!Holds(notes, "users 7"), notes);
  BOOST_TEST(Count("SELECT disabled FROM users WHERE id = 3") == 1u);
  Must();
  BOOST_TEST(!Holds(notes, "disabled here"), notes);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::test::panel
