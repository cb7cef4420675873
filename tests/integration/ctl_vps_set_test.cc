// cvmctl vps set against a real database.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "lib/node/openvz.h"
#include "lib/traffic/count.h"
#include "lib/vps/service.h"
#include "tests/support/ctl_fixture.h"

namespace cvm::ctl {
namespace {

using test::Column;
using test::Holds;
using test::Number;
using test::RunSql;

struct Set : test::CtlFixture {
  Set() {
    AddNode();
    Must({"node", "add", "beta", "--host", "127.0.0.1", "--port", "1", "--host-key", kKey});
    id = AddVps("101");
  }
  std::string One(db::Sql sql) { return Column(pool, sql).at(0); }
  std::vector<std::string> Recorded() {
    return Column(pool,
                  "SELECT CONCAT(actor, ' ', detail) FROM action_log WHERE action = 'vps-set' ORDER BY id");
  }
  void AddSample() {
    RunSql(pool,
           "INSERT INTO traffic_samples SELECT id, 'venet0', node_id, 'b', 1, 5, 5, 1, UTC_TIMESTAMP(3) "
           "FROM vpses WHERE id = " +
               id);
  }
  void AddAction(const std::string& ended, const std::string& action = "start") {
    RunSql(pool,
           "INSERT INTO action_log (actor_kind, vps_id, action, begun_at, ended_at, outcome) VALUES "
           "('customer', " +
               id + ", '" + action + "', UTC_TIMESTAMP(3), " + ended + ")");
  }

  std::string id;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(CtlVpsSet, Set)

BOOST_AUTO_TEST_CASE(EveryFigureIsChangedAndRecordedWithWhatStoodThere) {
  const auto said = Must({"vps", "set", id, "--hostname", "new.example.net", "--ram", "256", "--burst", "512",
                          "--disk", "9000", "--cpus", "2", "--traffic-split", "7:18446744073709551615"});
  BOOST_TEST(Holds(said, "ram: 128 → 256"), said);
  BOOST_TEST(One("SELECT CONCAT_WS('|', hostname, guaranteed_ram, burstable_ram, disk_space, cpu_count, "
                 "accounting, traffic_in_limit, traffic_out_limit, traffic_limit, billing_day) FROM vpses") ==
             "new.example.net|256|512|9000|2|split|7|18446744073709551615|0|1");
  const std::vector<std::string> expected = {"olga hostname: h101 → new.example.net",
                                             "olga ram: 128 → 256",
                                             "olga burst: 0 → 512",
                                             "olga disk: 5000 → 9000",
                                             "olga cpus: 1 → 2",
                                             "olga accounting: combined → split",
                                             "olga traffic_in_limit: 0 → 7",
                                             "olga traffic_out_limit: 0 → 18446744073709551615"};
  BOOST_TEST(Recorded() == expected, boost::test_tools::per_element());
  BOOST_TEST(Holds(Must({"vps", "set", id, "--ram", "256"}), "is so already"));
  BOOST_TEST(Recorded().size() == expected.size());
  Must({"vps", "set", id, "--burst", "0", "--traffic-total", "5"});
  BOOST_TEST(One("SELECT CONCAT_WS('|', burstable_ram IS NULL, accounting, traffic_in_limit, traffic_limit) "
                 "FROM vpses") == "1|combined|0|5");
}

BOOST_AUTO_TEST_CASE(WhatCannotBeIsRefusedAndNothingIsChanged) {
  Fails({"vps", "set", id}, 2, "at least one option");
  for (const char* day : {"0", "32", "x"}) Fails({"vps", "set", id, "--billing-day", day}, 2, "1 to 31");
  Fails({"vps", "set", id, "--traffic-split", "1:1", "--traffic-total", "1"}, 2, "--traffic");
  Fails({"vps", "set", "77", "--ram", "1"}, 3, "77");
  Fails({"vps", "set", id, "--ram", "1", "--node", "gamma"}, 3, "gamma");
  const std::string other = AddVps("102");
  Fails({"vps", "set", id, "--ram", "1", "--ctid", "102"}, 4, "VPS " + other);
  Must({"vps", "terminate", other, "--yes"});
  Fails({"vps", "set", other, "--ram", "1"}, 4, "terminated");
  BOOST_TEST(Recorded().empty());
  BOOST_TEST(Number(pool, "SELECT MIN(guaranteed_ram) FROM vpses") == 128u);
}

BOOST_AUTO_TEST_CASE(AChangedBillingDayMakesTheRunningPeriodAnewAtOnce) {
  const std::string first = One("SELECT DATE_FORMAT(UTC_DATE(), '%Y-%m-01')");
  const std::string today = One("SELECT CAST(UTC_DATE() AS CHAR)");
  RunSql(pool, "INSERT INTO traffic_daily SELECT id, UTC_DATE() - INTERVAL 1 DAY, 10, 0 FROM vpses");
  RunSql(pool, "INSERT INTO traffic_daily SELECT id, UTC_DATE(), 3, 0 FROM vpses");
  // A period that began yesterday, whatever day it is.
  const std::string yesterday = One("SELECT CAST(DAYOFMONTH(UTC_DATE() - INTERVAL 1 DAY) AS CHAR)");
  const std::string day = One("SELECT CAST(DAYOFMONTH(UTC_DATE()) AS CHAR)");
  Must({"vps", "set", id, "--billing-day", yesterday});
  Must({"traffic", "adjust", id, "500", "--why", "x", "--in"});
  const auto used = [&] { return Text(Json({"traffic", "show", id}).root(), "used_in"); };
  BOOST_TEST(used() == "513");
  const auto shorter = Ctl({"vps", "set", id, "--billing-day", day});
  BOOST_TEST(shorter.status == 0);
  BOOST_TEST(Holds(shorter.err, "opening balance (500 bytes in"), shorter.err);
  BOOST_TEST(One("SELECT CONCAT_WS(' ', begins_on, bytes_in, opening_in) FROM traffic_period") ==
             today + " 3 0");
  BOOST_TEST(used() == "3");
  BOOST_TEST(Ctl({"vps", "set", id, "--billing-day", yesterday}).err == "");
  BOOST_TEST(used() == "513");
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_periods_ended WHERE opening_in > 0") == 0u);
}

BOOST_AUTO_TEST_CASE(AMoveToAnotherNodeKeepsTheSamplesAndAnotherCtidForgetsThem) {
  AddSample();
  Must({"vps", "set", id, "--node", "beta", "--ctid", "201"});
  BOOST_TEST(Recorded().back() == "olga container: 101 on alpha → 201 on beta");
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_samples") == 1u);
  Must({"vps", "set", id, "--ctid", "202"});
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_samples") == 0u);
  BOOST_TEST(One("SELECT CONCAT(n.name, ' ', v.ctid) FROM vpses v JOIN nodes n ON n.id = v.node_id") ==
             "beta 202");
}

// A VPS that was added to the wrong node and put right: what its container had counted before is not its own.
BOOST_AUTO_TEST_CASE(ThatItWasLookedForInVainIsForgottenByAMoveToAnotherNode) {
  const auto add = [&](const char* interface, const char* boot) {
    RunSql(pool, "INSERT INTO traffic_samples SELECT id, '" + std::string(interface) + "', node_id, '" +
                     boot + "', 0, 0, 0, 1, UTC_TIMESTAMP(3) FROM vpses WHERE id = " + id);
  };
  add(traffic::kSeenStopped, traffic::kNoBoot);
  AddSample();
  Must({"vps", "set", id, "--node", "beta"});
  BOOST_TEST(One("SELECT GROUP_CONCAT(interface) FROM traffic_samples") == "venet0");
  // It ran there, without an interface: known, and no other than the one that is on the other node now.
  add(traffic::kSeenStopped, "a4f8c15d-457b-430b-9237-68525810dff9");
  Must({"vps", "set", id, "--node", "alpha"});
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_samples") == 2u);
}

BOOST_AUTO_TEST_CASE(WhatIsUnderWayOrDueOnItsNodeHoldsAMoveUp) {
  const auto refused = [&](const std::string& why) { Fails({"vps", "set", id, "--node", "beta"}, 4, why); };
  // The suspension may have been taken back, and its stop be on its way all the same.
  for (const char* action : {"start", "stop", "restart", "suspend", "stop-retry"}) {
    AddAction("NULL, NULL", action);
    refused("under way");
    RunSql(pool, "DELETE FROM action_log");
  }
  AddAction("UTC_TIMESTAMP(3), 'unknown'");
  refused("ten minutes");
  RunSql(pool, "DELETE FROM action_log");
  Must({"vps", "suspend", id});  // the node is not there
  refused("pending");
  Must({"vps", "set", id, "--ram", "1"});
  Must({"vps", "unsuspend", id});
  Must({"vps", "set", id, "--node", "beta"});
}

BOOST_AUTO_TEST_CASE(AnActionThatWasMeantForTheContainerOfBeforeIsNotBegun) {
  ssh::Pool nobody{ssh::Settings()};
  node::OpenVz driver{nobody};
  vps::Service service(pool, driver);
  vps::Placed placed;
  placed.vps.id = 1;
  placed.vps.user_id = 1;
  placed.vps.node_id = 1;
  placed.vps.ctid = "101";
  placed.node.id = 1;
  placed.node.name = "alpha";
  placed.node.endpoint.host = "127.0.0.1";
  placed.node.endpoint.port = 1;
  Must({"vps", "set", id, "--node", "beta"});
  const auto result = service.Act(placed, node::Action::kStart, {}, test::Patience());
  BOOST_REQUIRE_MESSAGE(result.ok(), test::Why(result));
  BOOST_TEST((*result == vps::ActionResult::kNotInTurn));
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE action = 'start'") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::ctl
