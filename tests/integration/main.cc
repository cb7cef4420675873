// The integration tests: a real MariaDB, and test nodes beside it.
#define BOOST_TEST_MODULE integration
#include <boost/test/unit_test.hpp>
