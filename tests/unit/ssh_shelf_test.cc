#include "lib/ssh/shelf.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>

using cvm::ssh::Grant;
using cvm::ssh::Opening;
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
  Shelf shelf({2, 2});
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
  Shelf shelf({1, 1});
  Grant grant;
  Waiter waiter;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.Enqueue(waiter);
  BOOST_TEST(shelf.used() == 1u);
  BOOST_TEST(shelf.idle() == 0u);
  BOOST_TEST(shelf.waiting() == 1u);
  shelf.Leave(waiter);
  shelf.ConnectEnded(Opening::kFailed, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.used() == 0u);
  BOOST_TEST(shelf.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(ConnectsInFlightAreBounded) {
  Shelf shelf({8, 1});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(!shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  BOOST_TEST(shelf.TryTake(grant, kNow));
}

BOOST_AUTO_TEST_CASE(TheFirstInLineIsServedFirstAndNobodyOvertakes) {
  Shelf shelf({1, 1});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kOpened, kNow);
  Waiter first, second;
  shelf.Enqueue(first);
  shelf.Enqueue(second);
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
  Shelf shelf({1, 1});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  Waiter first, second;
  shelf.Enqueue(first);
  shelf.Enqueue(second);
  shelf.Leave(first);
  shelf.ConnectEnded(Opening::kOpened, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(!first.granted);
  BOOST_TEST(second.granted);
}

BOOST_AUTO_TEST_CASE(AfterADropNobodyOpensForAMomentThatGrows) {
  Shelf shelf({8, 4}, NoJitter);
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
  Shelf shelf({8, 4}, NoJitter);
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  shelf.ConnectEnded(Opening::kDropped, kNow);
  Waiter waiter;
  shelf.Enqueue(waiter);
  shelf.Serve(kNow);
  BOOST_TEST(!waiter.granted);
  shelf.Serve(shelf.paused_until());
  BOOST_TEST(waiter.granted);
}

BOOST_AUTO_TEST_CASE(DropsAreHopelessOnceTheyAreManyAndNobodyElseHoldsOrOpensASession) {
  Shelf shelf({8, 4}, NoJitter);
  Grant grant;
  for (int i = 0; i < 8; ++i) {
    BOOST_TEST(!shelf.Hopeless());
    BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
    shelf.ConnectEnded(Opening::kDropped, kNow);
    if (i < 7) shelf.GiveBack(nullptr, kNow);
  }
  BOOST_TEST(shelf.Hopeless());
  BOOST_TEST(shelf.TryTake(grant, shelf.paused_until()));
  BOOST_TEST(!shelf.Hopeless());
}

BOOST_AUTO_TEST_CASE(AShelfIsUnusedOnceNobodyHoldsOrWaits) {
  Shelf shelf({1, 1});
  BOOST_TEST(shelf.Unused(kNow));
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant, kNow));
  BOOST_TEST(!shelf.Unused(kNow));
  Waiter waiter;
  shelf.Enqueue(waiter);
  shelf.Leave(waiter);
  shelf.ConnectEnded(Opening::kOpened, kNow);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.Unused(kNow));
}

BOOST_AUTO_TEST_SUITE_END()
