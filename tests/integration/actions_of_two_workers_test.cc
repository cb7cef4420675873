// Actions of two workers and an operator's suspensions on one VPS, with connections that break.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <string>

#include "tests/support/flight.h"

using cvm::node::Action;
using cvm::testnode::TestNode;
using cvm::vps::ActionResult;
using namespace cvm::test;  // NOLINT: tests

namespace {

TestNode& SharedNode() {
  static TestNode node("--stopped '101 102'");
  return node;
}

// Its connections may break once an action was sent: that runs, and nobody hears of it.
class Breaking : public cvm::ssh::Runner {
 public:
  explicit Breaking(cvm::ssh::Runner& inner) : inner_(inner) {}
  cvm::base::Result<cvm::ssh::Output> Run(const cvm::ssh::Endpoint& endpoint,
                                          const cvm::ssh::Command& command,
                                          cvm::base::Deadline deadline) override {
    const bool acts = command.Quoted().find("vzctl ") != std::string::npos;
    auto output = inner_.Run(endpoint, command, deadline);
    if (acts && breaks) return cvm::base::Error{cvm::base::ErrorCode::kBroken, "the connection broke"};
    return output;
  }
  std::atomic<bool> breaks{false};

 private:
  cvm::ssh::Runner& inner_;
};

// A worker of its own: with sessions, turns and records that the other knows of by the database alone.
struct Worker {
  explicit Worker(Flight& flight)
      : flight_(flight),
        sessions(cvm::tests::SettingsOf(flight.node)),
        runner(sessions),
        driver(runner),
        held(driver),
        service(flight.pool, held) {}
  ActionResult Act(const cvm::vps::Placed& placed, Action action) {
    return Must(service.Act(placed, action, {}, Patience()));
  }
  ActionResult Act(Action action) { return Act(flight_.placed, action); }
  // Which is about to be sent until held.before is released.
  std::future<ActionResult> Hold(Action action) {
    held.before.Hold();
    auto acting = std::async(std::launch::async, [this, action] { return Act(action); });
    held.before.AwaitHeld();
    return acting;
  }

 private:
  Flight& flight_;

 public:
  cvm::ssh::Pool sessions;
  Breaking runner;
  cvm::node::OpenVz driver;
  HeldHypervisor held;
  cvm::vps::Service service;
};

struct Workers : Flight {
  Workers() : Flight(SharedNode(), "101") { node.Exec("vzctl stop 101; vzctl stop 102"); }
  ~Workers() {
    for (const char* name : {"101.hold-before-stop", "101.hold-after-stop", "101.unkillable", "second"}) {
      node.Unset(name);
    }
  }

  // The record of an action in a worker that died.
  void Intend(const std::string& action) {
    cvm::audit::Intent intent;
    intent.actor.kind = cvm::audit::ActorKind::kCustomer;
    intent.vps_id = placed.vps.id;
    intent.action = action;
    Must(pool.Run(Patience(), [&](cvm::db::Session& session) { return cvm::audit::Begin(session, intent); }));
  }
  void EndIntended(const std::string& action) {
    RunSql(pool,
           "UPDATE action_log SET ended_at = UTC_TIMESTAMP(3), outcome = 'done' WHERE ended_at IS NULL AND "
           "action = '" +
               action + "'");
  }
  // A VPS to be added.
  static cvm::vps::NewVps Next(const std::string& container) {
    return {"alpha", "ann", *cvm::base::Ctid::Parse(container), "two.example.net", 512, {}, 1000, 1, {}, {}};
  }
  bool AwaitState(const std::string& state) {
    return TestNode::Await([&] { return State() == state; });
  }

  Worker one{*this}, two{*this};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(actions_of_two_workers)

BOOST_FIXTURE_TEST_CASE(WhereTheConnectionsOfTwoActionsOfOneKindBreakBothAreToldWhatCameOfThem, Workers) {
  one.runner.breaks = two.runner.breaks = true;
  for (const Action action : {Action::kStart, Action::kStop}) {
    auto older = one.Hold(action);
    auto younger = two.Hold(action);
    one.held.before.Release();
    two.held.before.Release();
    BOOST_TEST((older.get() == ActionResult::kDone));
    BOOST_TEST((younger.get() == ActionResult::kDone));
    BOOST_TEST(Runs() == (action == Action::kStart));
    BOOST_TEST(TestNode::Await([this] { return OpenIntents() == 0; }));
  }
}

// It must not wait for what may be waiting for it.
BOOST_FIXTURE_TEST_CASE(ASuspensionThatWasTakenBackDoesNotWaitForAStartThatCameAfterIt, Workers) {
  const std::chrono::hours long_enough(1);
  cvm::vps::Admin patient(pool, held, {{}, long_enough});
  Intend("stop");
  auto suspending = std::async(std::launch::async, [&] {
    return Must(patient.Suspend(placed.vps.id, cvm::base::Deadline::In(long_enough)));
  });
  BOOST_TEST(AwaitState("suspended"));
  BOOST_TEST(admin.Unsuspend(placed.vps.id, Patience()).ok());
  Intend("start");
  EndIntended("stop");
  BOOST_TEST(TestNode::Await(
      [&] { return suspending.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  EndIntended("start");
  BOOST_TEST(!suspending.get().stop_pending);
}

// Its stop would hit the next one's, whose customer was told that it runs.
BOOST_FIXTURE_TEST_CASE(AContainerDoesNotPassOnWhileTheStopOfATerminatedVpsIsOnItsWayToIt, Workers) {
  BOOST_TEST((one.Act(Action::kStart) == ActionResult::kDone));
  const std::size_t begun = Begun("stop");
  node.Set("101.hold-before-stop");
  auto terminating =
      std::async(std::launch::async, [this] { return Must(admin.Terminate(placed.vps.id, Patience())); });
  BOOST_TEST(TestNode::Await([&] { return Begun("stop") > begun; }));
  const std::string why =
      "VPS 1, terminated, had container 101 on node 'alpha', and an action on it is "
      "still under way: repeat this in four minutes";
  const auto added = admin.Add(Next("101"), Patience());
  BOOST_REQUIRE(!added.ok());
  BOOST_TEST(added.error().message == why);
  const std::uint64_t next = Must(admin.Add(Next("102"), Patience()));
  cvm::vps::Changes changes;
  changes.ctid = cvm::base::Ctid::Parse("101");
  const auto set = admin.Set(next, changes, Patience());
  BOOST_REQUIRE(!set.ok());
  BOOST_TEST((set.error().code == cvm::base::ErrorCode::kConflict));
  BOOST_TEST(set.error().message == why);
  node.Unset("101.hold-before-stop");
  BOOST_TEST(!terminating.get().stop_pending);
  BOOST_TEST(admin.Set(next, changes, Patience()).ok());
}

BOOST_FIXTURE_TEST_CASE(WhatIsOpenOfATerminatedVpsHoldsItsContainerForAsLongAsAnActionMayTake, Workers) {
  BOOST_TEST(!Must(admin.Terminate(placed.vps.id, Patience())).stop_pending);
  for (const char* action : {"start", "stop", "restart", "suspend", "terminate", "stop-retry"}) {
    Intend(action);
    BOOST_TEST(!admin.Add(Next("101"), Patience()).ok(), action);
    EndIntended(action);
  }
  Intend("stop");
  RunSql(pool, "UPDATE action_log SET begun_at = begun_at - INTERVAL 236 SECOND");
  BOOST_TEST(admin.Add(Next("101"), Patience()).ok());
}

BOOST_FIXTURE_TEST_CASE(AHaltWhoseNodeIsTakenOutOfServiceBeforeItsStopIsSentSaysThatNoneWas, Workers) {
  Intend("stop");
  auto terminating =
      std::async(std::launch::async, [this] { return Must(admin.Terminate(placed.vps.id, Patience())); });
  BOOST_TEST(AwaitState("terminated"));
  BOOST_TEST(cvm::node::Store(pool).Remove("alpha", Patience()).ok());
  EndIntended("stop");
  const auto report = terminating.get();
  BOOST_TEST(!report.stop_pending);
  BOOST_TEST(report.warning.find("out of service: no stop was sent") != std::string::npos, report.warning);
}

BOOST_AUTO_TEST_SUITE_END()
