#include "lib/vps/turns.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>
#include <vector>

using cvm::base::Deadline;
using cvm::vps::Turns;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Deadline Patience() {
  return Deadline::In(seconds(60));
}
Deadline AtOnce() {
  return Deadline::In(milliseconds(0));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vps_turns)

BOOST_AUTO_TEST_CASE(AFreeKeyIsTakenAtOnceAndAnotherKeyIsNotInItsWay) {
  Turns turns;
  const auto first = turns.Take(1, AtOnce());
  BOOST_TEST(first.has_value());
  BOOST_TEST(turns.Take(2, AtOnce()).has_value());
  BOOST_TEST(!turns.Take(1, AtOnce()).has_value());
}

BOOST_AUTO_TEST_CASE(AKeyThatWasGivenBackIsFree) {
  Turns turns;
  for (int i = 0; i < 3; ++i) BOOST_TEST(turns.Take(1, AtOnce()).has_value());
}

BOOST_AUTO_TEST_CASE(WhoGaveUpIsNotCalledAndHoldsNobody) {
  Turns turns;
  {
    const auto holder = turns.Take(1, AtOnce());
    BOOST_TEST(!turns.Take(1, Deadline::In(milliseconds(5))).has_value());
  }
  BOOST_TEST(turns.Take(1, AtOnce()).has_value());
}

BOOST_AUTO_TEST_CASE(NoWaitersAllowedMeansRefusedAtOnce) {
  Turns turns(0);
  const auto holder = turns.Take(1, AtOnce());
  BOOST_TEST(!turns.Take(1, Patience()).has_value());
}

BOOST_AUTO_TEST_CASE(ManyThreadsHaveTheTurnOneAtATimeAndAllHaveIt) {
  Turns turns(64);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto turn = turns.Take(7, Patience());
        if (!turn) continue;
        const int now = ++inside;
        if (now > most) most = now;
        ++served;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST(most == 1);
  BOOST_TEST(served == 1600);
  BOOST_TEST(turns.Take(7, AtOnce()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
