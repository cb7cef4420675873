// Bookings, periods and corrections in a real database, also by many at once.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <ratio>
#include <string>
#include <thread>
#include <vector>

#include "fcgi/collections.h"
#include "lib/traffic/history.h"
#include "lib/traffic/period.h"
#include "tests/integration/traffic_fixtures.h"
#include "tests/support/await.h"
#include "tests/support/log_file.h"

namespace cvm::traffic {
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

// What the old container counted must not stand behind a move, which forgets what was there.
BOOST_AUTO_TEST_CASE(AReadingFromBeforeAMoveIsDropped) {
  AddNode();
  const auto vps = AddVps(101);
  const auto book = [&](const Noted& noted, bool runs) {
    return Must(runs ? Book(pool, noted, ReadingOf(5000, 5000), Gone::kRemoved, Settings(), Patience())
                     : BookStopped(pool, noted, Patience()));
  };
  for (const bool first : {true, false}) {  // whether there is no period yet, whose row can be waited for
    for (const bool runs : {true, false}) {
      Sql("UPDATE vpses SET ctid = '101'");
      const Noted noted = NoteOf(vps);
      if (first) Sql("DELETE FROM traffic_period");
      Booked booked = Booked::kDone;
      std::thread waiting;
      const auto moved = pool.Transact(Patience(), [&](db::Session& session) {
        session.Query("SELECT 1 FROM vpses FOR UPDATE", {}, [](const db::Row&) {});
        session.Execute("UPDATE vpses SET ctid = '102'", {});
        BOOST_TEST(LockPeriod(session, vps).has_value());
        waiting = std::thread([&] { booked = book(noted, runs); });
        BOOST_TEST(test::Eventually([&] {
          return Number(pool,
                        "SELECT CAST(VARIABLE_VALUE AS UNSIGNED) FROM information_schema.GLOBAL_STATUS WHERE "
                        "VARIABLE_NAME = 'INNODB_ROW_LOCK_CURRENT_WAITS'") >= 1u;
        }));
        ForgetSamples(session, vps);
      });
      waiting.join();
      BOOST_TEST(moved.ok());
      BOOST_TEST((booked == Booked::kMoved));
      BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_samples") == 0u);
    }
  }
  BOOST_TEST((book(Must(Note(pool, vps, alpha.id, *base::Ctid::FromNumber(102), Patience())), true) ==
              Booked::kDone));
  BOOST_TEST(DailySum(vps) == 0u);
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

BOOST_AUTO_TEST_CASE(ANodeThatWasNeverCollectedAgesFromWhenThereWasSomethingToCollect) {
  // In hours.
  const auto ages = [&] {
    std::vector<long> all;
    for (const auto& one : fcgi::ReadCollections(pool)) {
      const std::chrono::duration<double, std::ratio<3600>> age =
          std::chrono::system_clock::now() - one.done_at;
      all.push_back(std::lround(age.count()));
    }
    return all;
  };
  const auto back = [&](const char* table, unsigned hours) {
    Sql("UPDATE " + std::string(table) + " SET created_at = UTC_TIMESTAMP(3) - INTERVAL " +
        std::to_string(hours) + " HOUR");
  };
  AddNode();
  back("nodes", 50);
  BOOST_TEST(ages().empty());
  AddVps(101);
  back("vpses", 20);
  BOOST_TEST(ages() == std::vector<long>{20});
  back("vpses", 90);  // it came from another node
  BOOST_TEST(ages() == std::vector<long>{50});
  Sql("INSERT INTO traffic_collections (node_id, last_tried_at, failure) VALUES (1, UTC_TIMESTAMP(3), 'x')");
  BOOST_TEST(ages() == std::vector<long>{50});
  Sql("UPDATE traffic_collections SET last_done_at = UTC_TIMESTAMP(3) - INTERVAL 1 HOUR");
  BOOST_TEST(ages() == std::vector<long>{1});
  Sql("UPDATE traffic_collections SET last_done_at = NULL");
  Sql("UPDATE vpses SET state = 'terminated'");
  BOOST_TEST(ages().empty());
  Sql("UPDATE vpses SET state = 'active'");
  Sql("UPDATE nodes SET retired_at = UTC_TIMESTAMP(3)");
  BOOST_TEST(ages().empty());
}

BOOST_AUTO_TEST_CASE(OfAnomaliesThatSomebodyMakesADayHasAHundredAndSoHasItsLog) {
  const test::LogFile logged;
  AddNode();
  const auto vps = AddVps(101);
  for (unsigned i = 0; i < 130; ++i) {
    auto reading = ReadingOf(1, 1);
    reading.inside.push_back({"x" + std::to_string(i), 1, 1});
    BookNow(vps, reading);
  }
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 100u);
  BOOST_TEST(logged.End("warning traffic.anomaly") == 100u);
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

}  // namespace cvm::traffic
