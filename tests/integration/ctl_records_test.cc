// cvmctl's tokens and records against a real database.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/ctl_fixture.h"
#include "tests/support/program.h"

namespace cvm::ctl {
namespace {

using test::Column;
using test::Holds;
using test::Number;
using test::RunSql;
using Words = std::vector<std::string>;

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

// Text that is taken, with something that happens once it has been read.
class Reader : public std::stringbuf {
 public:
  explicit Reader(std::function<void()> then) : then_(std::move(then)) {}

 private:
  int sync() override {
    if (then_) std::exchange(then_, nullptr)();
    return std::stringbuf::sync();
  }
  std::function<void()> then_;
};

// What became of the pairs, by ID: "good" for ever, "dying", or "revoked".
Words Fates(db::Pool& pool) {
  return Column(pool,
                "SELECT IF(revoked_at IS NOT NULL, 'revoked', IF(expires_at IS NULL, 'good', 'dying')) FROM "
                "api_tokens ORDER BY id");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(CtlTokens, test::CtlFixture)

BOOST_AUTO_TEST_CASE(APairIsGoodFromItsNetworksOnlyAndForLookingOnly) {
  const Made pair = Make({"token", "create", "jane", "--read-only", "--allow-from", "192.0.2.0/24",
                          "2001:db8::/32", "192.0.2.0/24"});
  BOOST_TEST((Judge(pair) == auth::Verdict::kReadOnly));
  BOOST_TEST((Judge(pair, "::ffff:192.0.2.9") == auth::Verdict::kReadOnly));
  BOOST_TEST((Judge(pair, "2001:db8:1::1") == auth::Verdict::kReadOnly));
  BOOST_TEST((Judge(pair, "198.51.100.1") == auth::Verdict::kNotValid));
  const auto shown = Json({"token", "show", pair.public_token});
  BOOST_TEST(shown.root().Member("allowed_from")->Elements()->size() == 2u);
  BOOST_TEST(Text(shown.root(), "made_by") == "operator olga");
  BOOST_TEST(Text(shown.root(), "state") == "active");
  BOOST_TEST(!Holds(Must({"token", "show", pair.id}), pair.private_token));
}

BOOST_AUTO_TEST_CASE(ANetworkThatIsUnclearMakesNoPair) {
  Fails({"token", "create", "jane", "--allow-from", "192.0.2.7/24"}, 2, "the network is 192.0.2.0/24");
  Fails({"token", "create", "jane", "--allow-from", "example.org"}, 2, "--allow-from");
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM api_tokens") == 0u);
}

BOOST_AUTO_TEST_CASE(APairExpiresWhenItIsTold) {
  const Made dated = Make({"token", "create", "jane", "--expires", "2099-01-31 18:00"});
  BOOST_TEST(Text(Json({"token", "show", dated.id}).root(), "expires_at") == "2099-01-31 18:00:00");
  const Made spanned = Make({"token", "create", "jane", "--expires", "90d"});
  BOOST_TEST(
      Number(pool, "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(3), expires_at) FROM api_tokens WHERE id = 2") ==
      2159u);
  BOOST_TEST((Judge(spanned) == auth::Verdict::kFull));
  Fails({"token", "create", "jane", "--expires", "2020-01-01"}, 2, "expired already");
  Fails({"token", "create", "jane", "--expires", "0d"}, 2, "expired already");
  RunSql(pool, "UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) WHERE id = 2");
  BOOST_TEST((Judge(spanned) == auth::Verdict::kNotValid));
  BOOST_TEST(Text(Json({"token", "show", "2"}).root(), "state") == "expired");
}

BOOST_AUTO_TEST_CASE(ARotatedPairKeepsItsOptionsAndTheOldOneForAWhile) {
  const Made old = Make({"token", "create", "jane", "--label", "monitor", "--read-only", "--allow-from",
                         "192.0.2.0/24", "--expires", "400d"});
  const Made fresh = Make({"token", "rotate", old.public_token, "--grace", "2h"});
  BOOST_TEST(fresh.public_token != old.public_token);
  for (const Made& pair : {old, fresh}) {
    BOOST_TEST((Judge(pair) == auth::Verdict::kReadOnly));
    BOOST_TEST((Judge(pair, "10.0.0.1") == auth::Verdict::kNotValid));
  }
  const auto shown = Json({"token", "show", fresh.id});
  BOOST_TEST(Text(shown.root(), "label") == "monitor");
  BOOST_TEST(
      Column(pool,
             "SELECT CONCAT(TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(3), expires_at) DIV 60) FROM api_tokens "
             "ORDER BY id") == (Words{"1", "9599"}),
      boost::test_tools::per_element());
  RunSql(pool, "UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) WHERE id = 1");
  BOOST_TEST((Judge(old) == auth::Verdict::kNotValid));
  BOOST_TEST((Judge(fresh) == auth::Verdict::kReadOnly));
  Fails({"token", "rotate", old.id}, 4, "expired");
}

BOOST_AUTO_TEST_CASE(AGraceNeverOutlivesTheOldPair) {
  const Made old = Make({"token", "create", "jane", "--expires", "1h"});
  Make({"token", "rotate", old.id, "--grace", "9d"});
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM api_tokens WHERE id = 1 AND expires_at <= UTC_TIMESTAMP(3) + "
                    "INTERVAL 1 HOUR") == 1u);
  const Made endless = Make({"token", "create", "jane"});
  Make({"token", "rotate", endless.id, "--grace", "0s"});
  BOOST_TEST((Judge(endless) == auth::Verdict::kNotValid));
  Fails({"token", "rotate", "nobody"}, 3, "nobody");
  Must({"token", "revoke", "2"});
  Fails({"token", "rotate", "2"}, 4, "revoked");
}

BOOST_AUTO_TEST_CASE(APairThatCannotBeWrittenIsRevokedAndTheOldOneLivesOn) {
  const Made old = Make({"token", "create", "jane"});
  const std::string cvmctl = test::RequireEnv("CVM_TEST_BUILD") + "/cvmctl --config " + config + " token ";
  for (const std::string& full :
       {std::string(" >/dev/full"), std::string(" >&-"), std::string(" --json >/dev/full")}) {
    for (const std::string& command : {"rotate " + old.id, std::string("create jane")}) {
      const auto result = test::RunProgram({"sh", "-c", cvmctl + command + full});
      BOOST_TEST(result.exit_status == 1, command + full);
      BOOST_TEST(Holds(result.err, "was revoked again"), result.err);
    }
  }
  BOOST_TEST(Fates(pool) == (Words{"good", "revoked", "revoked", "revoked", "revoked", "revoked", "revoked"}),
             boost::test_tools::per_element());
  BOOST_TEST((Judge(old) == auth::Verdict::kFull));
}

BOOST_AUTO_TEST_CASE(TheOldPairBeginsToEndOnceTheNewOneHasBeenHandedOut) {
  Make({"token", "create", "jane"});
  Words seen;
  Reader reader([&] { seen = Fates(pool); });
  std::istringstream in;
  std::ostream out(&reader);
  std::ostringstream err;
  Console console{in, out, err, false};
  BOOST_TEST(Run({"--config", config, "token", "rotate", "1"}, console) == 0);
  BOOST_TEST(seen == (Words{"good", "good"}), boost::test_tools::per_element());
  BOOST_TEST(Fates(pool) == (Words{"dying", "good"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ADatabaseThatGoesAwayInTheMiddleOfARotationLeavesBothPairsGood) {
  const Made old = Make({"token", "create", "jane"});
  Reader reader([&] { RunSql(pool, "RENAME TABLE action_log TO gone"); });
  std::istringstream in;
  std::ostream out(&reader);
  std::ostringstream err;
  Console console{in, out, err, false};
  BOOST_TEST(Run({"--config", config, "token", "rotate", "1", "--json"}, console) != 0);
  BOOST_TEST(Holds(err.str(), "cvmctl token revoke " + old.public_token), err.str());
  BOOST_TEST(json::Document::Parse(reader.str()).ok(), reader.str());
  BOOST_TEST(Fates(pool) == (Words{"good", "good"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(OfAPairWithoutARecordItIsSaidThatThereIsNone) {
  RunSql(pool, "INSERT INTO api_tokens (user_id, public_token, private_hash) VALUES (1, 'panels', 'x')");
  BOOST_TEST(Holds(Must({"token", "show", "panels"}), "no record: a panel made it"));
  BOOST_TEST(Json({"token", "show", "panels"}).root().Member("made_by")->IsNull());
  RunSql(pool, "UPDATE api_tokens SET source = 'cvm', source_id = 1");
  BOOST_TEST(Text(Json({"token", "show", "panels"}).root(), "made_by") == "import from cvm");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(CtlRecords, test::CtlFixture)

BOOST_AUTO_TEST_CASE(EveryChangeIsRecordedOnceWithWhoMadeIt) {
  AddNode();
  Must({"node", "pin", "alpha", kKey});
  Must({"template", "add", "debian"});
  const std::string vps = AddVps("101");
  Must({"vps", "suspend", vps});
  Must({"vps", "unsuspend", vps});
  Must({"vps", "terminate", vps, "--yes"});
  Must({"node", "remove", "alpha"});
  Must({"user", "disable", "jane"});
  Must({"user", "disable", "jane"});
  Must({"user", "enable", "jane"});
  const Made pair = Make({"token", "create", "jane"});
  const Made fresh = Make({"token", "rotate", pair.id});
  Must({"token", "revoke", fresh.id});
  Must({"token", "revoke", fresh.id});
  BOOST_TEST(Column(pool, "SELECT action FROM action_log ORDER BY id") ==
                 (Words{"user-add", "node-add", "node-pin", "template-add", "vps-add", "suspend", "unsuspend",
                        "terminate", "node-remove", "stop-drop", "user-disable", "user-enable",
                        "token-create", "token-rotate", "token-expire", "token-revoke"}),
             boost::test_tools::per_element());
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM action_log WHERE actor_kind <> 'operator' OR actor <> 'olga' OR "
                    "ended_at IS NULL") == 0u);
}

BOOST_AUTO_TEST_CASE(AWordThatMayBeANameAndAnIdIsRefusedAndNoNameThatIsOneIsMade) {
  for (const char* group : {"user", "template"}) Fails({group, "add", "5"}, 2, "is a plain number");
  Fails({"node", "add", "007", "--host", "h", "--host-key", kKey}, 2, "is a plain number");
  const Made first = Make({"token", "create", "jane"});
  const Made second = Make({"token", "create", "jane"});
  RunSql(pool, "UPDATE api_tokens SET public_token = '1' WHERE id = 2");
  for (const char* verb : {"revoke", "rotate", "show"}) Fails({"token", verb, "1"}, 4, "of pair 2");
  Fails({"log", "--token", "1"}, 4, "of pair 2");
  Must({"token", "revoke", "2"});
  Must({"token", "revoke", first.public_token});
  RunSql(pool, "INSERT INTO users (id, name) VALUES (9, '1')");
  Fails({"log", "--user", "1"}, 4, "what has the ID 9");
  Must({"log", "--user", "9"});
  Must({"log", "--user", "jane"});
}

BOOST_AUTO_TEST_CASE(AChangeThatFailsIsNotRecorded) {
  Fails({"user", "add", "jane"}, 4, "jane");
  Fails({"token", "create", "jane", "--expires", "2020-01-01"}, 2, "expired");
  Fails({"node", "remove", "alpha"}, 3, "alpha");
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log") == 1u);
}

BOOST_AUTO_TEST_CASE(RecordsAreShownNewestFirstOfOneThingAndSinceATime) {
  AddNode();
  const std::string vps = AddVps("101");
  Must({"vps", "unsuspend", vps});
  const Made pair = Make({"token", "create", "jane"});
  const auto actions = [&](Words words) {
    Words found;
    words.insert(words.begin(), "log");
    const auto document = Json(words);
    const auto entries = *document.root().Elements();
    for (const auto& entry : entries) found.push_back(Text(entry, "action"));
    return found;
  };
  BOOST_TEST(actions({}) == (Words{"token-create", "unsuspend", "vps-add", "node-add", "user-add"}),
             boost::test_tools::per_element());
  BOOST_TEST(actions({"--vps", vps}) == (Words{"unsuspend", "vps-add"}), boost::test_tools::per_element());
  BOOST_TEST(actions({"--user", "jane", "--limit", "2"}) == (Words{"token-create", "unsuspend"}),
             boost::test_tools::per_element());
  BOOST_TEST(actions({"--user", "1"}).size() == 4u);
  BOOST_TEST(actions({"--token", pair.public_token}) == Words{"token-create"},
             boost::test_tools::per_element());
  BOOST_TEST(actions({"--token", pair.id}) == Words{"token-create"}, boost::test_tools::per_element());
  Fails({"log", "--user", "joe"}, 3, "no such user");
  RunSql(pool, "UPDATE action_log SET begun_at = UTC_TIMESTAMP(3) - INTERVAL 2 DAY WHERE id < 3");
  BOOST_TEST(actions({"--since", "1d"}).size() == 3u);
  BOOST_TEST(actions({"--since", "3d"}).size() == 5u);
  BOOST_TEST(actions({"--since", "2099-01-01"}).empty());
  BOOST_TEST(Holds(Must({"log"}), "h101, container 101 on alpha"));
}

BOOST_AUTO_TEST_CASE(ALoginThatIsNoUtf8IsRecordedEscaped) {
  for (const auto& [login, recorded] :
       {std::pair("ol\xe4", "ol\\xe4"), std::pair("ol\xc3\xa4", "ol\xc3\xa4")}) {
    setenv("SUDO_USER", login, 1);
    Must({"user", "add", "of" + std::to_string(Number(pool, "SELECT COUNT(*) FROM users"))});
    BOOST_TEST(Column(pool, "SELECT actor FROM action_log ORDER BY id DESC LIMIT 1").at(0) == recorded);
  }
}

BOOST_AUTO_TEST_CASE(ALongLoginDoesNotWidenTheTableOfRecords) {
  const std::string login(190, 'o');
  setenv("SUDO_USER", login.c_str(), 1);
  Must({"user", "add", "karl"});
  const std::string table = Must({"log"});
  BOOST_TEST(!Holds(table, login.substr(0, 33)), table);
  BOOST_TEST(Holds(table, login.substr(0, 29) + "..."), table);
  BOOST_TEST(Holds(Must({"log", "--json"}), "\"" + login + "\""));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::ctl
