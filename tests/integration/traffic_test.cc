// Traffic in a real database: bookings by many at once, periods, corrections; and the bytes of real processes
// on a test node, with collectors that are killed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lib/auth/store.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "lib/node/openvz.h"
#include "lib/node/reading.h"
#include "lib/node/store.h"
#include "lib/traffic/book.h"
#include "lib/traffic/collect.h"
#include "lib/traffic/history.h"
#include "lib/traffic/period.h"
#include "lib/vps/admin.h"
#include "lib/vps/service.h"
#include "tests/support/await.h"
#include "tests/support/database_relay.h"
#include "tests/support/flight.h"
#include "tests/support/program.h"
#include "tests/support/ssh_node.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/terminal.h"
#include "tests/support/test_database.h"

namespace cvm::traffic {
namespace {

using test::Column;
using test::Must;
using test::Number;
using test::Patience;

constexpr char kBoot[] = "a4f8c15d-457b-430b-9237-68525810dff9";

node::ContainerReading ReadingOf(std::uint64_t in, std::uint64_t out, std::uint64_t start = 100) {
  node::ContainerReading reading;
  reading.epoch = {kBoot, start};
  reading.inside = {{"lo", 5, 5}, {"venet0", in, out}};
  return reading;
}

// A database with a node and a VPS, container 101, that has been seen stopped.
struct Books {
  Books() {
    Must(db::Migrate(pool, db::EmbeddedMigrations(), Patience()));
    Must(auth::Store(pool).AddUser("ann", std::nullopt, Patience()));
    alpha.name = "alpha";
    alpha.endpoint.host = "127.0.0.1";
    alpha.endpoint.port = 1;
  }
  std::uint64_t AddNode() { return alpha.id = Must(node::Store(pool).Add(alpha, Patience())); }
  std::uint64_t AddVps(std::uint64_t ctid, vps::Accounting accounting = vps::Accounting::kCombined) {
    vps::NewVps added{"alpha", "ann", *base::Ctid::FromNumber(ctid), "www.example.net", 512, {}, 1000, 1,
                      {},      {}};
    added.traffic.accounting = accounting;
    return Must(admin.Add(added, Patience()));
  }
  Noted NoteOf(std::uint64_t vps) {
    return Must(Note(pool, vps, alpha.id, *base::Ctid::FromNumber(101), Patience()));
  }
  Booked BookNow(std::uint64_t vps, const node::ContainerReading& reading) {
    return Must(Book(pool, NoteOf(vps), reading, Gone::kRemoved, Settings(), Patience()));
  }
  std::uint64_t DailySum(std::uint64_t vps) {
    return Number(pool,
                  "SELECT CAST(COALESCE(SUM(bytes_in + bytes_out), 0) AS UNSIGNED) FROM traffic_daily WHERE "
                  "vps_id = ?",
                  {vps});
  }
  std::uint64_t PeriodSum(std::uint64_t vps) {
    return Number(pool, "SELECT bytes_in + bytes_out FROM traffic_period WHERE vps_id = ?", {vps});
  }
  // As a customer's list would show it.
  vps::Traffic Shown(std::uint64_t vps) {
    for (const vps::Listed& listed : Must(admin.List(Patience()))) {
      if (listed.vps.id == vps) return listed.vps.traffic;
    }
    throw std::runtime_error("no such VPS");
  }
  void Sql(const std::string& statement) { test::RunSql(pool, statement); }
  std::string Begin() { return Column(pool, "SELECT CAST(begins_on AS CHAR) FROM traffic_period").at(0); }
  std::uint64_t Kept() { return Number(pool, "SELECT COUNT(*) FROM traffic_periods_ended"); }

  test::TestDatabase database;
  db::Pool pool{WithConnections(database.Root())};
  node::Node alpha;
  ssh::Pool nobody{ssh::Settings()};
  node::OpenVz no_driver{nobody};
  vps::Admin admin{pool, no_driver};

 private:
  static db::Settings WithConnections(db::Settings settings) {
    settings.connections = 8;
    return settings;
  }
};

}  // namespace

namespace {

// The database with a clock of its own, in one connection.
struct Clock {
  explicit Clock(const Books& books, const char* utc) : pool(One(books.database.Root())) { Set(utc); }
  void Set(const std::string& utc) {
    test::RunSql(pool, "SET time_zone = '+00:00'");
    test::RunSql(pool, "SET timestamp = UNIX_TIMESTAMP('" + utc + "')");
  }
  void Book(const Books& books, std::uint64_t vps, std::uint64_t in) {
    const auto noted = Must(Note(pool, vps, books.alpha.id, *base::Ctid::FromNumber(101), Patience()));
    Must(traffic::Book(pool, noted, ReadingOf(in, 0), Gone::kRemoved, Settings(), Patience()));
  }
  void Add(std::uint64_t vps, bool away, std::uint64_t bytes) {
    Must(Correct(pool, vps, {away, bytes, Direction::kIn, "x"}, {}, Patience()));
  }
  void Collect(const Books& books) { Must(NoteNode(pool, books.alpha.id, Patience())); }
  Period See(std::uint64_t vps) { return Must(ReadHistory(pool, vps, 3, Patience())).period; }
  std::string Begin(std::uint64_t vps) { return FormatDay(See(vps).begins_on); }
  std::uint64_t Used(std::uint64_t vps) { return See(vps).Used().in; }
  // As a customer's list would show it.
  std::uint64_t Shown(std::uint64_t vps) {
    for (const auto& listed : Must(vps::Admin(pool, no_driver).List(Patience()))) {
      if (listed.vps.id == vps) return listed.vps.traffic.in_used;
    }
    throw std::runtime_error("no such VPS");
  }

  db::Pool pool;
  ssh::Pool nobody{ssh::Settings()};
  node::OpenVz no_driver{nobody};

 private:
  static db::Settings One(db::Settings settings) {
    settings.connections = 1;
    return settings;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(TrafficBooks, Books)

BOOST_AUTO_TEST_CASE(ThePeriodsOfSqlBeginWithThoseOfTheProgram) {
  AddNode();
  for (std::uint64_t day = 1; day <= 31; ++day) {
    Sql("UPDATE vpses SET billing_day = " + std::to_string(day) +
        " WHERE id = " + std::to_string(AddVps(100 + day)));
  }
  Clock clock(*this, "2027-12-01 12:00:00");
  const Day first = DayOf(2027, 12, 1);
  for (Day today = first; today <= DayOf(2029, 3, 31); ++today) {
    clock.Set(FormatDay(today) + " 23:59:59");
    const auto rows = Column(clock.pool, "SELECT " CVM_PERIOD_BEGIN " FROM vpses v ORDER BY v.id");
    BOOST_REQUIRE(rows.size() == 31u);
    for (std::uint64_t day = 1; day <= 31; ++day) {
      BOOST_REQUIRE(rows.at(day - 1) == FormatDay(PeriodBegin(today, day)));
    }
  }
}

BOOST_AUTO_TEST_CASE(AClockThatWasAheadOnceCostsNeitherBytesNorBalance) {
  AddNode();
  const auto vps = AddVps(101);
  Clock clock(*this, "2026-11-24 12:00:00");
  clock.Book(*this, vps, 0);
  clock.Book(*this, vps, 500);
  clock.Add(vps, false, 1000);
  clock.Add(vps, true, 30);
  clock.Set("2026-12-01 00:00:05");
  clock.Book(*this, vps, 507);
  BOOST_TEST(Begin() == "2026-12-01");
  clock.Add(vps, false, 9);
  clock.Set("2026-11-24 12:05:00");
  BOOST_TEST(clock.Shown(vps) == 500u);  // until something is collected, from the days
  BOOST_TEST(clock.Used(vps) == 1470u);  // a look
  BOOST_TEST(Begin() == "2026-12-01");
  clock.Collect(*this);
  BOOST_TEST(Begin() == "2026-11-01");
  BOOST_TEST(clock.Shown(vps) == 1470u);
  clock.Book(*this, vps, 517);
  BOOST_TEST(clock.Shown(vps) == 1480u);
  clock.Set("2026-12-01 00:10:00");
  clock.Collect(*this);
  // What was read on that day by the clock of that time, and what was corrected into that period.
  BOOST_TEST(clock.Shown(vps) == 7u + 9u);
  BOOST_TEST(Kept() == 1u);
  BOOST_TEST(Number(pool, "SELECT bytes_in + opening_in - credit_in FROM traffic_periods_ended") == 1480u);
  BOOST_TEST(DailySum(vps) == 517u);
}

BOOST_AUTO_TEST_CASE(AClockThatWasBehindOnceCostsNeitherBytesNorBalance) {
  AddNode();
  const auto vps = AddVps(101);
  Clock clock(*this, "2026-10-24 12:00:00");
  clock.Book(*this, vps, 0);
  clock.Book(*this, vps, 100);
  clock.Add(vps, false, 20);
  clock.Set("2026-11-24 12:00:00");
  clock.Book(*this, vps, 150);
  clock.Add(vps, false, 3);
  clock.Set("2026-10-25 12:00:00");
  clock.Collect(*this);
  BOOST_TEST(clock.Shown(vps) == 120u);
  clock.Set("2026-11-24 12:10:00");
  BOOST_TEST(clock.Used(vps) == 53u);
  clock.Collect(*this);
  BOOST_TEST(clock.Shown(vps) == 53u);
  BOOST_TEST(Kept() == 1u);
  BOOST_TEST(Number(pool, "SELECT bytes_in + opening_in FROM traffic_periods_ended") == 120u);
}

BOOST_AUTO_TEST_CASE(ALookAtAPeriodThatHasEndedTurnsNothing) {
  AddNode();
  const auto vps = AddVps(101);
  Clock clock(*this, "2026-11-24 12:00:00");
  BOOST_TEST(clock.Begin(vps) == "2026-11-01");
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_period") == 0u);
  clock.Book(*this, vps, 0);
  clock.Set("2026-12-02 12:00:00");
  BOOST_TEST(clock.Begin(vps) == "2026-12-01");
  BOOST_TEST(Begin() == "2026-11-01");
  BOOST_TEST(Kept() == 0u);
}

BOOST_AUTO_TEST_CASE(AChangedBillingDayIsFollowedAtOnceAndBack) {
  AddNode();
  const auto vps = AddVps(101);
  Clock clock(*this, "2026-10-25 12:00:00");
  Sql("UPDATE vpses SET billing_day = 20");
  clock.Book(*this, vps, 0);
  clock.Book(*this, vps, 1);
  clock.Add(vps, false, 7000);
  clock.Set("2026-11-05 12:00:00");
  clock.Book(*this, vps, 11);
  clock.Set("2026-11-24 12:00:00");
  clock.Book(*this, vps, 111);
  clock.Add(vps, false, 5000);
  BOOST_TEST(clock.Shown(vps) == 5100u);
  Sql("UPDATE vpses SET billing_day = 1");
  BOOST_TEST(clock.Shown(vps) == 110u);
  clock.Collect(*this);
  BOOST_TEST(Begin() == "2026-11-01");
  BOOST_TEST(clock.Shown(vps) == 5110u);
  // The one before ends where this one begins.
  BOOST_TEST(Column(pool,
                    "SELECT CONCAT_WS(' ', begins_on, ended_on, bytes_in, opening_in) FROM "
                    "traffic_periods_ended")
                 .at(0) == "2026-10-20 2026-11-01 1 7000");
  Sql("UPDATE vpses SET billing_day = 20");
  clock.Collect(*this);
  BOOST_TEST(clock.Shown(vps) == 100u);  // what was corrected stays with the days before
  Sql("UPDATE vpses SET billing_day = 1");
  clock.Collect(*this);
  BOOST_TEST(clock.Shown(vps) == 5110u);
  BOOST_TEST(Kept() == 1u);
  BOOST_TEST(DailySum(vps) == 111u);
}

BOOST_AUTO_TEST_CASE(ABookingThatWaitedTakesTheDayAndThePeriodOfTheMomentAtWhichItsTurnCame) {
  AddNode();
  const auto vps = AddVps(101);
  Clock clock(*this, "2026-11-24 12:00:00");
  clock.Book(*this, vps, 0);
  std::thread waiting;
  const auto done = pool.Transact(Patience(), [&](db::Session& session) {
    session.Query("SELECT 1 FROM traffic_period FOR UPDATE", {}, [](const db::Row&) {});
    waiting = std::thread([&] { clock.Book(*this, vps, 10); });
    BOOST_TEST(test::Eventually([&] {
      return Number(pool,
                    "SELECT CAST(VARIABLE_VALUE AS UNSIGNED) FROM information_schema.GLOBAL_STATUS WHERE "
                    "VARIABLE_NAME = 'INNODB_ROW_LOCK_CURRENT_WAITS'") >= 1u;
    }));
    session.Execute("UPDATE vpses SET billing_day = 24", {});
  });
  waiting.join();
  BOOST_TEST(done.ok());
  BOOST_TEST(Begin() == "2026-11-24");
  BOOST_TEST(clock.Shown(vps) == 10u);
}

BOOST_AUTO_TEST_CASE(DaysAreThoseOfTheDatabase) {
  BOOST_TEST(Number(pool, "SELECT TO_DAYS('2026-11-24')") == DayOf(2026, 11, 24));
  BOOST_TEST(Number(pool, "SELECT TO_DAYS('2000-02-29')") == DayOf(2000, 2, 29));
  BOOST_TEST(Column(pool, "SELECT CAST(UTC_DATE() AS CHAR)").at(0) ==
             FormatDay(Number(pool, "SELECT TO_DAYS(UTC_DATE())")));
}

BOOST_AUTO_TEST_CASE(AReadingIsBookedOnceToTheDayAndThePeriod) {
  AddNode();
  const auto vps = AddVps(101);
  BOOST_TEST((BookNow(vps, ReadingOf(1000, 2000)) == Booked::kDone));
  BOOST_TEST(DailySum(vps) == 0u);  // never read before
  BOOST_TEST((BookNow(vps, ReadingOf(1100, 2010)) == Booked::kDone));
  BOOST_TEST(DailySum(vps) == 110u);
  BOOST_TEST(PeriodSum(vps) == 110u);
  BOOST_TEST(Shown(vps).in_used == 100u);
  BOOST_TEST(Shown(vps).out_used == 10u);
  const Noted stale = NoteOf(vps);
  BookNow(vps, ReadingOf(7, 8, 200));  // a new life
  BOOST_TEST(DailySum(vps) == 125u);
  BOOST_TEST((Must(Book(pool, stale, ReadingOf(1200, 2020), Gone::kRemoved, Settings(), Patience())) ==
              Booked::kOvertaken));
  BOOST_TEST(DailySum(vps) == 125u);
}

BOOST_AUTO_TEST_CASE(AContainerThatWasSeenStoppedCountsFromItsFirstByte) {
  AddNode();
  const auto vps = AddVps(101);
  BOOST_TEST((Must(BookStopped(pool, NoteOf(vps), Patience())) == Booked::kDone));
  BookNow(vps, ReadingOf(30, 40));
  BOOST_TEST(DailySum(vps) == 70u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_samples") == 1u);  // not the mark any more
}

BOOST_AUTO_TEST_CASE(ALowerCounterIsKeptAsAnAnomalyAndTheNextDifferenceCountsFromIt) {
  AddNode();
  const auto vps = AddVps(101);
  BookNow(vps, ReadingOf(1000, 1000));
  BookNow(vps, ReadingOf(400, 1000));
  BookNow(vps, ReadingOf(450, 1000));
  BOOST_TEST(DailySum(vps) == 50u);
  BOOST_TEST(Column(pool, "SELECT kind FROM traffic_anomalies").at(0) == "lower_counter");
  BOOST_TEST(Must(ReadHistory(pool, vps, 1, Patience())).anomalies.size() == 1u);
}

BOOST_AUTO_TEST_CASE(AnInterfaceThatChangesItsNameAgainAndAgainIsCountedOnce) {
  AddNode();
  const auto vps = AddVps(101);
  BookNow(vps, ReadingOf(5000, 9000));
  std::uint64_t in = 5000;
  for (const char* name : {"zz", "y", "venet0", "zz"}) {
    auto reading = ReadingOf(in += 10, 9001);
    reading.inside.back().name = name;
    BookNow(vps, reading);
  }
  BOOST_TEST(DailySum(vps) == 41u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 3u);
}

BOOST_AUTO_TEST_CASE(ACollectionOfTheFutureWasJustNow) {
  const auto node = std::to_string(AddNode());
  const auto vps = AddVps(101);
  BOOST_TEST(!Must(ReadHistory(pool, vps, 1, Patience())).age.has_value());
  Sql("INSERT INTO traffic_collections (node_id, last_tried_at, last_done_at) VALUES (" + node +
      ", UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 DAY)");
  BOOST_TEST(Must(ReadHistory(pool, vps, 1, Patience())).age.value() == 0u);
}

BOOST_AUTO_TEST_CASE(OfAnomaliesThatSomebodyMakesADayHasAHundred) {
  AddNode();
  const auto vps = AddVps(101);
  for (unsigned i = 0; i < 130; ++i) {
    auto reading = ReadingOf(1, 1);
    reading.inside.push_back({"x" + std::to_string(i), 1, 1});
    BookNow(vps, reading);
  }
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 100u);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_samples") == 2u);
}

BOOST_AUTO_TEST_CASE(ManyThatBookAtOnceCountEveryByteOnce) {
  AddNode();
  const auto vps = AddVps(101);
  BookNow(vps, ReadingOf(0, 0));
  std::atomic<std::uint64_t> counter{0};
  std::atomic<unsigned> overtaken{0}, failed{0};
  const auto collect = [&] {
    for (unsigned i = 0; i < 60; ++i) {
      const auto noted = Note(pool, vps, alpha.id, *base::Ctid::FromNumber(101), Patience());
      if (!noted) continue;
      counter += 13;
      const auto booked = Book(pool, *noted, ReadingOf(counter, 0), Gone::kKept, Settings(), Patience());
      if (!booked) ++failed;
      if (booked && *booked == Booked::kOvertaken) ++overtaken;
    }
  };
  std::vector<std::thread> collectors;
  for (unsigned i = 0; i < 6; ++i) collectors.emplace_back(collect);
  for (auto& one : collectors) one.join();
  BookNow(vps, ReadingOf(counter, 0));
  BOOST_TEST(failed == 0u);
  BOOST_TEST(DailySum(vps) == counter);
  BOOST_TEST(PeriodSum(vps) == counter);
  // Two readings of one moment can be booked in either order, so nothing was lower.
  BOOST_TEST_MESSAGE("overtaken: " << overtaken);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 0u);
}

BOOST_AUTO_TEST_CASE(APeriodThatHasEndedShowsNothingAndPassesOnWhenSomethingIsBooked) {
  AddNode();
  const auto vps = AddVps(101);
  BookNow(vps, ReadingOf(0, 0));
  BookNow(vps, ReadingOf(500, 0));
  Sql("UPDATE traffic_daily SET day = day - INTERVAL 40 DAY");
  Sql("UPDATE traffic_period SET begins_on = begins_on - INTERVAL 2 MONTH, opening_in = 5, credit_in = 2");
  BOOST_TEST(Shown(vps).in_used == 0u);
  BookNow(vps, ReadingOf(700, 0));
  BOOST_TEST(Shown(vps).in_used == 200u);
  BOOST_TEST(PeriodSum(vps) == 200u);
  BOOST_TEST(DailySum(vps) == 700u);
  BOOST_TEST(Number(pool, "SELECT bytes_in + opening_in - credit_in FROM traffic_periods_ended") == 503u);
  BOOST_TEST(Column(pool, "SELECT CAST(begins_on AS CHAR) FROM traffic_period").at(0) ==
             Column(pool, "SELECT DATE_FORMAT(UTC_DATE(), '%Y-%m-01')").at(0));
}

BOOST_AUTO_TEST_CASE(ABillingDayThatMovesBackTakesTheDaysSinceThen) {
  AddNode();
  const auto vps = AddVps(101);
  BookNow(vps, ReadingOf(0, 0));
  Sql("UPDATE traffic_period SET begins_on = UTC_DATE() - INTERVAL 20 DAY, bytes_in = 30");
  Sql("INSERT INTO traffic_daily SELECT id, UTC_DATE() - INTERVAL 10 DAY, 10, 0 FROM vpses");
  Sql("INSERT INTO traffic_daily SELECT id, UTC_DATE() - INTERVAL 3 DAY, 20, 0 FROM vpses");
  Sql("UPDATE vpses SET billing_day = DAYOFMONTH(UTC_DATE() - INTERVAL 3 DAY)");
  BookNow(vps, ReadingOf(7, 0));
  BOOST_TEST(PeriodSum(vps) == 27u);
}

BOOST_AUTO_TEST_CASE(ACorrectionIsBookedWithItsReasonAndNeverTakesMoreThanThereIs) {
  AddNode();
  const auto vps = AddVps(101);
  BookNow(vps, ReadingOf(0, 0));
  BookNow(vps, ReadingOf(100, 50));
  const audit::Actor jane{audit::ActorKind::kOperator, "jane"};
  const auto correct = [&](bool away, std::uint64_t bytes, Direction direction) {
    return Correct(pool, vps, {away, bytes, direction, "a leap"}, jane, Patience());
  };
  BOOST_TEST(Must(correct(false, 1000, Direction::kOut)).out == 1050u);
  BOOST_TEST(Must(correct(true, 120, Direction::kEither)).in == 0u);
  BOOST_TEST(Shown(vps).in_used == 0u);
  BOOST_TEST(Shown(vps).out_used == 1030u);
  const auto refused = correct(true, 1031, Direction::kOut);
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST((refused.error().code == base::ErrorCode::kConflict));
  BOOST_TEST(!correct(true, UINT64_MAX, Direction::kEither).ok());
  BOOST_TEST(!correct(false, UINT64_MAX, Direction::kOut).ok());
  BOOST_TEST(DailySum(vps) == 150u);  // history stays
  const auto records = Column(
      pool, "SELECT CONCAT(actor, ': ', detail) FROM action_log WHERE action = 'traffic-adjust' ORDER BY id");
  BOOST_REQUIRE(records.size() == 2u);
  BOOST_TEST(records.at(1) == "jane: -100 bytes in, -20 bytes out: a leap");
  const auto split = AddVps(102, vps::Accounting::kSplit);
  const auto which = Correct(pool, split, {false, 1, Direction::kEither, "x"}, jane, Patience());
  BOOST_REQUIRE(!which.ok());
  BOOST_TEST((which.error().code == base::ErrorCode::kInvalid));
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

testnode::TestNode& SharedNode() {
  static testnode::TestNode node("--ctids '101 102 103 104' --stopped 105");
  return node;
}

// A test node with its containers, each a VPS.
struct Wire : Books {
  Wire() : driver(sessions) {
    alpha.endpoint = tests::EndpointOf(node);
    AddNode();
    for (std::uint64_t ctid = 101; ctid <= 105; ++ctid) AddVps(ctid);
    node.Exec("for i in 101 102 103 104; do vzctl start $i; done; vzctl stop 105");
  }
  static std::uint64_t VpsOf(unsigned ctid) { return ctid - 100; }

  Collected Collect() { return Must(CollectNode(pool, sessions, alpha, Settings(), Patience())); }
  // What the kernel says now, both directions.
  std::uint64_t True(unsigned ctid) {
    const auto reading = Must(node::AskReading(sessions, alpha, {*base::Ctid::FromNumber(ctid)}, Patience()));
    std::uint64_t sum = 0;
    for (const Counter& counter : CountersOf(*reading.at(*base::Ctid::FromNumber(ctid)))) {
      sum += counter.bytes.in + counter.bytes.out;
    }
    return sum;
  }
  void Inside(unsigned ctid, const std::string& line) {
    const auto done = node.Exec("nsenter --net --target $(cat /var/lib/vzctl/vepid/" + std::to_string(ctid) +
                                ") bash -c " + testnode::Quote(line));
    if (done.status != 0) throw std::runtime_error("inside " + std::to_string(ctid) + ": " + done.err);
  }
  // From inside the container, so many datagrams of 1000 bytes.
  void Send(unsigned ctid, unsigned datagrams, const std::string& device = "eth0") {
    Inside(ctid, "ip link set " + device + " up; ip addr replace 10.9.0.2/24 dev " + device +
                     "; ip neigh replace 10.9.0.1 lladdr 00:18:50:00:00:65 dev " + device +
                     "; for i in $(seq " + std::to_string(datagrams) +
                     "); do printf %01000d 0 >/dev/udp/10.9.0.1/9; done");
  }
  vps::Placed PlacedOf(unsigned ctid) {
    vps::Placed placed;
    placed.vps.id = VpsOf(ctid);
    placed.vps.user_id = 1;
    placed.vps.ctid = std::to_string(ctid);
    placed.node = alpha;
    return placed;
  }

  testnode::TestNode& node = SharedNode();
  ssh::Pool sessions{tests::SettingsOf(node)};
  node::OpenVz driver;
  vps::Admin operators{pool, driver};
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

namespace {

// cvmctl as a process of its own.
struct Programs : Wire {
  Programs() {
    Configure(database.socket());
    program = test::RequireEnv("CVM_TEST_BUILD") + "/cvmctl";
  }
  void Configure(const std::string& server) {
    config = directory.Write("cvmctl.toml", "[database]\nservers = [\"" + server + "\"]\nname = \"" +
                                                database.name() +
                                                "\"\nuser = \"root\"\n[ssh]\nkey_directory = \"" +
                                                node.dir() + "\"\nconnect_timeout = 20\n");
  }
  pid_t Begin() const {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    execl(program.c_str(), program.c_str(), "--config", config.c_str(), "traffic", "collect", nullptr);
    _exit(127);
  }
  // The exit status; 128 + N after a signal.
  static int End(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  test::ProgramResult Run(const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {program, "--config", config};
    argv.insert(argv.end(), words.begin(), words.end());
    return test::RunProgram(argv);
  }

  tests::TemporaryDirectory directory;
  std::string config;
  std::string program;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(CollectorsThatAreKilledAtAnyMomentCountEveryByteOnce, Programs) {
  Collect();
  // What is counted from: the first reading counts nothing.
  const auto sampled = Column(pool,
                              "SELECT CAST(SUM(bytes_in + bytes_out) AS UNSIGNED) FROM traffic_samples WHERE "
                              "interface <> '' GROUP BY "
                              "vps_id ORDER BY vps_id");
  BOOST_REQUIRE(sampled.size() == 4u);
  std::atomic<bool> over{false};
  std::thread sender([&] {
    for (unsigned i = 0; !over; ++i) Send(101 + i % 4, 20);
  });
  const auto collect = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (unsigned round = 0; round < 25; ++round) {
      const pid_t pid = Begin();
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));  // the moment of death
      kill(pid, SIGKILL);
      End(pid);
    }
  };
  std::thread first(collect, 1), second(collect, 2);
  for (unsigned round = 0; round < 5; ++round) BOOST_TEST(End(Begin()) == 0);
  first.join();
  second.join();
  over = true;
  sender.join();
  Collect();
  const auto last = Column(pool,
                           "SELECT CAST(SUM(bytes_in + bytes_out) AS UNSIGNED) FROM traffic_samples WHERE "
                           "interface <> '' GROUP BY "
                           "vps_id ORDER BY vps_id");
  for (unsigned ctid = 101; ctid <= 104; ++ctid) {
    const std::size_t at = ctid - 101;
    BOOST_TEST(DailySum(VpsOf(ctid)) == std::stoull(last.at(at)) - std::stoull(sampled.at(at)));
    BOOST_TEST(True(ctid) - std::stoull(last.at(at)) < 20000u);
    BOOST_TEST(DailySum(VpsOf(ctid)) > 20u * 1042);
  }
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 0u);
}

namespace {

// Collectors that die at their commands to the database, one after the other; until one comes to its end.
struct Dying : Programs {
  Dying() { Sql("UPDATE vpses SET state = 'terminated' WHERE id > 1"); }

  std::uint64_t Sampled() {
    return Number(pool,
                  "SELECT CAST(SUM(bytes_in + bytes_out) AS UNSIGNED) FROM traffic_samples WHERE vps_id = 1 "
                  "AND interface <> ''");
  }
  // Whether it died.
  bool DieAt(unsigned command, test::DatabaseRelay::Hold hold) {
    const std::string path = directory.Path("relay");
    Configure(path);
    const test::DatabaseRelay relay(database.socket(), path, command, hold);
    const pid_t pid = Begin();
    siginfo_t ended{};
    BOOST_REQUIRE(test::Eventually([&] {
      waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT);
      return relay.held() || ended.si_pid == pid;
    }));
    if (relay.held()) kill(pid, SIGKILL);
    const int status = End(pid);
    BOOST_TEST(status == (relay.held() ? 128 + SIGKILL : 0));
    return relay.held();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(ACollectorThatIsKilledAtAnyCommandToTheDatabaseCountsEveryByteOnce, Dying) {
  Collect();
  const std::uint64_t begun = Sampled();
  for (const auto hold : {test::DatabaseRelay::Hold::kCommand, test::DatabaseRelay::Hold::kAnswer}) {
    unsigned command = 1;
    for (bool died = true; died; ++command) {
      BOOST_REQUIRE(command < 500u);
      Send(101, 1);
      died = DieAt(command, hold);
      BOOST_TEST_CONTEXT("command " << command) {
        BOOST_TEST(DailySum(1) == Sampled() - begun);
        Collect();
        BOOST_TEST(DailySum(1) == Sampled() - begun);
        BOOST_TEST(PeriodSum(1) == DailySum(1));
      }
    }
    BOOST_TEST(command > 10u);
    BOOST_TEST_MESSAGE("commands: " << command);
  }
  BOOST_TEST(Sampled() - begun > 20u * 1042);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 0u);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatFailsHarmsNoOtherAndIsNamed, Programs) {
  node::Node beta = alpha;
  beta.name = "beta";
  beta.endpoint.port = 1;
  Must(node::Store(pool).Add(beta, Patience()));
  Sql("UPDATE vpses SET node_id = 2 WHERE id = 5");
  const auto collected = Run({"traffic", "collect"});
  BOOST_TEST(collected.exit_status == 5);
  BOOST_TEST(collected.out == "");
  BOOST_TEST(collected.err.find("node beta") != std::string::npos, collected.err);
  BOOST_TEST(collected.err.find("node alpha") == std::string::npos, collected.err);
  BOOST_TEST(Number(pool, "SELECT containers FROM traffic_collections WHERE failure = ''") == 4u);
  const auto one = Run({"traffic", "collect", "--node", "alpha"});
  BOOST_TEST(one.exit_status == 0);
  BOOST_TEST(one.out + one.err == "");
  BOOST_TEST(Run({"traffic", "collect", "--node", "gamma"}).exit_status == 3);
}

BOOST_FIXTURE_TEST_CASE(EachNodeThatFailsIsALineOnStderrAndAnEventInALogThatIsElsewhere, Programs) {
  constexpr unsigned kNodes = 6;
  for (unsigned i = 0; i < kNodes; ++i) {
    node::Node dead = alpha;
    dead.name = "dead" + std::to_string(i);
    dead.endpoint.port = 1;
    const auto id = Must(node::Store(pool).Add(dead, Patience()));
    const auto vps = AddVps(201 + i);
    Sql("UPDATE vpses SET node_id = " + std::to_string(id) + " WHERE id = " + std::to_string(vps));
  }
  const auto each = [](const std::string& text, const std::string& in_front) {
    unsigned lines = 0;
    std::istringstream all(text);
    for (std::string line; std::getline(all, line); ++lines) {
      const std::string begin = in_front + std::to_string(lines);
      BOOST_TEST(line.find(begin) != std::string::npos, line << " lacks " << begin);
    }
    return lines;
  };
  const auto collected = Run({"traffic", "collect"});
  BOOST_TEST(collected.exit_status == 5);
  BOOST_TEST(each(collected.err, "cvmctl: node dead") == kNodes, collected.err);
  const std::string log = directory.Path("log");
  std::ofstream(config, std::ios::app) << "[log]\ntarget = \"" << log << "\"\n";
  BOOST_TEST(each(Run({"traffic", "collect"}).err, "cvmctl: node dead") == kNodes);
  std::ostringstream written;
  written << std::ifstream(log).rdbuf();
  BOOST_TEST(each(written.str(), "warning traffic.collection_failed node=dead") == kNodes, written.str());
}

BOOST_FIXTURE_TEST_CASE(ShowDrawsTheDaysAndAdjustCorrectsThem, Programs) {
  Collect();
  Send(101, 100);
  Collect();
  const auto shown = Run({"traffic", "show", "1", "--days", "3"});
  BOOST_TEST(shown.exit_status == 0);
  BOOST_TEST(shown.out.find("VPS 1, www.example.net, on node alpha") != std::string::npos, shown.out);
  BOOST_TEST(shown.out.find(" kB out") != std::string::npos, shown.out);
  BOOST_TEST(Run({"traffic", "adjust", "1", "-1", "--why", "x", "--out"}).exit_status == 0);
  BOOST_TEST(Run({"traffic", "adjust", "1", "5000", "--why", "x"}).exit_status == 0);
  const auto json = Run({"traffic", "show", "1", "--json"});
  BOOST_TEST(json.out.find("\"credit_out\"") != std::string::npos, json.out);
  BOOST_TEST(Run({"traffic", "adjust", "1", "-99999999999", "--why", "x"}).exit_status == 4);
  BOOST_TEST(Run({"traffic", "adjust", "1", "5"}).exit_status == 2);
  BOOST_TEST(Run({"traffic", "show", "99"}).exit_status == 3);
}

namespace {

// The environment in front of cvmctl.
struct Drawn : Programs {
  std::vector<std::string> Words(const std::string& environment,
                                 const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {"env", "-u", "COLUMNS", "-u", "LC_ALL", "-u", "LC_CTYPE"};
    for (const std::string& one : test::SplitWords(environment)) argv.push_back(one);
    argv.insert(argv.end(), {program, "--config", config});
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
  }
  static std::size_t Count(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
    return count;
  }
  // The most characters of a line.
  static std::size_t Widest(const std::string& text) {
    std::size_t widest = 0, width = 0;
    for (const char c : text) {
      if (c == '\n' || c == '\r')
        width = 0;
      else if ((static_cast<unsigned char>(c) & 0xc0u) != 0x80u)
        widest = std::max(widest, ++width);
    }
    return widest;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(AtATerminalABarShowsHowFarACollectionIsAndGoesAway, Drawn) {
  const auto utf8 = test::RunAtTerminal(Words("LANG=C.UTF-8", {"traffic", "collect"}), 80);
  BOOST_TEST(utf8.exit_status == 0);
  BOOST_TEST(Count(utf8.out, "] 0 of 1 nodes") == 1u, utf8.out);
  BOOST_TEST(Count(utf8.out, "] 1 of 1 nodes") == 1u, utf8.out);
  BOOST_TEST(Count(utf8.out, "█") == 30u, utf8.out);
  BOOST_TEST(utf8.out.find("\r\x1b[KNAME") != std::string::npos,
             utf8.out);  // the bar is away, the list is there
  for (const char* plain : {"LANG=C", "LANG=C.UTF-8 LC_ALL=C", "LANG="}) {
    const auto ascii = test::RunAtTerminal(Words(plain, {"traffic", "collect"}), 80);
    BOOST_TEST(Count(ascii.out, "█") == 0u, ascii.out);
    BOOST_TEST(Count(ascii.out, "#") == 30u, ascii.out);
  }
  const auto nowhere = test::RunProgram(Words("LANG=C.UTF-8", {"traffic", "collect"}));
  BOOST_TEST(nowhere.out + nowhere.err == "");
}

BOOST_FIXTURE_TEST_CASE(TheChartIsAsWideAsTheTerminalAndPlainWhereTheLocaleIs, Drawn) {
  Sql("INSERT INTO traffic_daily (vps_id, day, bytes_in, bytes_out) VALUES (1, UTC_DATE(), 123456789012, 0)");
  const std::vector<std::string> show = {"traffic", "show", "1", "--days", "1"};
  const std::string kKey = "\n            ";  // of the line that explains the signs
  const auto bar = [&](const std::string& text, const char* sign) {
    return Count(text.substr(0, text.find(kKey)), sign);
  };
  const struct {
    unsigned short columns;
    std::size_t cells;
  } kTerminals[] = {{20, 10}, {52, 10}, {80, 38}, {132, 90}};
  for (const auto& terminal : kTerminals) {
    const auto drawn = test::RunAtTerminal(Words("LANG=C.UTF-8", show), terminal.columns);
    BOOST_TEST(bar(drawn.out, "█") == terminal.cells, drawn.out);
    const auto plain = test::RunAtTerminal(Words("LANG=C COLUMNS=300", show), terminal.columns);
    BOOST_TEST(bar(plain.out, "#") == terminal.cells, plain.out);
    BOOST_TEST(Count(plain.out, "█") == 0u, plain.out);
  }
  for (const unsigned short columns : std::initializer_list<unsigned short>{80, 132}) {
    const std::string text = test::RunAtTerminal(Words("LANG=C.UTF-8", show), columns).out;
    BOOST_TEST(Widest(text.substr(text.find("together"))) <= columns, text);
  }
  BOOST_TEST(bar(test::RunProgram(Words("LANG=C.UTF-8", show)).out, "█") == 38u);
  BOOST_TEST(bar(test::RunProgram(Words("LANG=C COLUMNS=100", show)).out, "#") == 58u);
  BOOST_TEST(bar(test::RunProgram(Words("LANG=C COLUMNS=wide", show)).out, "#") == 38u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::traffic
