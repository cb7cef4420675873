// Who gets which connection, and when one is made: with connections that are none.
#include "lib/db/lender.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/await.h"

using cvm::base::Deadline;
using cvm::base::Result;
using cvm::db::Attempt;
using cvm::db::Connection;
using cvm::db::Failure;
using cvm::db::Lender;

namespace {

Deadline Patience() {
  return Deadline::In(std::chrono::seconds(60));
}
Deadline Soon() {
  return Deadline::In(std::chrono::milliseconds(50));
}

class FakeConnection : public Connection {
 public:
  explicit FakeConnection(unsigned id) : number(id) {}
  void Query(cvm::db::Sql, const std::vector<cvm::db::Param>&,
             const std::function<void(const cvm::db::Row&)>&) override {
    Answered();
  }
  std::uint64_t Execute(cvm::db::Sql, const std::vector<cvm::db::Param>&) override { return 0; }
  std::uint64_t LastInsertId() override { return 0; }
  void RunScriptStatement(const std::string&) override {}
  void Begin() override {}
  void Commit() override {}
  void Rollback() override {}
  void Die() { Failed(Failure::Kind::kLost, Effect::kNone); }
  void Spoil() { Failed(Failure::Kind::kOther, Effect::kNone); }

  const unsigned number;
};

FakeConnection& Of(Lender::Lease& lease) {
  return dynamic_cast<FakeConnection&>(*lease);
}

// A server whose connects wait until they are told how they go, where Hold() was called.
class FakeServer {
 public:
  Attempt Connect() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++asked_;
    most_at_once_ = std::max(most_at_once_, ++under_way_);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --under_way_;
    Attempt attempt;
    attempt.error = answer_.error;
    attempt.server_full = answer_.server_full;
    attempt.cut_short = answer_.cut_short;
    if (attempt.error.empty()) attempt.connection = std::make_unique<FakeConnection>(++made_);
    return attempt;
  }

  void Hold() {
    Set([this] { held_ = true; });
  }
  void LetGo() {
    Set([this] { held_ = false; });
  }
  void Answer(const std::string& error, bool full = false, bool cut_short = false) {
    Set([&] { answer_ = {nullptr, error, full, cut_short}; });
  }
  void AwaitAsked(unsigned count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [=] { return asked_ >= count; });
  }
  unsigned asked() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return asked_;
  }
  unsigned most_at_once() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return most_at_once_;
  }

 private:
  template <class Change>
  void Set(Change change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  Attempt answer_;
  unsigned asked_ = 0, made_ = 0, under_way_ = 0, most_at_once_ = 0;
};

struct Fixture {
  FakeServer server;
  Lender lender{2, [this](Deadline) { return server.Connect(); }};

  Lender::Lease Must(Deadline deadline = Patience()) {
    auto lease = lender.Borrow(deadline);
    BOOST_REQUIRE(lease.ok());
    return *std::move(lease);
  }
  // Borrows on a thread of its own and gives the connection's number, or the error's text.
  std::future<std::string> Later(Deadline deadline = Patience()) {
    return std::async(std::launch::async, [this, deadline]() -> std::string {
      auto lease = lender.Borrow(deadline);
      return lease.ok() ? std::to_string(Of(*lease).number) : lease.error().message;
    });
  }
};

bool Waits(const std::future<std::string>& future) {
  return future.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(DbLender, Fixture)

BOOST_AUTO_TEST_CASE(NobodyIsContactedBeforeSomebodyAsks) {
  BOOST_TEST(server.asked() == 0u);
}

BOOST_AUTO_TEST_CASE(TheFiguresSayWhatIsLentWhoWaitsAndWhatFailed) {
  {
    const auto one = Must(), two = Must();
    const auto full = lender.Figures();
    BOOST_TEST(full.limit == 2u);
    BOOST_TEST(full.open == 2u);
    BOOST_TEST(full.in_use == 2u);
    BOOST_TEST(full.waits == 0u);
    BOOST_TEST(!lender.Borrow(Soon()).ok());
    BOOST_TEST(lender.Figures().waits == 1u);
    BOOST_TEST(lender.Figures().timeouts == 1u);
    BOOST_TEST(lender.Figures().waiting == 0u);
  }
  {
    auto lost = Must();
    Of(lost).Die();
  }
  const auto after = lender.Figures();
  BOOST_TEST(after.lost == 1u);
  BOOST_TEST(after.in_use == 0u);
  BOOST_TEST(after.connects == 2u);
  BOOST_TEST(!after.away);
  server.Answer("away");
  BOOST_TEST(!lender.Borrow(Patience()).ok());
  BOOST_TEST(lender.Figures().connect_failures == 1u);
  BOOST_TEST(lender.Figures().away);
}

BOOST_AUTO_TEST_CASE(AReturnedConnectionIsLentAgain) {
  { BOOST_TEST(Must().operator->() != nullptr); }
  auto lease = Must();
  BOOST_TEST(Of(lease).number == 1u);
  BOOST_TEST(server.asked() == 1u);
}

BOOST_AUTO_TEST_CASE(BeyondTheLimitBorrowingEndsAtItsDeadline) {
  auto first = Must();
  auto second = Must();
  const auto third = lender.Borrow(Soon());
  BOOST_REQUIRE(!third.ok());
  BOOST_TEST((third.error().code == cvm::base::ErrorCode::kUnavailable));
  BOOST_TEST(third.error().message == "database: no free connection in time (2 at most)");
}

BOOST_AUTO_TEST_CASE(WhoeverWaitsGetsTheConnectionThatComesBack) {
  auto first = Must();
  std::optional<Lender::Lease> second(Must());
  auto waiting = Later();
  BOOST_TEST(Waits(waiting));
  second.reset();
  BOOST_TEST(waiting.get() == "2");
}

BOOST_AUTO_TEST_CASE(WaitersAreServedInTheirOrder) {
  std::optional<Lender::Lease> first(Must());
  auto second = Must();
  std::mutex mutex;
  std::vector<std::size_t> order;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      auto lease = lender.Borrow(Patience());
      const std::lock_guard<std::mutex> lock(mutex);
      order.push_back(i);
    });
    BOOST_TEST(cvm::test::Eventually([&] { return lender.Figures().waiting == i + 1; }));
  }
  first.reset();
  for (auto& thread : threads) thread.join();
  BOOST_TEST(order == (std::vector<std::size_t>{0, 1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(AtMostOneConnectIsUnderWay) {
  server.Hold();
  std::vector<std::future<std::string>> all;
  for (int i = 0; i < 8; ++i) all.push_back(Later());
  server.AwaitAsked(1);
  BOOST_TEST(Waits(all.back()));
  BOOST_TEST(server.asked() == 1u);
  server.LetGo();
  for (auto& one : all) one.get();
  BOOST_TEST(server.most_at_once() == 1u);
  BOOST_TEST(server.asked() <= 2u);
}

BOOST_AUTO_TEST_CASE(AFailedConnectAnswersEverybodyWhoWaits) {
  server.Answer("down");
  server.Hold();
  auto first = Later();
  server.AwaitAsked(1);
  auto second = Later(), third = Later();
  BOOST_TEST((Waits(second) && Waits(third)));
  server.LetGo();
  BOOST_TEST(first.get() == "down");
  BOOST_TEST(second.get() == "down");
  BOOST_TEST(third.get() == "down");
  BOOST_TEST(server.asked() == 1u);
}

BOOST_AUTO_TEST_CASE(AServerThatComesBackIsFoundByTheNextToAsk) {
  server.Answer("down");
  BOOST_TEST(Later().get() == "down");
  server.Answer("");
  BOOST_TEST(Later().get() == "1");
}

BOOST_AUTO_TEST_CASE(WhileAServerIsKnownToBeAwayOneTriesAgainAndAllOthersAreAnsweredAtOnce) {
  server.Answer("down");
  BOOST_TEST(Later().get() == "down");
  server.Hold();
  auto trying = Later();
  server.AwaitAsked(2);
  std::vector<std::future<std::string>> others;  // the first of them wait with the one that tries
  do {
    others.push_back(Later());
  } while (others.back().wait_for(std::chrono::milliseconds(50)) != std::future_status::ready &&
           others.size() < 100);
  BOOST_TEST(others.back().get() == "down");
  others.pop_back();
  BOOST_TEST(server.asked() == 2u);
  server.Answer("");
  server.LetGo();
  BOOST_TEST(trying.get() == "1");
}

BOOST_AUTO_TEST_CASE(AConnectCutShortByItsCallersDeadlineFailsNobodyElse) {
  server.Answer("no time", false, true);
  server.Hold();
  auto hurried = Later();
  server.AwaitAsked(1);
  auto patient = Later();
  BOOST_TEST(Waits(patient));
  server.LetGo();
  BOOST_TEST(hurried.get() == "no time");
  patient.get();
  BOOST_TEST(server.asked() == 2u);
}

BOOST_AUTO_TEST_CASE(WhereTheServerIsFullTheCallerWaitsForOneOfOurs) {
  std::optional<Lender::Lease> first(Must());
  server.Answer("too many connections", true);
  auto second = Later();
  server.AwaitAsked(2);
  BOOST_TEST(Waits(second));
  first.reset();
  BOOST_TEST(second.get() == "1");
}

BOOST_AUTO_TEST_CASE(WhereTheServerIsFullOfOthersTheCallerIsTold) {
  server.Answer("too many connections", true);
  BOOST_TEST(Later().get() == "too many connections");
}

BOOST_AUTO_TEST_CASE(ASpoiltConnectionIsReplaced) {
  {
    auto lease = Must();
    Of(lease).Spoil();
  }
  auto lease = Must();
  BOOST_TEST(Of(lease).number == 2u);
}

BOOST_AUTO_TEST_CASE(ALostConnectionTakesTheIdleOnesThatNobodyHeardFromSince) {
  {
    auto first = Must();
    auto second = Must();
  }
  {
    auto lease = Must();
    Of(lease).Die();
  }
  auto one = Must();
  auto two = Must();
  BOOST_TEST(Of(one).number == 3u);
  BOOST_TEST(Of(two).number == 4u);
}

BOOST_AUTO_TEST_CASE(AConnectionThatIsAnsweredAfterAnotherWasLostStays) {
  std::optional<Lender::Lease> alive(Must());
  {
    auto lease = Must();
    Of(lease).Die();
  }
  (*alive)->Query("SELECT 1", {}, [](const cvm::db::Row&) {});
  alive.reset();
  auto again = Must();
  BOOST_TEST(Of(again).number == 1u);
}

BOOST_AUTO_TEST_CASE(AConnectionThatWasSilentSinceAnotherWasLostIsNotLentAgain) {
  std::optional<Lender::Lease> silent(Must());
  {
    auto lease = Must();
    Of(lease).Die();
  }
  silent.reset();
  auto again = Must();
  BOOST_TEST(Of(again).number == 3u);
}

BOOST_AUTO_TEST_CASE(ManyThreadsNeverHoldMoreThanTheLimit) {
  std::atomic<int> held{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto lease = lender.Borrow(Patience());
        const int now = ++held;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
        if ((i + t) % 17 == 0) Of(*lease).Die();
        --held;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(most <= 2);
}

BOOST_AUTO_TEST_SUITE_END()
