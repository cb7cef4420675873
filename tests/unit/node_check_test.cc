#include "lib/node/check.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "tests/support/fake_runner.h"
#include "tests/support/text.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::CheckStep;
using cvm::node::StepState;
using cvm::ssh::SessionStep;
using cvm::test::Holds;

namespace {

const std::string kReading =
    "cvm-read 1\nboot a4f8c15d-457b-430b-9237-68525810dff9\nct 101 15 86\nct 102 16 87\ndone 2\n";

std::string Now(int ahead = 0) {
  const auto now = std::chrono::system_clock::now() + std::chrono::seconds(ahead);
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()) +
         "\n";
}

struct Checked {
  Checked() {
    node.name = "alpha";
    node.endpoint.host = "192.0.2.1";
    trial.reached = SessionStep::kLogin;
  }
  auto Check() { return CheckNode(trial, runner, node, std::chrono::milliseconds(10900)); }
  void AnswerLatency() { runner.Answer(0).Answer(0).Answer(0).Answer(0).Answer(0); }

  cvm::ssh::SessionTrial trial;
  cvm::node::Node node;
  cvm::tests::FakeRunner runner;
};

CheckStep Named(const std::vector<CheckStep>& steps, const std::string& name) {
  for (const CheckStep& step : steps) {
    if (step.name == name) return step;
  }
  return {name, StepState::kFailed, "no such step"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_check)

BOOST_FIXTURE_TEST_CASE(AGoodNodePassesEveryStep, Checked) {
  runner.Answer(0).Answer(0, "cvm-node-gate 1\n").Answer(0, "vzctl version 4.11.1\n").Answer(1, "[]\n");
  runner.Answer(0, "4096\n").Answer(0, kReading).Answer(0, Now());
  AnswerLatency();
  const auto steps = Check();
  std::string names;
  for (const auto& step : steps) {
    BOOST_TEST((step.state == StepState::kOk), step.name << ": " << step.detail);
    names += step.name + ",";
  }
  BOOST_TEST(names == "resolve,connect,host key,login,gate,vzctl,vzlist,page size,reading,clock,latency,");
  BOOST_TEST(Named(steps, "vzctl").detail == "vzctl version 4.11.1");
  BOOST_TEST(Named(steps, "page size").detail == "4096 bytes");
  BOOST_TEST(Named(steps, "reading").detail == "2 containers run");
  BOOST_TEST(runner.lines[3] == "timeout 10 vzlist -j -o ctid,status,physpages,diskspace 1");
  BOOST_TEST(runner.Unused() == 0U);
}

BOOST_FIXTURE_TEST_CASE(WhereTheSessionFailsNothingElseIsTried, Checked) {
  const struct {
    SessionStep reached;
    std::string name;
    std::size_t steps;
  } kCases[] = {{SessionStep::kResolve, "resolve", 1},
                {SessionStep::kConnect, "connect", 2},
                {SessionStep::kHostKey, "host key", 3},
                {SessionStep::kLogin, "login", 4}};
  for (const auto& one : kCases) {
    trial = {one.reached, cvm::base::Error{ErrorCode::kUnavailable, "it is so"}};
    const auto steps = Check();
    BOOST_REQUIRE(steps.size() == one.steps);
    BOOST_TEST(steps.back().name == one.name);
    BOOST_TEST((steps.back().state == StepState::kFailed));
    BOOST_TEST(steps.back().detail == "it is so");
  }
  BOOST_TEST(runner.lines.empty());
}

BOOST_FIXTURE_TEST_CASE(ALoginThatRunsNothingIsAFailedLogin, Checked) {
  runner.Answer(1, "", "This account is currently not available.\n");
  const auto steps = Check();
  BOOST_REQUIRE(steps.size() == 4U);
  BOOST_TEST((steps[3].state == StepState::kFailed));
  BOOST_TEST(steps[3].detail.find("not available") != std::string::npos);
}

// What they print stands before the answer of every command.
BOOST_FIXTURE_TEST_CASE(StartUpFilesThatPrintAreAFailedLogin, Checked) {
  runner.Answer(0, "Welcome\nto alpha\n");
  const auto steps = Check();
  BOOST_REQUIRE(steps.size() == 4U);
  BOOST_TEST((steps[3].state == StepState::kFailed));
  BOOST_TEST(steps[3].detail ==
             "the start-up files of user root's shell print 'Welcome\\x0ato alpha': they must print nothing");
}

BOOST_FIXTURE_TEST_CASE(ProgramsThatAreNotFoundOrRefusedComeWithTheSameQuestionForEachStep, Checked) {
  const struct {
    int exit_status;
    std::string asks;
  } kCases[] = {{127, "is this an OpenVZ node, and are its programs in the PATH"},
                {126, "does the node's cvm-node-gate refuse it"}};
  for (const auto& one : kCases) {
    runner.Answer(0).Answer(0, "cvm-node-gate 1\n");
    for (int i = 0; i < 4; ++i) runner.Answer(one.exit_status, "", i % 2 == 0 ? "" : "the shell's words\n");
    runner.Answer(0, Now());
    AnswerLatency();
    const auto steps = Check();
    for (const char* name : {"vzctl", "vzlist", "page size", "reading"}) {
      const auto step = Named(steps, name);
      BOOST_TEST((step.state == StepState::kFailed), name);
      BOOST_TEST(Holds(step.detail, one.asks), step.detail);
      BOOST_TEST(!Holds(step.detail, "node check"), step.detail);
      BOOST_TEST(step.detail.back() != ' ', step.detail);
      BOOST_TEST(step.detail.back() != ':', step.detail);
    }
    BOOST_TEST(Holds(Named(steps, "vzlist").detail, "the shell's words"));
  }
}

BOOST_FIXTURE_TEST_CASE(EachStepFailsAloneAndSaysWhy, Checked) {
  node.endpoint.user = "cvm";
  runner.Answer(0).Answer(1, "", "sudo: a password\nis required").Answer(127, "", "version: not found");
  runner.Answer(1, "", "sudo: no")
      .Answer(1)
      .Answer(0, "4096\n")
      .Answer(126, "", "refused")
      .Answer(0, "soon\n");
  AnswerLatency();
  const auto steps = Check();
  BOOST_TEST(steps.size() == 12U);
  BOOST_TEST((Named(steps, "login").state == StepState::kOk));
  BOOST_TEST((Named(steps, "sudo").state == StepState::kFailed));
  BOOST_TEST(Named(steps, "sudo").detail.find("sudo: a password\\x0ais required") != std::string::npos);
  BOOST_TEST((Named(steps, "vzctl").state == StepState::kFailed));
  BOOST_TEST(Named(steps, "vzlist").detail.find("sudo -n") != std::string::npos);
  BOOST_TEST((Named(steps, "page size").state == StepState::kOk));
  BOOST_TEST((Named(steps, "reading").state == StepState::kFailed));
  BOOST_TEST((Named(steps, "clock").state == StepState::kFailed));
  BOOST_TEST((Named(steps, "latency").state == StepState::kOk));
}

// As vzlist may hang: the others have their own time, and are told as they are.
BOOST_FIXTURE_TEST_CASE(AStepThatHangsHarmsNoOther, Checked) {
  runner.Answer(0).Answer(0, "cvm-node-gate 1\n").Answer(0, "vzctl version 4.11.1\n");
  runner.Fail(ErrorCode::kBroken).Answer(0, "4096\n").Answer(0, kReading).Answer(0, Now());
  AnswerLatency();
  struct Slow : cvm::ssh::Runner {
    cvm::base::Result<cvm::ssh::Output> Run(const cvm::ssh::Endpoint& endpoint,
                                            const cvm::ssh::Command& command, Deadline deadline) override {
      while (command.Quoted().find("vzlist") != std::string::npos && !deadline.Passed()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      if (deadline.Passed() && inner.lines.size() != 3) {
        return cvm::base::Error{ErrorCode::kOverloaded, "no time is left"};
      }
      return inner.Run(endpoint, command, deadline);
    }
    explicit Slow(cvm::tests::FakeRunner& fake) : inner(fake) {}
    cvm::tests::FakeRunner& inner;
  };
  Slow slow(runner);
  for (const auto& step : CheckNode(trial, slow, node, std::chrono::milliseconds(300))) {
    const StepState wanted = step.name == "vzlist" ? StepState::kFailed : StepState::kOk;
    BOOST_TEST((step.state == wanted), step.name << ": " << step.detail);
  }
  BOOST_TEST(runner.Unused() == 0U);
}

BOOST_FIXTURE_TEST_CASE(WhereNoSessionIsToBeHadAnyMoreTheStepsLeftAreNotTried, Checked) {
  runner.Answer(0).Answer(0, "cvm-node-gate 1\n").Fail(ErrorCode::kUnavailable);
  const auto steps = Check();
  BOOST_TEST(steps.size() == 11U);
  for (const char* name : {"vzctl", "vzlist", "page size", "reading", "clock", "latency"}) {
    BOOST_TEST((Named(steps, name).state == StepState::kNotTried), name);
    BOOST_TEST(Named(steps, name).detail.find("not tried: ") == 0U);
  }
  BOOST_TEST(Named(steps, "vzctl").detail == "not tried: as the test wants it");
  BOOST_TEST(runner.lines.size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(AMissingGateAnOldOneAndAWrongClockAreWarnings, Checked) {
  for (const std::string& said :
       {std::string("cvm-node-gate 7\n"), std::string("something\n"), std::string()}) {
    runner.Answer(0)
        .Answer(said.empty() ? 127 : 0, said)
        .Answer(0, "vzctl version 4.11.1\n")
        .Answer(1, "[]\n");
    runner.Answer(0, "4096\n").Answer(0, kReading).Answer(0, Now(said.empty() ? 60 : -60));
    AnswerLatency();
    const auto steps = Check();
    BOOST_TEST((Named(steps, "gate").state == StepState::kWarning));
    BOOST_TEST((Named(steps, "clock").state == StepState::kWarning));
    const char* where = said.empty() ? "ahead of ours" : "behind ours";
    BOOST_TEST(Named(steps, "clock").detail.find(where) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(TheLineForAuthorizedKeysAllowsTheGateAlone) {
  const cvm::ssh::HostKey key{"ssh-ed25519", "AAAA"};
  BOOST_TEST(cvm::node::AuthorizedKeysLine(key, false) ==
             "restrict,command=\"/usr/local/sbin/cvm-node-gate\" ssh-ed25519 AAAA cvm-client-api");
  BOOST_TEST(cvm::node::AuthorizedKeysLine(key, true) ==
             "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty,no-user-rc,"
             "command=\"/usr/local/sbin/cvm-node-gate\" ssh-ed25519 AAAA cvm-client-api");
}

BOOST_AUTO_TEST_SUITE_END()
