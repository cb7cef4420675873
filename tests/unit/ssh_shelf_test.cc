#include "lib/ssh/shelf.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/await.h"

using cvm::ssh::Grant;
using cvm::ssh::Opening;
using cvm::ssh::Opens;
using cvm::ssh::Shelf;
using cvm::ssh::Waiter;

namespace {

const auto kNow = cvm::ssh::Clock::time_point(std::chrono::hours(1));

double NoJitter() {
  return 1.0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_shelf)

BOOST_AUTO_TEST_CASE(SlotsAreBounded) {
  Opens opens(32);
  Shelf shelf({2, 2, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(!shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  BOOST_TEST(!shelf.TryTake(grant, kNow));
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.TryTake(grant, kNow));
}

BOOST_AUTO_TEST_CASE(SlotsAndThoseInLineAreCounted) {
  Opens opens(32);
  Shelf shelf({1, 1, 9}, opens);
  Grant grant;
  Waiter waiter;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.Enqueue(waiter, kNow);
  BOOST_TEST(shelf.used() == 1u);
  BOOST_TEST(shelf.idle() == 0u);
  BOOST_TEST(shelf.waiting() == 1u);
  shelf.Leave(waiter, kNow);
  shelf.ConnectEnded(Opening::kFailed, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.used() == 0u);
  BOOST_TEST(shelf.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(ConnectsInFlightAreBounded) {
  Opens opens(32);
  Shelf shelf({8, 1, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(!shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  BOOST_TEST(shelf.TryTake(grant, kNow));
}

BOOST_AUTO_TEST_CASE(TheFirstInLineIsServedFirstAndNobodyOvertakes) {
  Opens opens(32);
  Shelf shelf({1, 1, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  Waiter first, second;
  shelf.Enqueue(first, kNow);
  shelf.Enqueue(second, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(first.granted);
  BOOST_TEST(!second.granted);
  BOOST_TEST(!shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  BOOST_TEST(!second.granted);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(second.granted);
}

BOOST_AUTO_TEST_CASE(OneWhoLeavesTheLineIsNotServed) {
  Opens opens(32);
  Shelf shelf({1, 1, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  Waiter first, second;
  shelf.Enqueue(first, kNow);
  shelf.Enqueue(second, kNow);
  shelf.Leave(first, kNow);
  shelf.ConnectEnded(Opening::kOpened, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(!first.granted);
  BOOST_TEST(second.granted);
}

BOOST_AUTO_TEST_CASE(AfterADropNobodyOpensForAMomentThatGrows) {
  Opens opens(32);
  Shelf shelf({8, 4, 9}, opens, NoJitter);
  Grant grant;
  for (const int pause : {50, 100, 200}) {
    const auto now = std::max(kNow, shelf.paused_until());
    BOOST_TEST(shelf.TryTake(grant, now));
    shelf.ConnectEnded(Opening::kDropped, now);
    shelf.GiveBack(nullptr, now);
    BOOST_TEST((shelf.paused_until() == now + std::chrono::milliseconds(pause)));
    BOOST_TEST(!shelf.TryTake(grant, shelf.paused_until() - std::chrono::milliseconds(1)));
    BOOST_TEST(!shelf.Unused(now));
  }
  BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  BOOST_TEST(shelf.TryTake(grant, kNow));
}

BOOST_AUTO_TEST_CASE(OneWhoWaitsForAPauseToEndIsServedThen) {
  Opens opens(32);
  Shelf shelf({8, 4, 9}, opens, NoJitter);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kDropped, kNow);
  Waiter waiter;
  shelf.Enqueue(waiter, kNow);
  shelf.Serve(kNow);
  BOOST_TEST(!waiter.granted);
  shelf.Serve(shelf.paused_until());
  BOOST_TEST(waiter.granted);
}

BOOST_AUTO_TEST_CASE(DropsAreHopelessOnceTheyAreManyAndNobodyElseHoldsOrOpensASession) {
  Opens opens(32);
  Shelf shelf({8, 4, 9}, opens, NoJitter);
  Grant grant;
  for (int i = 0; i < 7; ++i) {
    BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
    BOOST_TEST(shelf.ConnectEnded(Opening::kDropped, kNow));
    shelf.GiveBack(nullptr, kNow);
  }
  BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
  BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
  BOOST_TEST(shelf.ConnectEnded(Opening::kDropped, kNow));
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(!shelf.ConnectEnded(Opening::kDropped, kNow));
}

BOOST_AUTO_TEST_CASE(AShelfIsUnusedOnceNobodyHoldsOrWaits) {
  Opens opens(32);
  Shelf shelf({1, 1, 9}, opens);
  BOOST_TEST(shelf.Unused(kNow));
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(!shelf.Unused(kNow));
  Waiter waiter;
  shelf.Enqueue(waiter, kNow);
  shelf.Leave(waiter, kNow);
  shelf.ConnectEnded(Opening::kOpened, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.Unused(kNow));
}

BOOST_AUTO_TEST_CASE(AShelfRemembersForAWhileThatItsHostWasNotReached) {
  Opens opens(32);
  Shelf shelf({1, 1, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kFailed, kNow, "gone");
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(!shelf.Unused(kNow + std::chrono::minutes(1)));
  BOOST_TEST(shelf.Unused(kNow + std::chrono::minutes(3)));
}

BOOST_AUTO_TEST_CASE(AFailedOpenRefusesAllInLineAndNobodyOfThemOpensAnother) {
  Opens opens(32);
  Shelf shelf({8, 1, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  Waiter first, second;
  shelf.Enqueue(first, kNow);
  shelf.Enqueue(second, kNow);
  BOOST_TEST(!shelf.ConnectEnded(Opening::kFailed, kNow, "gone"));
  for (const Waiter* waiter : {&first, &second}) {
    BOOST_TEST(!waiter->granted);
    BOOST_REQUIRE(waiter->refusal.has_value());
    BOOST_TEST((waiter->refusal->code == cvm::base::ErrorCode::kUnavailable));
    BOOST_TEST(waiter->refusal->message == "gone");
  }
  BOOST_TEST(shelf.waiting() == 0U);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.used() == 0U);
}

BOOST_AUTO_TEST_CASE(TheDropThatLeavesNoHopeRefusesAllInLine) {
  Opens opens(32);
  Shelf shelf({8, 1, 9}, opens, NoJitter);
  Grant grant;
  for (int i = 0; i < 8; ++i) {
    BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
    if (i == 7) break;
    shelf.ConnectEnded(Opening::kDropped, kNow);
    shelf.GiveBack(nullptr, kNow);
  }
  Waiter waiter;
  shelf.Enqueue(waiter, kNow);
  BOOST_TEST(!shelf.ConnectEnded(Opening::kDropped, kNow, "dropped"));
  BOOST_TEST(waiter.refusal.has_value());
}

BOOST_AUTO_TEST_CASE(AnOpenThatWasGivenUpSaysNothingOfTheHostAndTheNextInLineTries) {
  Opens opens(32);
  Shelf shelf({8, 1, 9}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  Waiter waiter;
  shelf.Enqueue(waiter, kNow);
  shelf.ConnectEnded(Opening::kGivenUp, kNow, "no descriptor");
  BOOST_TEST(waiter.granted);
}

BOOST_AUTO_TEST_CASE(WhoCameBeforeAFailureIsRefusedUntilOneSucceedsAndWhoComesAfterItIsNot) {
  Opens opens(32);
  Shelf shelf({8, 2, 9}, opens);
  Grant grant;
  const auto before = shelf.Enter();
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(!shelf.RefusalSince(before).has_value());
  shelf.ConnectEnded(Opening::kFailed, kNow, "gone");
  BOOST_TEST(shelf.RefusalSince(before).has_value());
  BOOST_TEST(!shelf.RefusalSince(shelf.Enter()).has_value());
  shelf.ConnectEnded(Opening::kOpened, kNow);
  BOOST_TEST(!shelf.RefusalSince(before).has_value());
}

BOOST_AUTO_TEST_CASE(TheLineIsBounded) {
  Opens opens(32);
  Shelf shelf({1, 1, 1}, opens);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  Waiter first, second;
  BOOST_TEST(shelf.Enqueue(first, kNow));
  BOOST_TEST(!shelf.Enqueue(second, kNow));
  shelf.Leave(second, kNow);
  shelf.Leave(first, kNow);
  BOOST_TEST(shelf.Enqueue(second, kNow));
}

BOOST_AUTO_TEST_CASE(WhatIsToBeHadIsHandedOutWhenSomebodyComesOrLeaves) {
  Opens opens(32);
  Shelf shelf({8, 4, 9}, opens, NoJitter);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kDropped, kNow);
  Waiter first, second, third;
  shelf.Enqueue(first, kNow);
  shelf.Enqueue(second, kNow);
  shelf.Leave(first, shelf.paused_until());
  BOOST_TEST(second.granted);
  shelf.ConnectEnded(Opening::kDropped, kNow);
  shelf.Enqueue(first, kNow);
  BOOST_TEST(!first.granted);
  shelf.Enqueue(third, shelf.paused_until());
  BOOST_TEST(first.granted);
  BOOST_TEST(third.granted);
}

// Else nobody in line would know when the pause is over.
BOOST_AUTO_TEST_CASE(AllInLineAreWokenWhenAPauseBegins) {
  Opens opens(32);
  Shelf shelf({8, 1, 9}, opens, NoJitter);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  std::mutex mutex;
  std::list<Waiter> waiters(3);
  for (Waiter& waiter : waiters) shelf.Enqueue(waiter, kNow);
  int asleep = 0, woken = 0;
  std::vector<std::thread> sleepers;
  for (Waiter& waiter : waiters) {
    sleepers.emplace_back([&] {
      std::unique_lock<std::mutex> lock(mutex);
      ++asleep;
      const auto how = waiter.wake.wait_for(lock, std::chrono::seconds(20));
      woken += how == std::cv_status::no_timeout ? 1 : 0;
    });
  }
  BOOST_TEST(cvm::test::Eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return asleep == 3;
  }));
  {
    const std::lock_guard<std::mutex> lock(mutex);
    shelf.ConnectEnded(Opening::kDropped, kNow);
  }
  for (std::thread& sleeper : sleepers) sleeper.join();
  BOOST_TEST(woken == 3);
  for (const Waiter& waiter : waiters) BOOST_TEST(waiter.waiting());
}

BOOST_AUTO_TEST_SUITE_END()

// A row of shelves that share their right to open sessions.
namespace {

struct Row {
  explicit Row(std::size_t most, std::size_t count = 8) : opens(most) {
    for (std::size_t i = 0; i < count; ++i) shelves.emplace_back(cvm::ssh::Limits{8, 2, 9}, opens);
  }
  Shelf& operator[](std::size_t i) { return *std::next(shelves.begin(), static_cast<long>(i)); }
  bool Take(std::size_t i) {
    Grant grant;
    return (*this)[i].TryTake(grant, kNow);
  }
  void End(std::size_t i, Opening how) {
    (*this)[i].ConnectEnded(how, kNow);
    (*this)[i].GiveBack(nullptr, kNow);
  }
  Opens opens;
  std::list<Shelf> shelves;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_opens)

BOOST_AUTO_TEST_CASE(OpensAreBoundedInAllShelvesTogether) {
  Row row(2);
  BOOST_TEST(row.Take(0));
  BOOST_TEST(row.Take(1));
  BOOST_TEST(!row.Take(2));
  row.End(0, Opening::kOpened);
  BOOST_TEST(row.Take(2));
}

BOOST_AUTO_TEST_CASE(TheSecondOfOneShelfTakesNoneOfTheHalfThatIsKeptForOthers) {
  Row row(4);
  BOOST_TEST(row.Take(0));
  BOOST_TEST(row.Take(0));
  BOOST_TEST(row.Take(1));
  BOOST_TEST(!row.Take(1));
  BOOST_TEST(row.Take(2));
}

BOOST_AUTO_TEST_CASE(ShelvesWhoseLastOpenFailedOrWasSlowTakeNoneOfTheHalfThatIsKeptForOthers) {
  Row row(4);
  const Opening bad[] = {Opening::kFailed, Opening::kOpenedSlowly, Opening::kFailed};
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(row.Take(i));
    row.End(i, bad[i]);
  }
  BOOST_TEST(row.Take(0));
  BOOST_TEST(row.Take(1));
  BOOST_TEST(!row.Take(2));
  BOOST_TEST(row.Take(3));
  row.End(0, Opening::kOpened);
  BOOST_TEST(row.Take(0));
  BOOST_TEST(row.Take(4));
}

BOOST_AUTO_TEST_CASE(ShelvesThatWaitToOpenAreServedInTheirOrderWhenOneIsDone) {
  Row row(1);
  Waiter second, third, again;
  BOOST_TEST(row.Take(0));
  row[1].Enqueue(second, kNow);
  row[2].Enqueue(third, kNow);
  row[0].Enqueue(again, kNow);
  row.End(0, Opening::kOpened);
  BOOST_TEST(second.granted);
  BOOST_TEST(!third.granted);
  row.End(1, Opening::kFailed);
  BOOST_TEST(third.granted);
  BOOST_TEST(!again.granted);
  row.End(2, Opening::kGivenUp);
  BOOST_TEST(again.granted);
}

BOOST_AUTO_TEST_CASE(AShelfThatGoesWhileItWaitsToOpenIsForgotten) {
  Row row(1, 1);
  BOOST_TEST(row.Take(0));
  {
    Shelf gone({1, 1, 1}, row.opens);
    Waiter waiter;
    gone.Enqueue(waiter, kNow);
    gone.Leave(waiter, kNow);
  }
  row.End(0, Opening::kOpened);
  BOOST_TEST(row.Take(0));
}

BOOST_AUTO_TEST_SUITE_END()
