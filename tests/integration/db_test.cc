// The pool on a real server: values, statements, transactions, and connections that die.
#include "lib/db/db.h"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <future>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_database.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::base::Result;
using cvm::base::Status;
using cvm::db::Failure;
using cvm::db::Pool;
using cvm::db::Row;
using cvm::db::Session;
using cvm::test::Column;
using cvm::test::Number;
using cvm::test::Patience;
using cvm::test::RunSql;

namespace {

using namespace std::string_literals;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

void Nothing(const Row&) {}

struct Fixture {
  Fixture() {
    RunSql(
        root,
        "CREATE TABLE t (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, n BIGINT UNSIGNED NULL, "
        "s VARCHAR(190) NULL, UNIQUE KEY t_s (s)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin");
    RunSql(root,
           "CREATE TABLE child (t_id BIGINT UNSIGNED NOT NULL, FOREIGN KEY (t_id) REFERENCES t (id)) "
           "ENGINE=InnoDB");
  }

  cvm::db::Settings Sized(std::size_t connections, int query_seconds = 10) const {
    auto settings = database.Root();
    settings.connections = connections;
    settings.query_timeout = std::chrono::seconds(query_seconds);
    return settings;
  }

  std::uint64_t Rows() { return Number(root, "SELECT COUNT(*) FROM t"); }
  void Fill(unsigned rows) {
    for (unsigned i = 1; i <= rows; ++i)
      RunSql(root, "INSERT INTO t (id, n) VALUES (" + std::to_string(i) + ", 0)");
  }
  void Kill(std::uint64_t connection) { RunSql(root, "KILL " + std::to_string(connection)); }

  cvm::test::TestDatabase database;
  Pool root{database.Root()};
};

std::uint64_t Insert(Session& session, std::string_view text) {
  return session.Execute("INSERT INTO t (s) VALUES (?)", {text});
}

std::uint64_t ConnectionId(Session& session) {
  std::uint64_t id = 0;
  session.Query("SELECT CONNECTION_ID()", {}, [&id](const Row& row) { id = row.U64(0); });
  return id;
}

// Waits until `count` threads are here.
class Meeting {
 public:
  explicit Meeting(int count) : missing_(count) {}
  void Arrive() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (--missing_ == 0) all_.notify_all();
    all_.wait(lock, [this] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  int missing_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(Db, Fixture)

BOOST_AUTO_TEST_CASE(ValuesComeBackAsTheyWereGiven) {
  const std::string texts[] = {
      "", "plain", "a\0b"s, "\xF0\x9F\x98\x80 \xC3\xA9", "'; DROP TABLE t; --", "\\%_\"`\n"};
  for (const std::string& text : texts) {
    const Result<std::string> back = root.Transact(Patience(), [&](Session& session) {
      session.Execute("INSERT INTO t (n, s) VALUES (?, ?)", {kMost, text});
      std::string read;
      session.Query("SELECT n, s FROM t WHERE s = ? AND n = ? AND id = ?",
                    {text, kMost, session.LastInsertId()}, [&](const Row& row) {
                      BOOST_TEST(row.U64(0) == kMost);
                      read = row.Text(1);
                    });
      return read;
    });
    BOOST_REQUIRE(back.ok());
    BOOST_TEST(*back == text);
  }
}

BOOST_AUTO_TEST_CASE(NumbersKeepEveryDigitWhateverTypeTheServerGivesThem) {
  const auto done = root.Run(Patience(), [](Session& session) {
    unsigned rows = 0;
    session.Query(
        "SELECT 18446744073709551615, SUM(18446744073709551615), CAST(? AS UNSIGNED), 0, "
        "CAST('18446744073709551615' AS DECIMAL(20)), '18446744073709551615'",
        {kMost}, [&](const Row& row) {
          ++rows;
          for (const unsigned column : {0U, 1U, 2U, 4U, 5U}) BOOST_TEST(row.U64(column) == kMost);
          BOOST_TEST(row.U64(3) == 0u);
          BOOST_TEST(row.Text(0) == "18446744073709551615");
        });
    return rows;
  });
  BOOST_REQUIRE(done.ok());
  BOOST_TEST(*done == 1u);
}

BOOST_AUTO_TEST_CASE(NullGoesInAndComesOutAsNull) {
  const auto done = root.Run(Patience(), [](Session& session) {
    session.Execute("INSERT INTO t (n, s) VALUES (?, ?)", {nullptr, nullptr});
    session.Query("SELECT n, s, id FROM t", {}, [](const Row& row) {
      BOOST_TEST((row.IsNull(0) && !row.MaybeU64(0)));
      BOOST_TEST((row.IsNull(1) && !row.MaybeText(1)));
      BOOST_TEST((!row.IsNull(2) && row.MaybeU64(2) == row.U64(2)));
    });
  });
  BOOST_TEST(done.ok());
}

BOOST_AUTO_TEST_CASE(ReadingNullAsAValueIsAnErrorAndNotNothing) {
  const auto number = root.Run(Patience(), [](Session& session) {
    session.Query("SELECT NULL", {}, [](const Row& row) { row.U64(0); });
  });
  BOOST_REQUIRE(!number.ok());
  BOOST_TEST((number.error().code == ErrorCode::kInternal));
  BOOST_TEST(number.error().message.find("column 0 is NULL") != std::string::npos);
  BOOST_TEST(Number(root, "SELECT 7") == 7u);
}

BOOST_AUTO_TEST_CASE(AnEmptyResultCallsNobody) {
  BOOST_TEST(Column(root, "SELECT s FROM t").empty());
}

BOOST_AUTO_TEST_CASE(AQueryMayStandInsideTheRowsOfAnother) {
  Fill(3);
  const auto sum = root.Run(Patience(), [](Session& session) {
    std::uint64_t total = 0;
    session.Query("SELECT id FROM t ORDER BY id", {}, [&](const Row& outer) {
      session.Query("SELECT ? + 0", {outer.U64(0)}, [&](const Row& inner) { total += inner.U64(0); });
    });
    return total;
  });
  BOOST_REQUIRE(sum.ok());
  BOOST_TEST(*sum == 6u);
}

BOOST_AUTO_TEST_CASE(ChangedRowsAreCountedMatchedOnesAreNot) {
  Fill(3);
  const auto changed = root.Run(Patience(), [](Session& session) {
    BOOST_TEST(session.Execute("UPDATE t SET n = 1", {}) == 3u);
    return session.Execute("UPDATE t SET n = 1", {});
  });
  BOOST_REQUIRE(changed.ok());
  BOOST_TEST(*changed == 0u);
}

BOOST_AUTO_TEST_CASE(EveryConnectionSpeaksUtf8AndUtcAndRefusesWrongData) {
  for (const char* name : {"character_set_client", "character_set_connection", "character_set_results"}) {
    BOOST_TEST(
        Column(root,
               "SELECT variable_value FROM information_schema.session_variables WHERE variable_name = ?",
               {name}) == std::vector<std::string>{"utf8mb4"});
  }
  BOOST_TEST(Number(root, "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW())") == 0u);
  const auto cut = root.Run(Patience(), [](Session& session) { Insert(session, std::string(191, 'x')); });
  BOOST_TEST(!cut.ok());
  BOOST_TEST(Rows() == 0u);
}

BOOST_AUTO_TEST_CASE(TextThatIsNoAsciiIsAnErrorAgainstAnAsciiColumn) {
  RunSql(root, "CREATE TABLE a (s VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY)");
  BOOST_TEST(Column(root, "SELECT s FROM a WHERE s = ?", {"plain"}).empty());
  const auto asked = root.Run(Patience(), [](Session& session) {
    session.Query("SELECT s FROM a WHERE s = ?", {"\xC3\xA9"}, Nothing);
  });
  BOOST_TEST(!asked.ok());
}

BOOST_AUTO_TEST_CASE(AStatementIsPreparedOnceAConnection) {
  Pool pool(Sized(1));
  const auto prepared = [&pool] {
    return Number(pool,
                  "SELECT variable_value FROM information_schema.session_status "
                  "WHERE variable_name = 'Com_stmt_prepare'");
  };
  const std::uint64_t before = prepared();
  for (int i = 0; i < 5; ++i) Column(pool, "SELECT s FROM t WHERE id = ?", {std::uint64_t{1}});
  BOOST_TEST(prepared() == before + 1);
}

BOOST_AUTO_TEST_CASE(WorkMayReturnNothingAValueOrAResult) {
  const Status nothing = root.Run(Patience(), [](Session&) {});
  const Result<int> value = root.Run(Patience(), [](Session&) { return 7; });
  const Result<int> result = root.Run(Patience(), [](Session&) -> Result<int> { return 8; });
  const Result<int> error = root.Transact(Patience(), [](Session&) -> Result<int> {
    return cvm::base::Error{ErrorCode::kNotFound, "no such row"};
  });
  const Status status = root.Transact(Patience(), [](Session&) { return Status(); });
  BOOST_TEST((nothing.ok() && status.ok() && *value == 7 && *result == 8));
  BOOST_REQUIRE(!error.ok());
  BOOST_TEST(error.error().message == "no such row");
}

BOOST_AUTO_TEST_CASE(WhatAKeyRefusesIsAConflict) {
  Fill(1);
  RunSql(root, "INSERT INTO child VALUES (1)");
  const auto twice =
      root.Transact(Patience(), [](Session& session) { Insert(session, "a"), Insert(session, "a"); });
  const auto orphan =
      root.Run(Patience(), [](Session& s) { s.Execute("INSERT INTO child VALUES (99)", {}); });
  const auto parent = root.Run(Patience(), [](Session& s) { s.Execute("DELETE FROM t WHERE id = 1", {}); });
  for (const Status& status : {twice, orphan, parent}) {
    BOOST_REQUIRE(!status.ok());
    BOOST_TEST((status.error().code == ErrorCode::kConflict), status.error().message);
  }
  BOOST_TEST(Rows() == 1u);
}

BOOST_AUTO_TEST_CASE(ATransactionIsCommittedWhenItsWorkReturns) {
  const auto done =
      root.Transact(Patience(), [](Session& session) { Insert(session, "a"), Insert(session, "b"); });
  BOOST_TEST(done.ok());
  BOOST_TEST(Rows() == 2u);
}

BOOST_AUTO_TEST_CASE(ATransactionIsRolledBackWhenItsWorkThrows) {
  Pool pool(Sized(1));
  BOOST_CHECK_THROW(static_cast<void>(pool.Transact(Patience(),
                                                    [](Session& session) {
                                                      Insert(session, "a");
                                                      throw std::out_of_range("bug");
                                                    })),
                    std::out_of_range);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM t") == 0u);
}

BOOST_AUTO_TEST_CASE(ATransactionIsRolledBackWhenItsWorkReturnsAnError) {
  Pool pool(Sized(1));
  const Status refused = pool.Transact(Patience(), [](Session& session) -> Status {
    Insert(session, "a");
    return cvm::base::Error{ErrorCode::kInvalid, "refused"};
  });
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST(refused.error().message == "refused");
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM t") == 0u);
}

BOOST_AUTO_TEST_CASE(ATransactionWhoseFailureWasSwallowedIsNotCommitted) {
  const Status done = root.Transact(Patience(), [](Session& session) {
    Insert(session, "a");
    try {
      session.Execute("INSERT INTO nowhere VALUES (1)", {});
    } catch (const Failure&) {
    }
  });
  BOOST_TEST(!done.ok());
  BOOST_TEST(Rows() == 0u);
}

BOOST_AUTO_TEST_CASE(WhatOneTransactionCommitsTheNextStatementOfAnotherSees) {
  const auto seen = root.Transact(Patience(), [&](Session& session) {
    session.Query("SELECT COUNT(*) FROM t", {}, Nothing);
    RunSql(root, "INSERT INTO t (s) VALUES ('a')");
    std::uint64_t count = 0;
    session.Query("SELECT COUNT(*) FROM t", {}, [&](const Row& row) { count = row.U64(0); });
    return count;
  });
  BOOST_REQUIRE(seen.ok());
  BOOST_TEST(*seen == 1u);
}

// Two transactions that take the same two rows crosswise: the server kills one, which runs again.
struct Crossing : Fixture {
  Crossing() { Fill(2); }
  template <class Second>
  void Run(Second second) {
    Meeting meeting(2);
    std::vector<std::future<Status>> both;
    for (const std::uint64_t first : {1U, 2U}) {
      both.push_back(std::async(std::launch::async, [&, first] {
        bool met = false;
        return root.Transact(Patience(), [&](Session& session) {
          ++attempts;
          Add(session, first);
          if (!met) meeting.Arrive();
          met = true;
          second(session, 3 - first);
        });
      }));
    }
    for (auto& one : both) {
      const Status status = one.get();
      BOOST_TEST(status.ok(), cvm::test::Why(status));
    }
  }
  static void Add(Session& session, std::uint64_t id) {
    session.Execute("UPDATE t SET n = n + 1 WHERE id = ?", {id});
  }
  std::atomic<int> attempts{0};
};

BOOST_FIXTURE_TEST_CASE(ADeadlockRunsTheWholeWorkAgain, Crossing) {
  Run(Add);
  BOOST_TEST(attempts == 3);
  BOOST_TEST(Number(root, "SELECT SUM(n) FROM t") == 4u);
}

BOOST_FIXTURE_TEST_CASE(ADeadlockThatTheWorkSwallowsRunsItAgainAllTheSame, Crossing) {
  Run([](Session& session, std::uint64_t id) {
    try {
      Add(session, id);
    } catch (const Failure&) {
    }
    session.Execute("INSERT INTO t (n) VALUES (100)", {});
  });
  BOOST_TEST(attempts == 3);
  BOOST_TEST(Number(root, "SELECT SUM(n) FROM t") == 204u);
}

BOOST_AUTO_TEST_CASE(ALockThatIsNotLetGoEndsTheWaitAtTheDeadline) {
  Fill(1);
  Pool waiting(Sized(1, 2));
  const Status holder = root.Transact(Patience(), [&](Session& session) {
    Crossing::Add(session, 1);
    const Status waiter = waiting.Transact(Deadline::In(std::chrono::milliseconds(1500)),
                                           [](Session& other) { Crossing::Add(other, 1); });
    BOOST_REQUIRE(!waiter.ok());
    BOOST_TEST((waiter.error().code == ErrorCode::kUnavailable));
    BOOST_TEST(waiter.error().message.find("Lock wait timeout") != std::string::npos);
  });
  BOOST_TEST(holder.ok());
  BOOST_TEST(Number(root, "SELECT n FROM t") == 1u);
}

BOOST_AUTO_TEST_CASE(AConnectionThatDiedIdleIsReplacedAndEachChangeIsMadeOnce) {
  Pool pool(Sized(1));
  const auto kill_idle = [&] { Kill(Number(pool, "SELECT CONNECTION_ID()")); };
  kill_idle();
  BOOST_TEST(Number(pool, "SELECT 7") == 7u);
  kill_idle();
  BOOST_TEST(pool.Run(Patience(), [](Session& session) { Insert(session, "a"); }).ok());
  kill_idle();
  BOOST_TEST(pool.Transact(Patience(), [](Session& session) { Insert(session, "b"); }).ok());
  kill_idle();
  RunSql(pool, "INSERT INTO t (s) VALUES ('c')");
  BOOST_TEST(Rows() == 3u);
}

BOOST_AUTO_TEST_CASE(AConnectionThatDiesInTheMiddleIsAnErrorAndNothingIsCommitted) {
  Pool pool(Sized(1));
  const Status done = pool.Transact(Patience(), [&](Session& session) {
    Insert(session, "a");
    Kill(ConnectionId(session));
    Insert(session, "b");
  });
  BOOST_REQUIRE(!done.ok());
  BOOST_TEST((done.error().code == ErrorCode::kUnavailable));
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM t") == 0u);
}

BOOST_AUTO_TEST_CASE(AConnectionThatDiesAtTheCommitLeavesTheOutcomeUnknown) {
  Pool pool(Sized(1));
  const Status done = pool.Transact(Patience(), [&](Session& session) {
    Insert(session, "a");
    Kill(ConnectionId(session));
  });
  BOOST_REQUIRE(!done.ok());
  BOOST_TEST((done.error().code == ErrorCode::kBroken));
}

BOOST_AUTO_TEST_CASE(AQueryThatOutlivesItsTimeoutIsUnavailableAndAChangeUnknown) {
  Pool pool(Sized(1, 1));
  const Status query =
      pool.Run(Patience(), [](Session& session) { session.Query("SELECT SLEEP(4)", {}, Nothing); });
  const Status change = pool.Run(Patience(), [](Session& session) { session.Execute("DO SLEEP(4)", {}); });
  BOOST_REQUIRE((!query.ok() && !change.ok()));
  BOOST_TEST((query.error().code == ErrorCode::kUnavailable));
  BOOST_TEST((change.error().code == ErrorCode::kBroken));
  BOOST_TEST(Number(pool, "SELECT 7") == 7u);
}

BOOST_AUTO_TEST_CASE(BeyondThePoolsSizeCallsWaitUntilTheirDeadline) {
  Pool pool(Sized(1));
  const Status outer = pool.Run(Patience(), [&](Session&) {
    const Status inner = pool.Run(Deadline::In(std::chrono::milliseconds(50)), [](Session&) {});
    BOOST_REQUIRE(!inner.ok());
    BOOST_TEST((inner.error().code == ErrorCode::kUnavailable));
  });
  BOOST_TEST(outer.ok());
}

BOOST_AUTO_TEST_CASE(ManyThreadsAtOnceLoseNothingAndLeaveNothingOpen) {
  Fill(1);
  {
    Pool pool(Sized(4));
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 12; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 25; ++i) {
          const Status added = pool.Transact(Patience(), [](Session& s) { Crossing::Add(s, 1); });
          const Status failed =
              pool.Run(Patience(), [](Session& s) { s.Query("SELECT nothing", {}, Nothing); });
          if (added.ok() && !failed.ok()) ++done;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    BOOST_TEST(done == 300);
    BOOST_TEST(Number(pool, "SELECT n FROM t") == 300u);
    BOOST_TEST(Number(pool,
                      "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() "
                      "AND command <> 'Killed'") <= 5u + 4u);
  }
}

BOOST_AUTO_TEST_CASE(AWrongPasswordIsToldWithoutIt) {
  const std::string user = database.name();
  RunSql(root, "CREATE USER '" + user + "'@'localhost' IDENTIFIED BY 'right-5f1e'");
  for (const char* password : {"wrong-8c2d", ""}) {
    Pool pool(database.As(user, password));
    const Status denied = pool.Run(Patience(), [](Session&) {});
    BOOST_REQUIRE(!denied.ok());
    BOOST_TEST((denied.error().code == ErrorCode::kUnavailable));
    BOOST_TEST(denied.error().message.find("check the user and password") != std::string::npos);
    BOOST_TEST(denied.error().message.find("8c2d") == std::string::npos);
  }
  RunSql(root, "DROP USER '" + user + "'@'localhost'");
}

BOOST_AUTO_TEST_CASE(ADatabaseThatIsNotThereSaysHowItIsMade) {
  auto settings = database.Root();
  settings.name += "_not";
  Pool pool(std::move(settings));
  const Status done = pool.Run(Patience(), [](Session&) {});
  BOOST_REQUIRE(!done.ok());
  BOOST_TEST(done.error().message.find("sql/database.sql") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
