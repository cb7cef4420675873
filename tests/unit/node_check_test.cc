#include "lib/node/check.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "tests/support/fake_runner.h"

using cvm::base::Deadline;

namespace {

struct Checked {
  Checked() {
    node.name = "alpha";
    node.endpoint.host = "192.0.2.1";
  }
  auto Check() { return CheckNode(runner, node, Deadline::In(std::chrono::milliseconds(10900))); }

  cvm::node::Node node;
  cvm::tests::FakeRunner runner;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(node_check)

BOOST_FIXTURE_TEST_CASE(AGoodNodePassesEveryStep, Checked) {
  runner.Answer(0).Answer(0, "vzctl version 4.11.1\n").Answer(1, "[]\n").Answer(0, "4096\n");
  const auto steps = Check();
  BOOST_TEST(steps.size() == 4U);
  for (const auto& step : steps) BOOST_TEST(step.ok, step.name);
  BOOST_TEST(steps[1].detail == "vzctl version 4.11.1");
  BOOST_TEST(steps[3].detail == "4096 bytes");
  BOOST_TEST(runner.lines[2] == "timeout 10 vzlist -j -o ctid,status,physpages,diskspace 1");
}

BOOST_FIXTURE_TEST_CASE(WithoutALoginNothingElseIsTried, Checked) {
  runner.Fail(cvm::base::ErrorCode::kUnavailable);
  const auto steps = Check();
  BOOST_REQUIRE(steps.size() == 1U);
  BOOST_TEST(!steps[0].ok);
  BOOST_TEST(runner.lines.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(EachStepFailsAloneAndSaysWhy, Checked) {
  node.endpoint.user = "cvm";
  runner.Answer(0).Answer(1, "", "sudo: a password\nis required").Answer(1).Answer(0, "4096\n");
  const auto steps = Check();
  BOOST_REQUIRE(steps.size() == 4U);
  BOOST_TEST(steps[0].ok);
  BOOST_TEST(!steps[1].ok);
  BOOST_TEST(steps[1].detail.find("sudo: a password\\x0ais required") != std::string::npos);
  BOOST_TEST(!steps[2].ok);
  BOOST_TEST(steps[2].detail.find("sudo -n") != std::string::npos);
  BOOST_TEST(steps[3].ok);
}

BOOST_AUTO_TEST_SUITE_END()
