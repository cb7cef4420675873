// The files of docs/monitoring, judged by Prometheus' own tool.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace {

void CheckWith(std::vector<std::string> argv) {
  argv.insert(argv.begin(), "promtool");
  const auto result = cvm::test::RunProgram(argv);
  BOOST_TEST(result.exit_status == 0, result.out << result.err);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(monitoring)

BOOST_AUTO_TEST_CASE(TheAlertRulesAreGoodAndFireWhenTheyShould) {
  CheckWith({"check", "rules", "docs/monitoring/alerts.yml"});
  CheckWith({"test", "rules", "docs/monitoring/alerts_test.yml"});
}

BOOST_AUTO_TEST_CASE(TheExampleOfPrometheusConfigurationIsGood) {
  CheckWith({"check", "config", "docs/monitoring/prometheus.yml"});
}

BOOST_AUTO_TEST_SUITE_END()
