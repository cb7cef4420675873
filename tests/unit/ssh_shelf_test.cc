#include "lib/ssh/shelf.h"

#include <boost/test/unit_test.hpp>

using cvm::ssh::Grant;
using cvm::ssh::Shelf;
using cvm::ssh::Waiter;

namespace {

const auto kNow = cvm::ssh::Clock::time_point();

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_shelf)

BOOST_AUTO_TEST_CASE(SlotsAreBounded) {
  Shelf shelf({2, 2});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant));
  BOOST_TEST(shelf.TryTake(grant));
  BOOST_TEST(!shelf.TryTake(grant));
  shelf.ConnectEnded();
  BOOST_TEST(!shelf.TryTake(grant));
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.TryTake(grant));
}

BOOST_AUTO_TEST_CASE(ConnectsInFlightAreBounded) {
  Shelf shelf({8, 1});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant));
  BOOST_TEST(!shelf.TryTake(grant));
  shelf.ConnectEnded();
  BOOST_TEST(shelf.TryTake(grant));
}

BOOST_AUTO_TEST_CASE(TheFirstInLineIsServedFirstAndNobodyOvertakes) {
  Shelf shelf({1, 1});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant));
  shelf.ConnectEnded();
  Waiter first, second;
  shelf.Enqueue(first);
  shelf.Enqueue(second);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(first.granted);
  BOOST_TEST(!second.granted);
  BOOST_TEST(!shelf.TryTake(grant));
  shelf.ConnectEnded();
  BOOST_TEST(!second.granted);
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(second.granted);
}

BOOST_AUTO_TEST_CASE(OneWhoLeavesTheLineIsNotServed) {
  Shelf shelf({1, 1});
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant));
  Waiter first, second;
  shelf.Enqueue(first);
  shelf.Enqueue(second);
  shelf.Leave(first);
  shelf.ConnectEnded();
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(!first.granted);
  BOOST_TEST(second.granted);
}

BOOST_AUTO_TEST_CASE(AShelfIsUnusedOnceNobodyHoldsOrWaits) {
  Shelf shelf({1, 1});
  BOOST_TEST(shelf.Unused());
  Grant grant;
  BOOST_TEST(shelf.TryTake(grant));
  BOOST_TEST(!shelf.Unused());
  Waiter waiter;
  shelf.Enqueue(waiter);
  shelf.Leave(waiter);
  shelf.ConnectEnded();
  shelf.GiveBack(nullptr, kNow);
  BOOST_TEST(shelf.Unused());
}

BOOST_AUTO_TEST_SUITE_END()
