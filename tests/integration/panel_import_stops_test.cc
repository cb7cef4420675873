// Stops that are due once a sync with a CVM panel has suspended or terminated a VPS, and those that are given
// up.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/panel_import_fixture.h"

namespace cvm::test::panel {
namespace {

BOOST_FIXTURE_TEST_SUITE(PanelImportStops, Syncing)

// Its customer may have started it after the panel had stopped it.
BOOST_AUTO_TEST_CASE(AVpsThatASyncSuspendsOrTerminatesIsDueAStopOnce) {
  BOOST_TEST(One(kDue) == "-");  // what the first import found so was never to be started here
  for (const std::string state : {"6", "7"}) {
    panel.Sql("UPDATE containers SET Status = 4, Hostname = 'before' WHERE Id = 21");
    Must();
    BOOST_TEST(One(kDue) == "-");
    panel.Sql("UPDATE containers SET Status = " + state + " WHERE Id = 21");
    Must({"--dry-run"});
    BOOST_TEST(One(kDue) == "-");
    Must();
    BOOST_TEST(One(kDue) == "21");
    Sql("UPDATE vpses SET stop_pending = 0");  // it was stopped
    BOOST_TEST(Must() == "");
    panel.Sql("UPDATE containers SET Hostname = 'after' WHERE Id = 21");
    BOOST_TEST(Must() == "vpses 21: changed: hostname \"before\" → \"after\"\n");
    BOOST_TEST(One(kDue) == "-");
  }
  for (const char* action : {"suspend", "terminate"}) {
    BOOST_TEST(Recorded(action) == "3|-|21|as in the CVM panel\n", action);
  }
  panel.Sql("UPDATE containers SET Status = 4 WHERE Id = 21");
  Must();
  Sql("UPDATE nodes SET retired_at = UTC_TIMESTAMP(3)");
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 21");
  BOOST_TEST(Holds(Must(), "vpses 21: stop given up, as its node is out of service\n"));
  BOOST_TEST(One(kDue) == "-");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AStopIsGivenUpOnRecordWhereASyncPutsItsVpsOnANodeOutOfService) {
  Sql("UPDATE vpses SET stop_pending = 1 WHERE id = 22");
  Sql("UPDATE nodes SET retired_at = UTC_TIMESTAMP(3) WHERE id = 5");
  panel.Sql("UPDATE containers SET NodeId = 5 WHERE Id IN (21, 22)");
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(One(kDue) == "22");
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out, "vpses 22: stop given up, as its node is out of service\n"), out);
  BOOST_TEST(!Holds(out, "vpses 21: stop"), out);
  BOOST_TEST(One(kDue) == "-");
  BOOST_TEST(Recorded("stop-drop") == "7|-|22|its node is out of service\n");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AStopIsDueNoMoreWhereTheContainerIsAnotherVpsesAfterTheSync) {
  panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 21");
  panel.Sql(kContainer + "(24, 1, '101', 4, 'next.example', 1, 1, 0, 0, 1, '', 4, 0, 0, 0, 0, 900, 7)");
  Must();
  BOOST_TEST(One("SELECT state FROM vpses WHERE id = 24") == "active");
  BOOST_TEST(One(kDue) == "-");
}

BOOST_AUTO_TEST_CASE(AStopOfAVpsMadeHereWhoseContainerTheSyncGivesToAnotherIsGivenUpOnRecord) {
  Sql("INSERT INTO vpses (id, user_id, node_id, ctid, state, stop_pending, hostname, guaranteed_ram, "
      "disk_space, cpu_count, accounting) VALUES (3000000, 3, 4, '105', 'terminated', 1, 'h', 1, 1, 1, "
      "'split')");
  BOOST_TEST(Must() == "");
  BOOST_TEST(One(kDue) == "3000000");
  panel.Sql(kContainer + "(24, 1, '105', 4, 'next.example', 1, 1, 0, 0, 1, '', 4, 0, 0, 0, 0, 900, 7)");
  const std::string dry = Must({"--dry-run"});
  BOOST_TEST(One(kDue) == "3000000");
  const std::string out = Must();
  BOOST_TEST(out == dry);
  BOOST_TEST(Holds(out, "vpses 3000000: stop given up, as its container is another VPS's\n"), out);
  BOOST_TEST(One(kDue) == "-");
  BOOST_TEST(Recorded("stop-drop") == "3|-|3000000|its container is another VPS's\n");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AStopIsGivenUpWhereThePanelHasTheContainerInARowThatIsNotImported) {
  for (const char* vps :
       {"3000000, 3, 4, '105'", "3000001, 3, 4, '106'", "3000002, 3, 4, '107'", "3000003, 3, 4, '108'"}) {
    Sql(std::string("INSERT INTO vpses (id, user_id, node_id, ctid, state, stop_pending, hostname, "
                    "guaranteed_ram, disk_space, cpu_count, accounting) VALUES (") +
        vps + ", 'terminated', 1, 'h', 1, 1, 1, 'split')");
  }
  const auto add = [&](const std::string& id, const std::string& ctid, const char* ram, const char* status) {
    panel.Sql(kContainer + "(" + id + ", 1, '" + ctid + "', 4, 'h', 1, " + ram + ", 0, 0, 1, '', " + status +
              ", 0, 0, 0, 0, 900, 7)");
  };
  add("24", "105", "-1", "4");  // of a size that is none
  add("25", "106", "1", "4");   // whose of the two it is cannot be told
  add("26", "106", "1", "4");
  add("27", "107", "1", "9");  // of a status that is none
  add("28", "108", "1", "7");  // terminated there as well
  const std::string dry = Must({"--dry-run"});
  const std::string out = Must();
  BOOST_TEST(out == dry);
  for (const char* id : {"3000000", "3000001", "3000002"}) {
    BOOST_TEST(
        Holds(out, std::string("vpses ") + id + ": stop given up, as its container is another VPS's\n"), out);
  }
  BOOST_TEST(One(kDue) == "3000003");
  BOOST_TEST(Must() == "");
}

BOOST_AUTO_TEST_CASE(AStopStaysDueWhereThePanelShowsTheVpsItselfOddForOneSync) {
  for (const std::string odd :
       {"Status = 0", "`Terminated` = 2", "GuaranteedRam = -1, Status = 4", "UserId = 77"}) {
    panel.Sql(
        "UPDATE containers SET Status = 4, `Terminated` = 0, GuaranteedRam = 512, UserId = 3 WHERE Id = 21");
    Must();
    panel.Sql("UPDATE containers SET Status = 7 WHERE Id = 21");
    Must();
    BOOST_TEST(One(kDue) == "21", odd);
    panel.Sql("UPDATE containers SET " + odd + " WHERE Id = 21");
    BOOST_TEST(Must() == "", odd);
    BOOST_TEST(One(kDue) == "21", odd);
  }
  panel.Sql("UPDATE containers SET GuaranteedRam = 512, UserId = 3 WHERE Id = 21");
  BOOST_TEST(Must() == "");
  BOOST_TEST(One(kDue) == "21");
  panel.Sql("UPDATE containers SET Status = 0 WHERE Id = 21");
  panel.Sql(kContainer + "(24, 1, '0101', 4, 'h', 1, -1, 0, 0, 1, '', 4, 0, 0, 0, 0, 900, 7)");
  BOOST_TEST(Must() == "vpses 21: stop given up, as its container is another VPS's\n");
  BOOST_TEST(One(kDue) == "-");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::test::panel
