// The OpenVZ driver over real sessions to the test node.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lib/node/check.h"
#include "lib/node/openvz.h"
#include "tests/support/ssh_node.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Action;
using cvm::node::Outcome;
using cvm::node::StepState;
using cvm::testnode::TestNode;

namespace {

TestNode& SharedNode() {
  static TestNode node("--ctids '101 102' --stopped '103 104'");
  return node;
}

struct Driver {
  Driver() {
    alpha.id = 1;
    alpha.name = "alpha";
    alpha.endpoint = cvm::tests::EndpointOf(node);
  }
  auto Inspect(std::uint64_t ctid, std::chrono::milliseconds span = std::chrono::seconds(20)) {
    return openvz.Inspect(alpha, *Ctid::FromNumber(ctid), Deadline::In(span));
  }
  auto Act(std::uint64_t ctid, Action action, std::chrono::milliseconds span = std::chrono::seconds(20)) {
    return openvz.Act(alpha, *Ctid::FromNumber(ctid), action, Deadline::In(span));
  }
  bool Ends(std::uint64_t ctid, Action action, Outcome outcome,
            std::chrono::milliseconds span = std::chrono::seconds(20)) {
    const auto ended = Act(ctid, action, span);
    return ended.ok() && *ended == outcome;
  }
  std::vector<cvm::node::CheckStep> Check() {
    const std::chrono::seconds each(20);
    const auto trial = cvm::ssh::TrySession(cvm::tests::SettingsOf(node), alpha.endpoint, Deadline::In(each));
    return cvm::node::CheckNode(trial, pool, alpha, each);
  }
  static StepState StateOf(const std::vector<cvm::node::CheckStep>& steps, const std::string& name) {
    for (const auto& step : steps) {
      if (step.name == name) return step.state;
    }
    throw std::runtime_error("no step " + name);
  }
  bool Runs(std::uint64_t ctid) {
    const auto container = Inspect(ctid);
    BOOST_REQUIRE((container.ok() && container->has_value()));
    return (*container)->running;
  }

  TestNode& node = SharedNode();
  cvm::node::Node alpha;
  cvm::ssh::Pool pool{cvm::tests::SettingsOf(node)};
  cvm::node::OpenVz openvz{pool};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(openvz_node)

BOOST_FIXTURE_TEST_CASE(FiguresAreBytes, Driver) {
  node.Set("101.usage", "held=19262 usage=645204");
  const auto container = Inspect(101);
  BOOST_REQUIRE((container.ok() && container->has_value()));
  BOOST_TEST((*container)->running);
  BOOST_TEST((*container)->ram_used == 19262U * 4096);
  BOOST_TEST((*container)->disk_used == 645204U * 1024);
  node.Set("101.usage", "held=19262 diskspace=null");
  const auto without_disk = Inspect(101);
  BOOST_REQUIRE((without_disk.ok() && without_disk->has_value()));
  BOOST_TEST((*without_disk)->running);
  BOOST_TEST((*without_disk)->disk_used == 0U);
  node.Unset("101.usage");
}

BOOST_FIXTURE_TEST_CASE(ActionsDoWhatTheySay, Driver) {
  for (const char* user : {"root", "cvm"}) {
    alpha.endpoint.user = user;
    BOOST_TEST(Ends(103, Action::kStart, Outcome::kDone));
    BOOST_TEST(Runs(103));
    BOOST_TEST(Ends(103, Action::kStart, Outcome::kDone));
    BOOST_TEST(Ends(103, Action::kRestart, Outcome::kDone));
    BOOST_TEST(Runs(103));
    BOOST_TEST(Ends(103, Action::kStop, Outcome::kDone));
    BOOST_TEST(!Runs(103));
    BOOST_TEST(Ends(103, Action::kStop, Outcome::kDone));
  }
}

BOOST_FIXTURE_TEST_CASE(AContainerThatTheNodeLacksIsMissing, Driver) {
  const auto container = Inspect(999);
  BOOST_REQUIRE(container.ok());
  BOOST_TEST(!container->has_value());
  for (const Action action : {Action::kStart, Action::kStop, Action::kRestart}) {
    BOOST_TEST(Ends(999, action, Outcome::kMissing));
  }
}

BOOST_FIXTURE_TEST_CASE(ALockedContainerIsLockedUnlessItIsAsAskedFor, Driver) {
  node.Set("104.hold-before-start");
  std::thread starter([this] { node.Exec("vzctl start 104"); });
  BOOST_TEST(TestNode::Await([this] { return node.Has("/vz/lock/104.lck"); }));
  BOOST_TEST(Ends(104, Action::kStart, Outcome::kLocked, std::chrono::seconds(4)));
  BOOST_TEST(Ends(104, Action::kStop, Outcome::kLockedAsAsked));
  BOOST_TEST(Ends(104, Action::kRestart, Outcome::kLocked, std::chrono::seconds(4)));
  node.Unset("104.hold-before-start");
  starter.join();
  BOOST_TEST(Runs(104));
  BOOST_TEST(Ends(104, Action::kStop, Outcome::kDone));
}

BOOST_FIXTURE_TEST_CASE(ADisabledContainerFailsToStart, Driver) {
  const std::string conf = node.Read("/etc/vz/conf/103.conf");
  node.Write("/etc/vz/conf/103.conf", conf + "DISABLED=\"yes\"\n");
  BOOST_TEST(Ends(103, Action::kStart, Outcome::kFailed));
  node.Write("/etc/vz/conf/103.conf", conf);
}

BOOST_FIXTURE_TEST_CASE(AnActionBeyondItsDeadlineHasAnUnknownOutcomeAndIsNotRepeated, Driver) {
  node.Set("103.hold-before-start");
  const std::size_t begun = TestNode::Lines(node.Read("/var/lib/vzctl/begun"));
  const auto outcome = Act(103, Action::kStart, std::chrono::milliseconds(1500));
  BOOST_TEST((!outcome.ok() && outcome.error().code == ErrorCode::kBroken));
  node.Unset("103.hold-before-start");
  BOOST_TEST(TestNode::Await([this] { return Runs(103); }));
  BOOST_TEST(TestNode::Lines(node.Read("/var/lib/vzctl/begun")) == begun + 1);
  BOOST_TEST(Ends(103, Action::kStop, Outcome::kDone));
}

BOOST_FIXTURE_TEST_CASE(ABrokenVzlistIsAnErrorAndNeverAState, Driver) {
  for (const char* fault : {"garbage", "truncate", "empty", "fail", "fail 3", "megabytes 3"}) {
    node.Set("vzlist", fault);
    const auto container = Inspect(101);
    BOOST_TEST((!container.ok() && container.error().code == ErrorCode::kInternal), fault);
    const auto outcome = Act(101, Action::kStart);
    BOOST_TEST((!outcome.ok() && outcome.error().code == ErrorCode::kBroken), fault);
  }
  node.Unset("vzlist");
  BOOST_TEST(Runs(101));
}

BOOST_FIXTURE_TEST_CASE(AVzlistThatHangsIsEndedOnTheNodeToo, Driver) {
  node.Set("vzlist", "hang");
  const auto container = Inspect(101, std::chrono::milliseconds(1200));
  BOOST_TEST(!container.ok());
  BOOST_TEST(TestNode::Await(
      [this] { return node.Exec("cat /proc/[0-9]*/comm").out.find("vzlist") == std::string::npos; }));
  node.Unset("vzlist");
  BOOST_TEST(Runs(101));
}

BOOST_FIXTURE_TEST_CASE(AKernelWithoutOpenVzIsAFailedNode, Driver) {
  node.Set("kernel", "none");
  BOOST_TEST(!Inspect(101).ok());
  BOOST_TEST(Ends(101, Action::kRestart, Outcome::kFailed));
  const auto steps = Check();
  BOOST_TEST((StateOf(steps, "login") == StepState::kOk));
  BOOST_TEST((StateOf(steps, "vzlist") == StepState::kFailed));
  node.Unset("kernel");
}

BOOST_FIXTURE_TEST_CASE(AGoodNodePassesItsCheckAsRootAndBySudo, Driver) {
  for (const char* user : {"root", "cvm"}) {
    alpha.endpoint.user = user;
    const auto steps = Check();
    BOOST_TEST(steps.size() == (alpha.endpoint.user == "root" ? 11U : 12U));
    for (const auto& step : steps) {
      const StepState wanted = step.name == "gate" ? StepState::kWarning : StepState::kOk;
      BOOST_TEST((step.state == wanted), user << " " << step.name << ": " << step.detail);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
