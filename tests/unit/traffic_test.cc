// Periods and deltas, without any server.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "lib/traffic/count.h"
#include "lib/traffic/period.h"

namespace cvm::traffic {
namespace {

const node::Epoch kLife{"a4f8c15d-457b-430b-9237-68525810dff9", 100};
const node::Epoch kNextLife{kLife.boot_id, 200};
constexpr std::uint64_t kNode = 7;
constexpr std::uint64_t kOtherNode = 8;
constexpr std::uint64_t kMinute = 60000;

Sample Last(Bytes bytes, const std::string& interface = "venet0") {
  return {interface, kNode, kLife, bytes, 1, kMinute};
}

Reckoning Next(const std::vector<Sample>& samples, const std::vector<Counter>& counters,
               const node::Epoch& life = kLife, std::uint64_t node_id = kNode) {
  return Reckon(samples, node_id, life, counters, Settings());
}

void CheckDelta(const Reckoning& reckoning, std::uint64_t in, std::uint64_t out) {
  BOOST_TEST(reckoning.delta.in == in);
  BOOST_TEST(reckoning.delta.out == out);
}

std::string Kinds(const Reckoning& reckoning) {
  std::string kinds;
  for (const Anomaly& one : reckoning.anomalies) {
    kinds += (kinds.empty() ? "" : " ") + std::string(AnomalyName(one.kind)) + ":" + one.interface;
  }
  return kinds;
}

std::string Names(const std::vector<Counter>& counters) {
  std::string names;
  for (const Counter& one : counters) {
    names += (names.empty() ? "" : " ") + one.interface + "=" + std::to_string(one.bytes.in) + "/" +
             std::to_string(one.bytes.out) + (one.expected ? "" : "!");
  }
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(Traffic)

BOOST_AUTO_TEST_CASE(DaysAreCountedAsSqlCountsThem) {
  BOOST_TEST(DayOf(1970, 1, 1) == 719528u);
  BOOST_TEST(DayOf(2000, 3, 1) == 730545u);
  BOOST_TEST(DayOf(2026, 11, 24) == 740309u);
  for (const char* text : {"1970-01-01", "1999-12-31", "2000-02-29", "2026-02-28", "2100-03-01"}) {
    const std::string day = text;
    const auto number = [&](std::size_t at, std::size_t size) {
      return static_cast<unsigned>(std::stoul(day.substr(at, size)));
    };
    BOOST_TEST(FormatDay(DayOf(number(0, 4), number(5, 2), number(8, 2))) == day);
  }
}

BOOST_AUTO_TEST_CASE(APeriodBeginsOnTheBillingDayClampedToTheMonth) {
  struct Case {
    unsigned year, month, day;
    std::uint64_t billing_day;
    const char* begin;
    const char* next;
  };
  const Case kCases[] = {
      {2026, 11, 24, 1, "2026-11-01", "2026-12-01"},  {2026, 11, 1, 1, "2026-11-01", "2026-12-01"},
      {2026, 11, 24, 24, "2026-11-24", "2026-12-24"}, {2026, 11, 23, 24, "2026-10-24", "2026-11-24"},
      {2026, 2, 28, 31, "2026-02-28", "2026-03-31"},  {2026, 2, 27, 31, "2026-01-31", "2026-02-28"},
      {2028, 2, 28, 31, "2028-01-31", "2028-02-29"},  {2028, 2, 29, 30, "2028-02-29", "2028-03-30"},
      {2026, 4, 30, 31, "2026-04-30", "2026-05-31"},  {2026, 5, 1, 31, "2026-04-30", "2026-05-31"},
      {2026, 1, 1, 2, "2025-12-02", "2026-01-02"},    {2026, 12, 31, 31, "2026-12-31", "2027-01-31"},
      {2026, 12, 30, 31, "2026-11-30", "2026-12-31"}, {2026, 3, 5, 0, "2026-03-01", "2026-04-01"},
      {2026, 3, 5, 99, "2026-02-28", "2026-03-31"},
  };
  for (const Case& one : kCases) {
    const Day today = DayOf(one.year, one.month, one.day);
    BOOST_TEST(FormatDay(PeriodBegin(today, one.billing_day)) == one.begin);
    BOOST_TEST(FormatDay(NextPeriodBegin(today, one.billing_day)) == one.next);
  }
}

BOOST_AUTO_TEST_CASE(EveryDayOfFourYearsIsInThePeriodThatBeginsLast) {
  for (std::uint64_t billing_day = 1; billing_day <= 31; ++billing_day) {
    Day begin = PeriodBegin(DayOf(2026, 1, 1), billing_day);
    for (Day day = DayOf(2026, 1, 1); day < DayOf(2030, 1, 1); ++day) {
      if (day == NextPeriodBegin(begin, billing_day)) begin = day;
      BOOST_REQUIRE(PeriodBegin(day, billing_day) == begin);
      BOOST_REQUIRE(NextPeriodBegin(day, billing_day) > day);
    }
  }
}

BOOST_AUTO_TEST_CASE(InOneLifeTheDifferenceCountsByInterfaceAndDirection) {
  const auto reckoning = Next({Last({100, 1000}), Last({5, 6}, "host/veth1.0")},
                              {{"venet0", {150, 1000}, true}, {"host/veth1.0", {5, 9}, true}});
  CheckDelta(reckoning, 50, 3);
  BOOST_TEST(Kinds(reckoning) == "");
}

BOOST_AUTO_TEST_CASE(ANewLifeCountsFromItsBeginningOnWhicheverNode) {
  const std::vector<Sample> before = {Last({1000, 1000})};
  CheckDelta(Next(before, {{"venet0", {30, 40}, true}}, kNextLife), 30, 40);
  CheckDelta(Next(before, {{"venet0", {30, 40}, true}}, kLife, kOtherNode), 30, 40);
  CheckDelta(Next(before, {{"venet0", {3000, 4000}, true}}, kNextLife), 3000, 4000);
}

BOOST_AUTO_TEST_CASE(WhatWasNeverReadBeforeCountsNothingAndWhatWasSeenStoppedCountsAll) {
  CheckDelta(Next({}, {{"venet0", {30, 40}, true}}), 0, 0);
  const Sample stopped{kSeenStopped, kNode, {"00000000-0000-0000-0000-000000000000", 0}, {}, 1, kMinute};
  CheckDelta(Next({stopped}, {{"venet0", {30, 40}, true}}), 30, 40);
}

BOOST_AUTO_TEST_CASE(ALowerCounterInOneLifeIsFlaggedAndItsDirectionCountsNothing) {
  const auto reckoning = Next({Last({100, 100})}, {{"venet0", {99, 160}, true}});
  CheckDelta(reckoning, 0, 60);
  BOOST_TEST(Kinds(reckoning) == "lower_counter:venet0");
  BOOST_TEST(reckoning.anomalies.at(0).before.in == 100u);
  BOOST_TEST(reckoning.anomalies.at(0).after.in == 99u);
}

BOOST_AUTO_TEST_CASE(AnInterfaceThatIsNewInALifeThatWasReadCountsFromThereAndIsFlaggedOnce) {
  const auto first = Next({Last({100, 100})}, {{"venet0", {101, 100}, true}, {"tun0", {7, 8}, false}});
  CheckDelta(first, 1, 0);
  BOOST_TEST(Kinds(first) == "unknown_interface:tun0");
  const auto second =
      Next({Last({100, 100}), Last({7, 8}, "tun0")}, {{"venet0", {100, 100}, true}, {"tun0", {8, 8}, false}});
  CheckDelta(second, 1, 0);
  BOOST_TEST(Kinds(second) == "");
  // One that we expect is no other.
  CheckDelta(Next({Last({100, 100}, "tun0")}, {{"tun0", {100, 100}, false}, {"venet0", {7, 8}, true}}), 0, 0);
  CheckDelta(Next({Last({0, 0}, kSeenStopped)}, {{"venet0", {7, 8}, true}}), 0, 0);
  // A life that was never read counts from its beginning.
  const auto fresh = Next({Last({100, 100})}, {{"venet0", {1, 2}, true}, {"tun0", {7, 8}, false}}, kNextLife);
  CheckDelta(fresh, 8, 10);
  BOOST_TEST(Kinds(fresh) == "unknown_interface:tun0");
}

BOOST_AUTO_TEST_CASE(ARenamedInterfaceGoesOnFromWhatWasCountedUnderItsOldName) {
  const auto renamed = Next({Last({5000, 900})}, {{"zz", {5010, 901}, false}});
  CheckDelta(renamed, 10, 1);
  BOOST_TEST(Kinds(renamed) == "unknown_interface:zz");
  BOOST_TEST(renamed.anomalies.at(0).before.in == 5000u);
  CheckDelta(Next({Last({5010, 901}, "zz")}, {{"venet0", {5030, 901}, true}}), 20, 0);
  // Two at once: each from the highest that can be its own, and each old name once.
  CheckDelta(Next({Last({100, 100}, "a"), Last({5000, 5000}, "b")},
                  {{"c", {5001, 5001}, false}, {"d", {102, 102}, false}}),
             3, 3);
  // Another one got the old name.
  const auto replaced = Next({Last({5000, 900})}, {{"venet0", {0, 0}, true}, {"zz", {5010, 901}, false}});
  CheckDelta(replaced, 10, 1);
  BOOST_TEST(Kinds(replaced) == "lower_counter:venet0 unknown_interface:zz");
  // None that it can have gone on from.
  CheckDelta(Next({Last({5000, 900})}, {{"tun0", {9000, 899}, false}}), 0, 0);
  CheckDelta(Next({Last({5000, 900})}, {{"a", {5001, 901}, false}, {"b", {5001, 901}, false}}), 1, 1);
  // Of another life nothing goes on.
  CheckDelta(Next({Last({5000, 900})}, {{"zz", {5010, 901}, false}}, kNextLife), 5010, 901);
}

BOOST_AUTO_TEST_CASE(AJumpIsBookedAndFlagged) {
  constexpr std::uint64_t kTenGbitForAMinute = 75'000'000'000;
  const auto fine = Next({Last({0, 0})}, {{"venet0", {kTenGbitForAMinute, 0}, true}});
  BOOST_TEST(Kinds(fine) == "");
  const auto jump = Next({Last({0, 0})}, {{"venet0", {0, 2 * kTenGbitForAMinute}, true}});
  CheckDelta(jump, 0, 2 * kTenGbitForAMinute);
  BOOST_TEST(Kinds(jump) == "jump:venet0");
}

BOOST_AUTO_TEST_CASE(NoFigureMakesADeltaWrap) {
  const auto reckoning = Next({Last({0, 0}), Last({0, 0}, "a")},
                              {{"venet0", {UINT64_MAX, 1}, true}, {"a", {UINT64_MAX, 1}, true}});
  CheckDelta(reckoning, UINT64_MAX, 2);
}

BOOST_AUTO_TEST_CASE(OfAPairTheHostsEndIsReadSwappedWhateverRootInsideCallsHis) {
  node::ContainerReading reading;
  reading.inside = {{"lo", 9, 9}, {"venet0", 1, 2}, {"eth0", 70, 80}};
  reading.veths = {{"eth0", "veth101.0"}};
  reading.peers = {{"veth101.0", 81, 71}};
  BOOST_TEST(Names(CountersOf(reading)) == "host/veth101.0=71/81 venet0=1/2");
  reading.inside[2].name = "mine";
  BOOST_TEST(Names(CountersOf(reading)) == "host/veth101.0=71/81 venet0=1/2");
  reading.inside[2].name = "eth0";
  reading.peers.clear();
  BOOST_TEST(Names(CountersOf(reading)) == "host/veth101.0=70/80 venet0=1/2");
}

BOOST_AUTO_TEST_CASE(TheInnerEndOfAPairIsToldByItsCountersAndWhateverElseThereIsCounts) {
  constexpr std::uint64_t kMega = 1'000'000;
  node::ContainerReading reading;
  reading.veths = {{"eth0", "veth101.0"}, {"eth1", "veth101.1"}};
  reading.peers = {{"veth101.0", 900 * kMega, 500 * kMega}, {"veth101.1", 3 * kMega, 4 * kMega}};
  const auto names = [&](const std::vector<node::Interface>& inside) {
    reading.inside = inside;
    std::string text = Names(CountersOf(reading));
    const std::string hosts = "host/veth101.0=500000000/900000000 host/veth101.1=4000000/3000000";
    const std::size_t at = text.find(hosts);
    BOOST_REQUIRE(at != std::string::npos);
    return text.erase(at == 0 ? 0 : at - 1, hosts.size() + 1);
  };
  const auto eth = [&](const std::string& name) { return node::Interface{name, 499 * kMega, 890 * kMega}; };
  const node::Interface eth1{"eth1", 4 * kMega, 3 * kMega};
  BOOST_TEST(names({eth("eth0"), eth1}) == "");
  BOOST_TEST(names({{"tun0", 480 * kMega, 880 * kMega}, eth("zz"), eth1}) == "tun0=480000000/880000000!");
  // Another one under its name counts.
  BOOST_TEST(names({{"eth0", 7, 8}, eth("zz"), eth1}) == "eth0=7/8!");
  BOOST_TEST(names({{"eth1", 499 * kMega, 890 * kMega}, {"eth0", 4 * kMega, 3 * kMega}}) == "");
  // Above the host's, or far below: not the same wire. What has the name is the end then.
  BOOST_TEST(names({{"tun0", 501 * kMega, 900 * kMega}, eth1}) == "tun0=501000000/900000000!");
  BOOST_TEST(names({{"tun0", 100 * kMega, 900 * kMega}, eth1}) == "tun0=100000000/900000000!");
  BOOST_TEST(names({{"eth0", 100 * kMega, 100 * kMega}, eth1}) == "");
  // venet0 is the end of no pair.
  BOOST_TEST(names({{"venet0", 500 * kMega, 900 * kMega}, eth1}) == "venet0=500000000/900000000");
}

BOOST_AUTO_TEST_CASE(NamesThatRootInsideInventsFitIntoTheirColumnAndNeverMeetTheHosts) {
  node::ContainerReading reading;
  reading.inside = {{std::string(15, '\xff'), 1, 1}, {"host", 2, 2}};
  const auto counters = CountersOf(reading);
  for (const Counter& one : counters) {
    BOOST_TEST(one.interface.size() <= 64u);
    BOOST_TEST(one.interface.rfind("host/", 0) == std::string::npos);
  }
  BOOST_TEST(counters.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::traffic
