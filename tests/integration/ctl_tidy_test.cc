// What cvmctl removes for good, and what it keeps.
#include <boost/test/unit_test.hpp>
#include <future>
#include <string>
#include <vector>

#include "tests/support/await.h"
#include "tests/support/ctl_fixture.h"

namespace cvm::ctl {
namespace {

using test::Column;
using test::Holds;
using test::Number;
using test::RunSql;
using Words = std::vector<std::string>;

struct Fixture : test::CtlFixture {
  Fixture() {
    AddNode();
    vps = AddVps("101");
  }

  // A terminated VPS whose container is known to be stopped, since so many days.
  void Terminate(const std::string& id, const std::string& days) {
    RunSql(pool, "UPDATE vpses SET state = 'terminated', terminated_at = UTC_TIMESTAMP(3) - INTERVAL " +
                     days + " DAY WHERE id = " + id);
  }
  void FillTraffic(const std::string& id) {
    RunSql(pool, "INSERT INTO traffic_daily (vps_id, day) SELECT " + id +
                     ", UTC_DATE() - INTERVAL seq DAY FROM seq_0_to_999");
    RunSql(pool, "INSERT INTO traffic_period (vps_id, begins_on) VALUES (" + id + ", UTC_DATE())");
    RunSql(
        pool,
        "INSERT INTO traffic_samples (vps_id, interface, node_id, boot_id, init_start, bytes_in, bytes_out, "
        "read_at) VALUES (" +
            id + ", 'veth', 1, 'b', 1, 1, 1, UTC_TIMESTAMP(3))");
  }
  std::uint64_t Rows(const char* table) {
    return std::stoull(Column(pool,
                              "SELECT CAST(SUM(n) AS CHAR) FROM ("
                              "SELECT ? AS t, 0 AS n UNION ALL SELECT 'vpses', COUNT(*) FROM vpses UNION ALL "
                              "SELECT 'traffic_daily', COUNT(*) FROM traffic_daily UNION ALL "
                              "SELECT 'traffic_samples', COUNT(*) FROM traffic_samples UNION ALL "
                              "SELECT 'traffic_period', COUNT(*) FROM traffic_period UNION ALL "
                              "SELECT 'api_tokens', COUNT(*) FROM api_tokens UNION ALL "
                              "SELECT 'api_token_usage', COUNT(*) FROM api_token_usage UNION ALL "
                              "SELECT 'users', COUNT(*) FROM users UNION ALL "
                              "SELECT 'action_log', COUNT(*) FROM action_log) x WHERE t = ?",
                              {std::string_view(table), std::string_view(table)})
                           .at(0));
  }
  std::string Tidy(const char* member, Words words = {}) {
    words.insert(words.begin(), "tidy");
    return Text(Json(words).root(), member);
  }

  std::string vps;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(CtlTidy, Fixture)

BOOST_AUTO_TEST_CASE(OnlyATerminatedVpsIsPurgedWithItsTrafficAndItsRecordsStay) {
  FillTraffic(vps);
  Fails({"vps", "purge", vps, "--yes"}, 4, "not terminated");
  Terminate(vps, "0");
  RunSql(pool, "UPDATE vpses SET stop_pending = 1");
  Fails({"vps", "purge", vps, "--yes"}, 4, "not known to be stopped");
  RunSql(pool, "UPDATE vpses SET stop_pending = 0");
  Fails({"vps", "purge", vps}, 2, "--yes");
  BOOST_TEST(Ctl({"vps", "purge", vps}, "no\n").status == 1);
  BOOST_TEST(Rows("vpses") == 1u);
  BOOST_TEST(Ctl({"vps", "purge", vps}, "yes\n").status == 0);
  for (const char* table : {"vpses", "traffic_daily", "traffic_samples", "traffic_period"}) {
    BOOST_TEST(Rows(table) == 0u, table);
  }
  Fails({"vps", "purge", vps, "--yes"}, 3, vps);
  const std::string records = Must({"log", "--vps", vps});
  BOOST_TEST(Holds(records, "vps-purge"));
  BOOST_TEST(Holds(records, "vps-add"));
}

BOOST_AUTO_TEST_CASE(OnlyADisabledUserWithoutLivingVpsesIsPurgedWithAllThatItHas) {
  Must({"user", "add", "joe"});
  Must({"token", "create", "joe"});
  Must({"token", "create", "jane", "--allow-from", "192.0.2.0/24"});
  RunSql(pool, "INSERT INTO api_token_usage VALUES (2, UTC_TIMESTAMP(3), '192.0.2.1')");
  Fails({"user", "purge", "jane", "--yes"}, 4, "not disabled");
  Must({"user", "disable", "jane"});
  Fails({"user", "purge", "jane", "--yes"}, 4, "not terminated");
  BOOST_TEST(Rows("api_tokens") == 2u);
  Terminate(vps, "0");
  Fails({"user", "purge", "jane"}, 2, "--yes");
  Must({"user", "purge", "jane", "--yes"});
  Fails({"user", "purge", "jane", "--yes"}, 3, "jane");
  BOOST_TEST(Rows("users") == 1u);
  BOOST_TEST(Rows("vpses") == 0u);
  BOOST_TEST(Rows("api_tokens") == 1u);
  BOOST_TEST(Rows("api_token_usage") == 0u);
  BOOST_TEST(Holds(Must({"log", "--user", "1"}), "user-purge"));
}

BOOST_AUTO_TEST_CASE(WhatIsOlderThanItsTimeIsRemovedAndNothingElse) {
  const std::string old = AddVps("102");
  const std::string fresh = AddVps("103");
  FillTraffic(vps);
  Terminate(old, "91");
  Terminate(fresh, "89");
  for (int i = 0; i < 4; ++i) Must({"token", "create", "jane"});
  RunSql(pool, "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) - INTERVAL 91 DAY WHERE id = 1");
  RunSql(pool, "UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 91 DAY WHERE id = 2");
  RunSql(pool, "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) - INTERVAL 89 DAY WHERE id = 3");
  RunSql(pool,
         "INSERT INTO action_log (actor_kind, action, begun_at, ended_at) SELECT 'customer', 'start', "
         "UTC_TIMESTAMP(3) - INTERVAL 731 DAY, IF(seq = 1, NULL, UTC_TIMESTAMP(3)) FROM seq_1_to_1301");
  const auto before = Rows("action_log");
  for (const char* member : {"tokens", "vpses", "traffic_days", "records"}) {
    BOOST_TEST_CONTEXT(member) BOOST_TEST(Tidy(member, {"--dry-run"}) != "0");
  }
  BOOST_TEST(Rows("action_log") == before);
  BOOST_TEST(Rows("api_tokens") == 4u);
  const auto tidied = Json({"tidy", "--timer"});
  BOOST_TEST(Text(tidied.root(), "tokens") == "2");
  BOOST_TEST(Text(tidied.root(), "vpses") == "1");
  BOOST_TEST(Text(tidied.root(), "traffic_days") == "199");
  BOOST_TEST(Text(tidied.root(), "records") == "1300");
  BOOST_TEST(Column(pool, "SELECT CAST(id AS CHAR) FROM vpses ORDER BY id") == (Words{vps, fresh}),
             boost::test_tools::per_element());
  BOOST_TEST(Column(pool, "SELECT CAST(id AS CHAR) FROM api_tokens ORDER BY id") == (Words{"3", "4"}),
             boost::test_tools::per_element());
  BOOST_TEST(Rows("traffic_daily") == 801u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE ended_at IS NULL") == 1u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE actor_kind = 'timer'") == 4u);
  for (const char* member : {"tokens", "vpses", "traffic_days", "records"}) BOOST_TEST(Tidy(member) == "0");
}

// The other one has found the same, and removes it while ours waits for the rows.
BOOST_AUTO_TEST_CASE(OfTwoThatTidyAtOnceEachReportsThePairsThatItRemovedItself) {
  for (int i = 0; i < 3; ++i) Must({"token", "create", "jane"});
  RunSql(pool, "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) - INTERVAL 91 DAY");
  db::Pool onlooker{database.Root()};
  std::future<Answer> ours;
  const auto theirs = pool.Transact(test::Patience(), [&](db::Session& session) {
    session.Execute("DELETE FROM api_tokens WHERE id < 3", {});
    // Judged below: Boost.Test's checks are of one thread at a time.
    ours = std::async(std::launch::async, [&] { return Ctl({"tidy", "--json"}); });
    BOOST_TEST(test::Eventually([&] {
      return Number(onlooker,
                    "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> "
                    "CONNECTION_ID() AND info LIKE 'DELETE FROM api_tokens WHERE id = %'") > 0u;
    }));
  });
  BOOST_REQUIRE(theirs.ok());
  const Answer tidied = ours.get();
  BOOST_REQUIRE_MESSAGE(tidied.status == 0, tidied.err);
  BOOST_TEST(Holds(tidied.out, "\"tokens\": \"1\""), tidied.out);
  BOOST_TEST(Rows("api_tokens") == 0u);
}

BOOST_AUTO_TEST_CASE(WithoutATimeThingsAreKeptForEver) {
  Configure(
      "[retention]\naction_log_days = 0\ntraffic_daily_days = 0\nterminated_vps_days = 0\n"
      "dead_token_days = 0\n");
  FillTraffic(vps);
  Terminate(vps, "30000");
  Must({"token", "create", "jane"});
  RunSql(pool, "UPDATE api_tokens SET revoked_at = '1971-01-01'");
  RunSql(pool, "UPDATE action_log SET begun_at = '1971-01-01'");
  for (const char* member : {"tokens", "vpses", "traffic_days", "records"}) {
    BOOST_TEST(Tidy(member, {"--dry-run"}) == "0");
    BOOST_TEST(Tidy(member) == "0");
  }
  Configure("[retention]\ntraffic_daily_days = 61\n");
  Fails({"tidy"}, 2, "retention.traffic_daily_days");
}

BOOST_AUTO_TEST_CASE(ATerminatedVpsOfUnknownAgeCountsFromTheFirstTidyOn) {
  RunSql(pool, "UPDATE vpses SET state = 'terminated'");
  BOOST_TEST(Tidy("vpses") == "0");
  BOOST_TEST(
      Number(pool, "SELECT COUNT(*) FROM vpses WHERE terminated_at > UTC_TIMESTAMP(3) - INTERVAL 1 HOUR") ==
      1u);
  RunSql(pool, "UPDATE vpses SET terminated_at = terminated_at - INTERVAL 91 DAY");
  BOOST_TEST(Tidy("vpses") == "1");
}

BOOST_AUTO_TEST_CASE(AStopThatStaysPendingIsTriedAgainAndRecorded) {
  Must({"vps", "terminate", vps, "--yes"});
  RunSql(pool, "UPDATE vpses SET terminated_at = terminated_at - INTERVAL 91 DAY");
  const auto tidied = Json({"tidy", "--timer"});
  BOOST_TEST(Text(tidied.root(), "stops_pending") == "1");
  BOOST_TEST(Text(tidied.root(), "vpses") == "0");
  BOOST_TEST(Column(pool,
                    "SELECT CONCAT(actor_kind, ' ', action, ' ', outcome, ' ', vps_id) FROM action_log ORDER "
                    "BY id DESC LIMIT 1")
                 .at(0) == "timer stop-retry failed " + vps);
}

BOOST_AUTO_TEST_CASE(WhatIsTidiedIsTheOperatorsDeedOrWhereItSaysSoTheTimers) {
  RunSql(pool, "DELETE FROM action_log");
  for (const Words& how : {Words{}, Words{"--timer"}}) {
    Must({"vps", "suspend", vps});  // its node cannot be reached
    RunSql(pool, "DELETE FROM action_log");
    FillTraffic(vps);
    const std::string id = Make({"token", "create", "jane"}).id;
    RunSql(pool, "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(3) - INTERVAL 91 DAY WHERE id = " + id);
    Tidy("tokens", how);
    const std::string who = how.empty() ? "operator olga" : "timer ";
    BOOST_TEST(Column(pool,
                      "SELECT CONCAT(actor_kind, ' ', actor, ': ', action) FROM action_log WHERE action <> "
                      "'token-create' ORDER BY id") ==
                   (Words{who + ": stop-retry", who + ": token-purge", who + ": tidy"}),
               boost::test_tools::per_element());
    for (const char* table : {"traffic_period", "traffic_samples", "traffic_daily"}) {
      RunSql(pool, std::string("DELETE FROM ") + table);
    }
  }
}

BOOST_AUTO_TEST_CASE(StopsThatWerePendingOnANodeThatIsRemovedAreGivenUpOnRecord) {
  Must({"node", "add", "beta", "--host", "127.0.0.1", "--port", "1", "--host-key", kKey});
  const std::string stopped = AddVps("102"), other = AddVps("103");
  Must({"vps", "set", other, "--node", "beta"});
  for (const std::string& id : {vps, other}) Must({"vps", "terminate", id, "--yes"});
  Terminate(stopped, "0");
  Fails({"vps", "purge", vps, "--yes"}, 4, "'cvmctl node remove'");
  const std::string removed = Must({"node", "remove", "alpha"});
  BOOST_TEST(Holds(removed, "1 stop"), removed);
  BOOST_TEST(Column(pool, "SELECT CAST(id AS CHAR) FROM vpses WHERE stop_pending = 1") == Words{other},
             boost::test_tools::per_element());
  BOOST_TEST(Column(pool,
                    "SELECT CONCAT_WS(' ', actor_kind, actor, vps_id, user_id, outcome, detail) FROM "
                    "action_log WHERE action = 'stop-drop'") ==
                 Words{"operator olga " + vps + " 1 done node alpha is out of service"},
             boost::test_tools::per_element());
  BOOST_TEST(Holds(Must({"vps", "terminate", vps, "--yes"}), "is terminated\n"));
  BOOST_TEST(Tidy("stops_pending") == "1");
  Must({"vps", "purge", vps, "--yes"});
}

// A sync puts VPSes on such a node, or a person brought it out of service by hand.
BOOST_AUTO_TEST_CASE(AStopOnANodeOutOfServiceIsGivenUpOnRecordWhoeverComesAcrossIt) {
  const std::string suspended = AddVps("102"), terminated = AddVps("103"), old = AddVps("104");
  Must({"vps", "terminate", old, "--yes"});
  RunSql(pool, "UPDATE nodes SET retired_at = UTC_TIMESTAMP(3)");
  const auto warned = [&](const Words& words) { return Ctl(words).err; };
  BOOST_TEST(Holds(warned({"vps", "suspend", suspended}), "should the node come back, suspend it again"));
  BOOST_TEST(Holds(warned({"vps", "terminate", terminated, "--yes"}),
                   "should the node come back, run 'vzctl stop 103' there"));
  BOOST_TEST(Column(pool, "SELECT CONCAT(state, stop_pending) FROM vpses WHERE id > 1 ORDER BY id") ==
                 (Words{"suspended0", "terminated0", "terminated1"}),
             boost::test_tools::per_element());
  BOOST_TEST(Tidy("stops_pending") == "0");
  Must({"vps", "purge", old, "--yes"});
  Must({"vps", "purge", terminated, "--yes"});
  RunSql(pool, "UPDATE vpses SET stop_pending = 1 WHERE id = " + suspended);  // as earlier versions left it
  Must({"vps", "suspend", suspended});
  BOOST_TEST(Column(pool,
                    "SELECT CONCAT_WS(' ', vps_id, user_id, outcome, detail) FROM action_log WHERE action = "
                    "'stop-drop' ORDER BY id") == (Words{suspended + " 1 done node alpha is out of service",
                                                         terminated + " 1 done node alpha is out of service",
                                                         old + " 1 done node alpha is out of service",
                                                         suspended + " 1 done node alpha is out of service"}),
             boost::test_tools::per_element());
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE action = 'stop-retry'") == 0u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE ended_at IS NULL") == 0u);
}

BOOST_AUTO_TEST_CASE(AStopIsGivenUpOnRecordWhereItsContainerBecomesAnotherVpses) {
  Must({"vps", "terminate", vps, "--yes"});
  const std::string added = AddVps("101");
  Must({"vps", "terminate", added, "--yes"});
  Must({"vps", "set", AddVps("102"), "--ctid", "101"});
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM vpses WHERE stop_pending = 1") == 0u);
  BOOST_TEST(Column(pool,
                    "SELECT CONCAT_WS(' ', actor_kind, actor, vps_id, user_id, outcome, detail) FROM "
                    "action_log WHERE action = 'stop-drop' ORDER BY id") ==
                 (Words{"operator olga " + vps + " 1 done its container is another VPS's",
                        "operator olga " + added + " 1 done its container is another VPS's"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(TriesOfAStopThatFailAreOneRecordADayForEachVps) {
  const std::string other = AddVps("102");
  for (const std::string& id : {vps, other}) Must({"vps", "suspend", id});
  const auto failed = [&](const std::string& id) {
    return Number(pool,
                  "SELECT COUNT(*) FROM action_log WHERE action = 'stop-retry' AND outcome = 'failed' AND "
                  "vps_id = ?",
                  {std::string_view(id)});
  };
  for (int i = 0; i < 3; ++i) BOOST_TEST(Tidy("stops_pending") == "2");
  BOOST_TEST(failed(vps) == 1u);
  BOOST_TEST(failed(other) == 1u);
  RunSql(pool, "UPDATE action_log SET begun_at = begun_at - INTERVAL 1 DAY");
  for (int i = 0; i < 2; ++i) Tidy("stops_pending");
  BOOST_TEST(failed(vps) == 2u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE ended_at IS NULL") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::ctl
