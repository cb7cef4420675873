// What is counted for the metrics, and that documentation, dashboard and alert rules name only what there is.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "fcgi/lately.h"
#include "fcgi/metric_table.h"
#include "fcgi/pulse.h"
#include "fcgi/request_meter.h"
#include "lib/json/json.h"
#include "lib/node/meter.h"
#include "tests/support/text.h"

namespace cvm::fcgi {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// The names that a query may use: a histogram's are those of its parts.
std::set<std::string> SeriesNames() {
  std::set<std::string> names;
  for (const auto* definition : metric::All()) {
    const std::string name = definition->name;
    if (definition->kind != metrics::Kind::kHistogram) {
      names.insert(name);
    } else {
      for (const char* part : {"_bucket", "_sum", "_count"}) names.insert(name + part);
    }
  }
  return names;
}

void CheckNames(const std::string& text, const std::string& where) {
  const std::set<std::string> known = SeriesNames();
  const std::set<std::string> used = test::Matches(text, "\\b((?:cvm|process)_[a-z_]+)\\b");
  BOOST_TEST(used.size() > 5u, where);
  for (const std::string& name : used) {
    BOOST_TEST(known.count(name) == 1u, where << " uses " << name << ", which is not exported");
  }
}

using cvm::test::Holds;

std::string Described(const RequestMeter& meter) {
  metrics::Report report;
  meter.Describe(report);
  return report.Text();
}

node::Node NodeNamed(std::uint64_t id, const std::string& name) {
  node::Node node;
  node.id = id;
  node.name = name;
  node.endpoint.host = "192.0.2." + std::to_string(id);
  return node;
}

BOOST_AUTO_TEST_SUITE(WorkerMetrics)

BOOST_AUTO_TEST_CASE(TheTableHoldsEachMetricOnceAndNamesAreAsPrometheusWantsThem) {
  std::set<std::string> names;
  for (const auto* definition : metric::All()) {
    const std::string name = definition->name;
    BOOST_TEST(names.insert(name).second, name << " stands there twice");
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    BOOST_TEST(total == (definition->kind == metrics::Kind::kCounter), name);
    BOOST_TEST(!std::string(definition->help).empty(), name);
  }
}

BOOST_AUTO_TEST_CASE(TheHandbookExplainsEveryMetricAndNoOther) {
  const std::string text =
      test::Section(test::ReadOfTree("docs/operations.md"), "## Metrics and health", "### Alerts");
  std::set<std::string> names;
  for (const auto* definition : metric::All()) names.insert(definition->name);
  BOOST_TEST(test::Matches(text, "\\n\\| `([a-z_]+)` \\|") == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(TheHandbookSaysWhatToDoAboutEveryAlert) {
  const std::string text = test::Section(test::ReadOfTree("docs/operations.md"), "### Alerts", "\n## ");
  const std::set<std::string> alerts =
      test::Matches(test::ReadOfTree("docs/monitoring/alerts.yml"), "alert: ([A-Za-z]+)");
  BOOST_TEST(test::Matches(text, "\\n\\| `([A-Za-z]+)` \\|") == alerts, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(TheDashboardIsJsonAndUsesOnlyWhatIsExported) {
  const std::string text = test::ReadOfTree("docs/monitoring/dashboard.json");
  BOOST_TEST(json::Document::Parse(text).ok());
  CheckNames(text, "dashboard.json");
}

BOOST_AUTO_TEST_CASE(TheAlertRulesUseOnlyWhatIsExported) {
  CheckNames(test::ReadOfTree("docs/monitoring/alerts.yml"), "alerts.yml");
}

// In an expression, or in a variable of the dashboard.
BOOST_AUTO_TEST_CASE(TheDashboardShowsEveryMetricOfOurs) {
  const std::string text = test::ReadOfTree("docs/monitoring/dashboard.json");
  const std::set<std::string> shown = test::Matches(text, "\\b((?:cvm|process)_[a-z_]+)\\b");
  for (const auto* definition : metric::All()) {
    const std::string name = definition->name;
    BOOST_TEST(shown.count(name) + shown.count(name + "_bucket") >= 1u, name << " is on no panel");
  }
}

BOOST_AUTO_TEST_CASE(EveryAlertHasATestInWhichItFires) {
  const std::set<std::string> alerts =
      test::Matches(test::ReadOfTree("docs/monitoring/alerts.yml"), "alert: ([A-Za-z]+)");
  BOOST_TEST(alerts.size() > 10u);
  const std::set<std::string> fired =
      test::Matches(test::ReadOfTree("docs/monitoring/alerts_test.yml"),
                    "alertname: ([A-Za-z]+)\\n +exp_alerts:\\n +- exp_labels");
  BOOST_TEST(alerts == fired, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(RequestsAreCountedByRouteAndStatusAndNeverByPath) {
  RequestMeter meter;
  meter.Count("/api/client/vps/list?x=1", 200, milliseconds(2));
  meter.Count("/api/client/vps/18446744073709551615/stop", 503, minutes(2));
  meter.Count("/api/client/vps/7", 200, milliseconds(20));
  meter.Count("/api/client/vps/7/status", 418, milliseconds(20));
  meter.Count("/some/secret/path", 404, milliseconds(1));
  meter.Count("", 404, milliseconds(1));
  const std::string text = Described(meter);
  for (const char* line : {"cvm_requests_total{route=\"list\",status=\"200\"} 1\n",
                           "cvm_requests_total{route=\"stop\",status=\"503\"} 1\n",
                           "cvm_requests_total{route=\"status\",status=\"200\"} 1\n",
                           "cvm_requests_total{route=\"status\",status=\"other\"} 1\n",
                           "cvm_requests_total{route=\"other\",status=\"404\"} 2\n",
                           "cvm_requests_total{route=\"restart\",status=\"200\"} 0\n",
                           "cvm_request_duration_seconds_count{route=\"stop\"} 1\n",
                           "cvm_request_duration_seconds_bucket{route=\"stop\",le=\"60\"} 0\n",
                           "cvm_request_duration_seconds_bucket{route=\"stop\",le=\"120\"} 1\n"}) {
    BOOST_TEST(Holds(text, line), line << " is not in\n" << text);
  }
  BOOST_TEST(!Holds(text, "secret"));
}

BOOST_AUTO_TEST_CASE(ANodeIsForgottenWhenNobodyHasAskedForAnHour) {
  node::Meter meter;
  meter.Asked(NodeNamed(1, "alpha"), 3, milliseconds(5), true);
  meter.StatusRefused(NodeNamed(1, "alpha"));
  meter.Asked(NodeNamed(2, "beta"), 1, milliseconds(5), false);
  const auto now = node::Meter::Clock::now();
  BOOST_REQUIRE(meter.Read(now).size() == 2u);
  for (const auto& figures : meter.Read(now)) {
    BOOST_TEST(figures.questions == 1u);
    BOOST_TEST(figures.failed == (figures.name == "beta" ? 1u : 0u));
    BOOST_TEST(figures.latency.has_value() == (figures.name == "alpha"));
    BOOST_TEST(figures.statuses_refused == (figures.name == "alpha" ? 1u : 0u));
  }
  BOOST_TEST(meter.Read(now + minutes(59)).size() == 2u);
  BOOST_TEST(meter.Read(now + minutes(61)).empty());
}

BOOST_AUTO_TEST_CASE(OfTwoNodesOfOneNameTheOneThatWasAskedLastIsShown) {
  node::Meter meter;
  meter.Acted(NodeNamed(1, "alpha"));
  meter.Acted(NodeNamed(2, "alpha"));
  const auto read = meter.Read();
  BOOST_REQUIRE(read.size() == 1u);
  BOOST_TEST(read.front().id == 2u);
}

BOOST_AUTO_TEST_CASE(WhatWasFoundOutLatelyIsNotFoundOutAgain) {
  int asked = 0;
  Lately<int> often([&] { return ++asked; }, minutes(10));
  BOOST_TEST(often.Read(minutes(1)).value_or(0) == 1);
  BOOST_TEST(often.Read(minutes(1)).value_or(0) == 1);
  Lately<int> never([&] { return ++asked; }, milliseconds(-1));
  BOOST_TEST(never.Read(minutes(1)).value_or(0) == 2);
  BOOST_TEST(never.Read(minutes(1)).value_or(0) == 3);
}

BOOST_AUTO_TEST_CASE(WhoWaitsForWhatTakesTooLongGetsNothingAndLaterTheResult) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  Lately<int> slow(
      [&] {
        released.wait();
        return 7;
      },
      minutes(10));
  BOOST_TEST(!slow.Read(milliseconds(1)));
  BOOST_TEST(!slow.Read(milliseconds(1)));
  release.set_value();
  BOOST_TEST(slow.Read(minutes(1)).value_or(0) == 7);
}

BOOST_AUTO_TEST_CASE(ALoopThatTurnsIsFeltAndOneThatHangsIsNot) {
  const auto wake = WakeUp::Create();
  BOOST_REQUIRE(wake.ok());
  Pulse pulse;
  BOOST_TEST(!pulse.Felt(*wake, base::Deadline::In(milliseconds(1))));
  std::atomic<bool> over{false};
  std::thread loop([&] {
    while (!over.load()) {
      pulse.Beat();
      std::this_thread::yield();
    }
  });
  BOOST_TEST(pulse.Felt(*wake, base::Deadline::In(minutes(1))));
  over.store(true);
  loop.join();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::fcgi
