#include "lib/base/backoff.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

using cvm::base::Backoff;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(TimesDoubleUpToTheMostAndBeginAgainAfterAReset) {
  Backoff backoff(milliseconds(1000), milliseconds(30000), [] { return 1.0; });
  for (const int expected : {1000, 2000, 4000, 8000, 16000, 30000, 30000}) {
    BOOST_TEST(backoff.Next().count() == expected);
  }
  backoff.Reset();
  BOOST_TEST(backoff.Next().count() == 1000);
}

BOOST_AUTO_TEST_CASE(ChanceTakesAwayHalfAtMost) {
  Backoff least(milliseconds(100), milliseconds(100), [] { return 0.0; });
  BOOST_TEST(least.Next().count() == 50);
  Backoff any(milliseconds(100), milliseconds(100));
  for (int i = 0; i < 1000; ++i) {
    const auto time = any.Next().count();
    BOOST_TEST((time >= 50 && time <= 100));
  }
}

BOOST_AUTO_TEST_SUITE_END()
