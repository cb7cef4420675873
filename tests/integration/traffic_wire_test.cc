// The bytes of real processes on a test node.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

#include "tests/integration/traffic_fixtures.h"
#include "tests/support/log_file.h"

namespace cvm::traffic {
namespace {

// After each reading, and before it is booked, whatever a test wants.
class Between : public ssh::Runner {
 public:
  Between(ssh::Runner& inner, std::function<void()> then) : inner_(inner), then_(std::move(then)) {}
  base::Result<ssh::Output> Run(const ssh::Endpoint& endpoint, const ssh::Command& command,
                                base::Deadline deadline) override {
    auto output = inner_.Run(endpoint, command, deadline);
    if (command.Quoted().rfind("vzctl ", 0) != 0) {
      ++readings;
      then_();
    }
    return output;
  }
  unsigned readings = 0;

 private:
  ssh::Runner& inner_;
  const std::function<void()> then_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(TrafficWire, Wire)

BOOST_AUTO_TEST_CASE(WhatAContainerReallySentIsWhatTheListSays) {
  BOOST_TEST(Collect().containers == 4u);
  const auto before = True(101);
  Send(101, 200);
  Collect();
  const auto shown = Shown(VpsOf(101));
  BOOST_TEST(shown.out_used >= 200u * 1042);
  BOOST_TEST(shown.out_used < 200u * 1042 + 20000);  // the kernel's own talk on the wire
  BOOST_TEST(shown.in_used + shown.out_used <= True(101) - before + 20000);
  BOOST_TEST(DailySum(VpsOf(101)) == PeriodSum(VpsOf(101)));
}

BOOST_AUTO_TEST_CASE(AnInnerEndThatWasRenamedIsNotCountedASecondTime) {
  const auto before = True(101);  // what passes until the first collection counts nothing
  Collect();
  Send(101, 300);
  Collect();
  Inside(101, "ip link set eth0 down; ip link set eth0 name zz; ip link add eth0 type veth peer name p9");
  Send(101, 100, "zz");
  Collect();
  Send(101, 100, "zz");
  Collect();
  BOOST_TEST(DailySum(VpsOf(101)) >= 500u * 1042);
  BOOST_TEST(DailySum(VpsOf(101)) <= True(101) - before);
  BOOST_TEST(True(101) - before < 500u * 1042 + 20000);
  node.Exec("vzctl restart 101");
}

BOOST_AUTO_TEST_CASE(AContainerThatWasStoppedAtFirstCountsFromItsStart) {
  Collect();
  node.Exec("vzctl start 105");
  Send(105, 50);
  Collect();
  BOOST_TEST(DailySum(VpsOf(105)) >= 50u * 1042);
}

BOOST_AUTO_TEST_CASE(OurStopAndRestartAndSuspensionReadTheCountersFirst) {
  Collect();
  vps::Service service(pool, driver);
  Send(102, 100);
  BOOST_TEST(
      (Must(service.Act(PlacedOf(102), vps::Action::kRestart, {}, Patience())) == vps::ActionResult::kDone));
  BOOST_TEST(DailySum(VpsOf(102)) >= 100u * 1042);
  Send(102, 50);
  BOOST_TEST(
      (Must(service.Act(PlacedOf(102), vps::Action::kStop, {}, Patience())) == vps::ActionResult::kDone));
  BOOST_TEST(DailySum(VpsOf(102)) >= 150u * 1042);
  Send(103, 70);
  BOOST_TEST(!Must(operators.Suspend(VpsOf(103), Patience())).stop_pending);
  BOOST_TEST(DailySum(VpsOf(103)) >= 70u * 1042);
  Send(104, 60);
  BOOST_TEST(!Must(operators.Terminate(VpsOf(104), Patience())).stop_pending);
  BOOST_TEST(DailySum(VpsOf(104)) >= 60u * 1042);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 0u);
}

BOOST_AUTO_TEST_CASE(AStopThatIsOvertakenByAnOlderReadingReadsAgain) {
  Collect();
  const auto noted = NoteOf(VpsOf(101));
  const auto older = Read(101);
  Send(101, 100);
  Between between(sessions, [&] { Must(Book(pool, noted, older, Gone::kRemoved, Settings(), Patience())); });
  BOOST_TEST(StopsBy(between));
  BOOST_TEST(between.readings == 2u);
  BOOST_TEST(DailySum(VpsOf(101)) >= 100u * 1042);
}

BOOST_AUTO_TEST_CASE(AStopThatIsAlwaysOvertakenIsSentAndWhatItMayLoseIsLogged) {
  const test::LogFile logged;
  Collect();
  const auto older = Read(101);
  Between between(sessions, [&] { BookNow(VpsOf(101), older); });
  BOOST_TEST(StopsBy(between));
  BOOST_TEST(between.readings == 3u);
  BOOST_TEST(logged.End("warning traffic.not_booked vps=1 kind=conflict") == 1u);
}

BOOST_AUTO_TEST_CASE(ABookingThatFailsStopsNoStop) {
  vps::Service service(pool, driver);
  Sql("RENAME TABLE traffic_samples TO gone");
  BOOST_TEST(
      (Must(service.Act(PlacedOf(101), vps::Action::kStop, {}, Patience())) == vps::ActionResult::kDone));
  Sql("RENAME TABLE gone TO traffic_samples");
  BOOST_TEST(node.Exec("vzlist -H -o status 101").out.find("stopped") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ContainersInDoubtAreLeftOutAndNamedAndTheOthersAreBooked) {
  Collect();
  const auto sent = [&](unsigned ctid) { return DailySum(VpsOf(ctid)) >= 40u * 1042; };
  for (const unsigned ctid : {101u, 102u, 103u}) Send(ctid, 40);
  node.Exec("cd /var/lib/vzctl/vepid && cp 101 /tmp/vepid && cat 102 >101");
  const auto collected = CollectNode(pool, sessions, alpha, Settings(), Patience());
  node.Exec("cat /tmp/vepid >/var/lib/vzctl/vepid/101");
  BOOST_REQUIRE(!collected.ok());
  BOOST_TEST((collected.error().code == base::ErrorCode::kInternal));
  BOOST_TEST(collected.error().message.find("101, 102") != std::string::npos, collected.error().message);
  BOOST_TEST(sent(103));
  BOOST_TEST(DailySum(VpsOf(101)) + DailySum(VpsOf(102)) == 0u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_collections WHERE failure LIKE '%101, 102%'") == 1u);
  Collect();
  BOOST_TEST((sent(101) && sent(102)));
}

BOOST_AUTO_TEST_CASE(HowACollectionWentIsWrittenDown) {
  Collect();
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM traffic_collections WHERE last_done_at IS NOT NULL AND "
                    "failure = '' AND containers = 4") == 1u);
  alpha.endpoint.port = 1;
  BOOST_TEST(!CollectNode(pool, sessions, alpha, Settings(), Patience()).ok());
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM traffic_collections WHERE last_done_at <= last_tried_at AND "
                    "failure <> '' AND containers = 4") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::traffic
