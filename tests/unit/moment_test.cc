// Times as people write them.
#include "lib/base/moment.h"

#include <boost/test/unit_test.hpp>
#include <string>

namespace cvm::base {

BOOST_AUTO_TEST_SUITE(moment)

BOOST_AUTO_TEST_CASE(SpansAreReadInSeconds) {
  BOOST_TEST(ParseSpan("90d").value() == 90u * 86400);
  BOOST_TEST(ParseSpan("0s").value() == 0u);
  BOOST_TEST(ParseSpan("30m").value() == 1800u);
  BOOST_TEST(ParseMoment("12h")->seconds.value() == 43200u);
  BOOST_TEST(ParseMoment("2w")->seconds.value() == 1209600u);
}

BOOST_AUTO_TEST_CASE(DatesAreReadAsUtc) {
  BOOST_TEST(ParseMoment("2027-01-31")->at == "2027-01-31 00:00:00");
  BOOST_TEST(ParseMoment("2028-02-29 18:00")->at == "2028-02-29 18:00:00");
  BOOST_TEST(ParseMoment("2027-01-31T18:00:09Z")->at == "2027-01-31 18:00:09");
  BOOST_TEST(!ParseMoment("2027-01-31")->seconds);
}

BOOST_AUTO_TEST_CASE(WhatIsNeitherIsRefused) {
  for (const char* text : {"",
                           "d",
                           "5",
                           "-5d",
                           "05d",
                           "1.5d",
                           "5 d",
                           "5y",
                           "40000d",
                           "18446744073709551615w",
                           "2027-02-29",
                           "2027-13-01",
                           "2027-00-01",
                           "2027-01-00",
                           "1969-12-31",
                           "2027-1-1",
                           "2027-01-31 24:00",
                           "2027-01-31 1:00",
                           "2027-01-31 18:60",
                           "2027-01-31+01:00",
                           "2027-01-31Z",
                           "tomorrow",
                           "2027-01-31 18:00:00.5"}) {
    BOOST_TEST(!ParseMoment(text), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::base
