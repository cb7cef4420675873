// Intents, turns, broken connections, and suspensions against starts in every interleaving.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/flight.h"
#include "tests/support/log_file.h"

using cvm::node::Action;
using cvm::testnode::TestNode;
using cvm::vps::ActionResult;
using namespace cvm::test;  // NOLINT: tests

namespace {

TestNode& SharedNode() {
  static TestNode node("--stopped '101 102'");
  return node;
}

struct InFlight : Flight {
  InFlight() : Flight(SharedNode(), "101") { node.Exec("vzctl stop 101"); }
  ~InFlight() {
    node.Unset("101.hold-before-start");
    node.Unset("101.hold-after-stop");
  }

  void HoldStart() const { node.Set("101.hold-before-start"); }
  void ReleaseStart() const { node.Unset("101.hold-before-start"); }
  bool AwaitLocked() const {
    return TestNode::Await([this] { return node.Has("/vz/lock/101.lck"); });
  }
  // A start by nobody of ours that has vzctl's lock until ReleaseStart.
  std::thread HeldStartByHand() {
    HoldStart();
    std::thread by_hand([this] { node.Exec("vzctl start 101"); });
    BOOST_TEST(AwaitLocked());
    return by_hand;
  }
  bool AwaitSuspended() {
    return TestNode::Await([this] { return State() == "suspended"; });
  }
  bool AwaitEnds(const std::vector<std::string>& ends) {
    return TestNode::Await([&] { return Ends() == ends; });
  }
  cvm::vps::StopReport Suspend() { return Must(admin.Suspend(placed.vps.id, Patience())); }
  cvm::vps::StopReport SuspendAtOnce() { return Must(Impatient().Suspend(placed.vps.id, Patience())); }
  cvm::vps::RetryReport Retry() { return Must(Impatient().RetryPending({}, Patience())); }
  // The promise: suspended is stopped, or a stop is pending.
  bool KeepsThePromise() { return State() == "suspended" && (StopPending() || !Runs()); }
  bool IsStoppedForGood() { return State() == "suspended" && !StopPending() && !Runs(); }
  // The record of an action in another process.
  void Intend(const std::string& action) {
    cvm::audit::Intent intent;
    intent.actor.kind = cvm::audit::ActorKind::kCustomer;
    intent.vps_id = placed.vps.id;
    intent.action = action;
    Must(pool.Run(Patience(), [&](cvm::db::Session& session) { return cvm::audit::Begin(session, intent); }));
  }
  // As if so much time had passed since its intents began.
  void Age(const std::string& seconds) {
    RunSql(pool, "UPDATE action_log SET begun_at = begun_at - INTERVAL " + seconds + " SECOND");
  }
  // Ends the sshd that serves the newest vzctl, as a cut of its connection.
  void CutConnection() const {
    const auto cut = node.Exec(
        "p=$(tail -n 1 /var/lib/vzctl/begun | cut -d' ' -f3); while [ \"$(cat /proc/$p/comm)\" != sshd ]; do "
        "p=$(cut -d' ' -f4 /proc/$p/stat); done; kill -9 $p");
    BOOST_TEST(cut.status == 0, cut.err);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(actions_in_flight)

BOOST_FIXTURE_TEST_CASE(TheIntentIsCommittedBeforeTheCommandIsSentAndEndsAfterIt, InFlight) {
  held.before.Hold();
  auto starter = std::async(std::launch::async, [this] {
    return Act(Action::kStart, {7, 1, "192.0.2.9", "request-1"});
  });
  held.before.AwaitHeld();
  BOOST_TEST(
      Column(
          pool,
          "SELECT CONCAT_WS(' ', actor_kind, user_id, token_id, client_address, vps_id, action, "
          "request_id, begun_at IS NOT NULL, ended_at IS NULL) FROM action_log WHERE actor_kind = 'customer'")
          .at(0) == "customer 1 7 192.0.2.9 1 start request-1 1 1");
  BOOST_TEST(!Runs());
  held.before.Release();
  BOOST_TEST((starter.get() == ActionResult::kDone));
  BOOST_TEST(AwaitEnds({"start done"}));
}

BOOST_FIXTURE_TEST_CASE(WithoutADatabaseNothingIsSent, InFlight) {
  const std::size_t begun = Begun("start");
  RunSql(pool, "RENAME TABLE action_log TO action_log_away");
  const auto result = service.Act(placed, Action::kStart, {}, Patience());
  BOOST_TEST(!result.ok());
  BOOST_TEST(Begun("start") == begun);
}

BOOST_FIXTURE_TEST_CASE(WhatBecameOfEveryActionIsOnRecord, InFlight) {
  const std::string conf = node.Read("/etc/vz/conf/101.conf");
  BOOST_TEST((Act(Action::kStart) == ActionResult::kDone));
  BOOST_TEST(AwaitEnds({"start done"}));
  node.Write("/etc/vz/conf/101.conf", conf + "DISABLED=\"yes\"\n");
  BOOST_TEST((Act(Action::kRestart) == ActionResult::kDownAfterRestart));
  node.Write("/etc/vz/conf/101.conf", conf);
  BOOST_TEST(AwaitEnds({"start done", "restart failed"}));
  placed.node.endpoint.port = 1;
  BOOST_TEST((Act(Action::kStop) == ActionResult::kUnreachable));
  BOOST_TEST(AwaitEnds({"start done", "restart failed", "stop unreachable"}));
}

BOOST_FIXTURE_TEST_CASE(TheSecondOfTwoActionsWaitsItsTurn, InFlight) {
  const std::size_t begun = Begun("start");
  HoldStart();
  auto first = std::async(std::launch::async, [this] { return Act(Action::kStart); });
  BOOST_TEST(AwaitLocked());
  auto second = std::async(std::launch::async, [this] { return Act(Action::kStop); });
  ReleaseStart();
  BOOST_TEST((first.get() == ActionResult::kDone));
  BOOST_TEST((second.get() == ActionResult::kDone));
  BOOST_TEST(!Runs());
  BOOST_TEST(Begun("start") == begun + 1);
}

BOOST_FIXTURE_TEST_CASE(WhoseTurnDoesNotComeInTimeIsToldThatAnotherIsAtWork, InFlight) {
  cvm::vps::Service service_of_little_patience(pool, held, {std::chrono::milliseconds(10), {}, {}});
  held.before.Hold();
  auto first = std::async(std::launch::async, [&] {
    return Must(service_of_little_patience.Act(placed, Action::kStart, {}, Patience()));
  });
  held.before.AwaitHeld();
  const auto second = Must(service_of_little_patience.Act(placed, Action::kStop, {}, Patience()));
  BOOST_TEST((second == ActionResult::kNotInTurn));
  held.before.Release();
  BOOST_TEST((first.get() == ActionResult::kDone));
}

// Its thread is not to be had by others: without a place a node's waiting actions take the reserve.
BOOST_FIXTURE_TEST_CASE(WhoWaitsForItsTurnHoldsAPlaceAmongThoseWhoWaitForNodes, InFlight) {
  cvm::ssh::Pool sessions(cvm::tests::SettingsOf(node));
  cvm::node::OpenVzSettings driver;
  driver.bounds.waits = 2;
  cvm::node::OpenVz bounded(sessions, driver);
  HeldHypervisor hypervisor(bounded);
  cvm::vps::Service crowded(pool, hypervisor);
  const auto act = [&](Action action) { return Must(crowded.Act(placed, action, {}, Patience())); };
  const auto waiting = [&] { return bounded.Figures().waiting[placed.node.id].actions; };
  hypervisor.before.Hold();
  auto first = std::async(std::launch::async, act, Action::kStart);
  hypervisor.before.AwaitHeld();
  auto second = std::async(std::launch::async, act, Action::kStop);
  BOOST_TEST(TestNode::Await([&] { return waiting() == 2; }));
  BOOST_TEST((act(Action::kRestart) == ActionResult::kOverloaded));
  BOOST_TEST((crowded.Ask(placed, Patience()).condition == cvm::vps::Condition::kUnknown));
  hypervisor.before.Release();
  BOOST_TEST((first.get() == ActionResult::kDone));
  BOOST_TEST((second.get() == ActionResult::kDone));
  BOOST_TEST((crowded.Ask(placed, Patience()).condition == cvm::vps::Condition::kStopped));
  BOOST_TEST(AwaitEnds({"start done", "stop done"}));
}

BOOST_FIXTURE_TEST_CASE(ALockThatStaysIsToldBeforeTheTimeIsOver, InFlight) {
  std::thread by_hand = HeldStartByHand();
  const auto deadline = cvm::base::Deadline::In(std::chrono::seconds(4));
  BOOST_TEST((Must(service.Act(placed, Action::kRestart, {}, deadline)) == ActionResult::kLocked));
  BOOST_TEST(AwaitEnds({"restart refused"}));
  ReleaseStart();
  by_hand.join();
}

BOOST_FIXTURE_TEST_CASE(ALockThatIsFreedIsWaitedFor, InFlight) {
  std::thread by_hand = HeldStartByHand();
  const std::size_t begun = Begun("restart");
  auto customer = std::async(std::launch::async, [this] { return Act(Action::kRestart); });
  BOOST_TEST(TestNode::Await([&] { return Begun("restart") >= begun + 2; }));
  ReleaseStart();
  by_hand.join();
  BOOST_TEST((customer.get() == ActionResult::kDone));
  BOOST_TEST(Runs());
}

BOOST_FIXTURE_TEST_CASE(TheStateThatHoldsBehindAForeignLockIsTheAnswer, InFlight) {
  const std::size_t begun = Begun("stop");
  std::thread by_hand = HeldStartByHand();
  BOOST_TEST((Act(Action::kStop) == ActionResult::kDone));
  BOOST_TEST(Begun("stop") == begun + 1);
  ReleaseStart();
  by_hand.join();
}

// Its record stays open, its vzctl goes on: the lock is waited for, not the record.
BOOST_FIXTURE_TEST_CASE(TheLockOfAStartWhoseWorkerDiedIsWaitedFor, InFlight) {
  Intend("start");
  std::thread orphan = HeldStartByHand();
  const std::size_t begun = Begun("stop");
  auto customer = std::async(std::launch::async, [this] { return Act(Action::kStop); });
  BOOST_TEST(TestNode::Await([&] { return Begun("stop") >= begun + 2; }));
  ReleaseStart();
  orphan.join();
  BOOST_TEST((customer.get() == ActionResult::kDone));
  BOOST_TEST(!Runs());
}

BOOST_FIXTURE_TEST_CASE(WhereTheRecordsOfOthersCannotBeReadALockIsNotTakenForAnAnswer, InFlight) {
  std::thread by_hand = HeldStartByHand();
  held.before.Hold();
  auto customer = std::async(std::launch::async, [this] {
    return Must(service.Act(placed, Action::kStop, {}, cvm::base::Deadline::In(std::chrono::seconds(4))));
  });
  held.before.AwaitHeld();
  RunSql(pool, "RENAME TABLE action_log TO action_log_away");
  held.before.Release();
  BOOST_TEST((customer.get() == ActionResult::kLocked));
  RunSql(pool, "RENAME TABLE action_log_away TO action_log");
  ReleaseStart();
  by_hand.join();
}

BOOST_FIXTURE_TEST_CASE(AStartWhoseConnectionIsCutIsSentOnceAndItsOutcomeLearnt, InFlight) {
  const std::size_t begun = Begun("start");
  HoldStart();
  auto customer = std::async(std::launch::async, [this] { return Act(Action::kStart); });
  BOOST_TEST(AwaitLocked());
  CutConnection();
  ReleaseStart();
  BOOST_TEST((customer.get() == ActionResult::kDone));
  BOOST_TEST(Runs());
  BOOST_TEST(Begun("start") == begun + 1);
}

BOOST_FIXTURE_TEST_CASE(ARestartWhoseConnectionIsCutIsSentOnceAndItsOutcomeLearnt, InFlight) {
  BOOST_TEST((Act(Action::kStart) == ActionResult::kDone));
  const std::size_t begun = Begun("restart");
  HoldStart();
  auto customer = std::async(std::launch::async, [this] { return Act(Action::kRestart); });
  BOOST_TEST(AwaitLocked());
  CutConnection();
  ReleaseStart();
  BOOST_TEST((customer.get() == ActionResult::kDone));
  BOOST_TEST(Runs());
  BOOST_TEST(Begun("restart") == begun + 1);
}

// vzctl goes on with nobody left to hear it: what it stopped is started.
BOOST_FIXTURE_TEST_CASE(ARestartWhoseConnectionIsCutInItsStopHalfComesToItsEndAndIsToldAsDone, InFlight) {
  BOOST_TEST((Act(Action::kStart) == ActionResult::kDone));
  const std::size_t begun = Begun("restart");
  node.Set("101.hold-after-stop");
  auto customer = std::async(std::launch::async, [this] { return Act(Action::kRestart); });
  BOOST_TEST(TestNode::Await([&] { return Begun("restart") > begun && !Runs(); }));
  CutConnection();
  node.Unset("101.hold-after-stop");
  BOOST_TEST((customer.get() == ActionResult::kDone));
  BOOST_TEST(Runs());
  BOOST_TEST(Begun("restart") == begun + 1);
  BOOST_TEST(AwaitEnds({"start done", "restart done"}));
}

BOOST_FIXTURE_TEST_CASE(OfANodeThatGivesNoStatusTheLogHasALineASecond, InFlight) {
  constexpr std::size_t kRequests = 300;
  const LogFile log;
  placed.node.endpoint.port = 1;
  const auto ask = [&](std::uint64_t node_id) {
    placed.node.id = node_id;
    BOOST_TEST((service.Ask(placed, Patience()).condition == cvm::vps::Condition::kUnknown));
  };
  const auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kRequests; ++i) ask(1);
  const auto spans = std::chrono::steady_clock::now() - begun;
  ask(2);
  const auto seconds =
      static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(spans).count());
  const std::size_t lines = log.End("warning vps.status_unknown");
  BOOST_TEST(lines >= 2U);
  BOOST_TEST(lines <= seconds + 2);
}

BOOST_FIXTURE_TEST_CASE(AStartThatComesAfterTheSuspensionIsRefused, InFlight) {
  BOOST_TEST(!Suspend().stop_pending);
  const std::size_t begun = Begun("start");
  BOOST_TEST((Act(Action::kStart) == ActionResult::kSuspended));
  BOOST_TEST(Begun("start") == begun);
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(ASuspensionWaitsForAStartThatIsBetweenItsIntentAndItsCommand, InFlight) {
  held.before.Hold();
  auto starter = std::async(std::launch::async, [this] { return Act(Action::kStart); });
  held.before.AwaitHeld();
  auto operating = std::async(std::launch::async, [this] { return Suspend().stop_pending; });
  BOOST_TEST(AwaitSuspended());
  held.before.Release();
  BOOST_TEST((starter.get() == ActionResult::kDone));
  BOOST_TEST(!operating.get());
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(ASuspensionWaitsForAStartThatRuns, InFlight) {
  HoldStart();
  auto starter = std::async(std::launch::async, [this] { return Act(Action::kStart); });
  BOOST_TEST(AwaitLocked());
  auto operating = std::async(std::launch::async, [this] { return Suspend().stop_pending; });
  BOOST_TEST(AwaitSuspended());
  ReleaseStart();
  BOOST_TEST((starter.get() == ActionResult::kDone));
  BOOST_TEST(!operating.get());
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(ASuspensionWaitsForAStartWhoseEndIsNotWritten, InFlight) {
  held.after.Hold();
  auto starter = std::async(std::launch::async, [this] { return Act(Action::kStart); });
  held.after.AwaitHeld();
  auto operating = std::async(std::launch::async, [this] { return Suspend().stop_pending; });
  BOOST_TEST(AwaitSuspended());
  held.after.Release();
  BOOST_TEST((starter.get() == ActionResult::kDone));
  BOOST_TEST(!operating.get());
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(ASuspensionThatDoesNotOutlastAStartStaysPendingUntilTheNextTry, InFlight) {
  for (Barrier* place : {&held.before, &held.after}) {
    place->Hold();
    auto starter = std::async(std::launch::async, [this] { return Act(Action::kStart); });
    place->AwaitHeld();
    BOOST_TEST(SuspendAtOnce().stop_pending);
    BOOST_TEST(KeepsThePromise());
    BOOST_TEST(Retry().pending == 1U);
    place->Release();
    BOOST_TEST((starter.get() == ActionResult::kDone));
    BOOST_TEST(KeepsThePromise());
    BOOST_TEST(TestNode::Await([this] { return OpenIntents() == 0; }));
    BOOST_TEST(Retry().stopped == 1U);
    BOOST_TEST(IsStoppedForGood());
    BOOST_TEST(Retry().stopped == 0U);
    BOOST_TEST(admin.Unsuspend(placed.vps.id, Patience()).ok());
  }
}

BOOST_FIXTURE_TEST_CASE(AStopThatMeetsTheLockOfAStartIsPendingThoughTheContainerDoesNotRun, InFlight) {
  HoldStart();
  auto starter = std::async(std::launch::async, [this] { return Act(Action::kStart); });
  BOOST_TEST(AwaitLocked());
  BOOST_TEST(SuspendAtOnce().stop_pending);
  ReleaseStart();
  BOOST_TEST((starter.get() == ActionResult::kDone));
  BOOST_TEST(KeepsThePromise());
  BOOST_TEST(TestNode::Await([this] { return OpenIntents() == 0; }));
  BOOST_TEST(Retry().stopped == 1U);
  BOOST_TEST(IsStoppedForGood());
}

// A suspension that another vzctl's lock holds up, for as long as the test wants.
struct HeldUp : InFlight {
  HeldUp() {
    HoldStart();
    by_hand = std::thread([this] { node.Exec("vzctl start 101"); });
    BOOST_TEST(AwaitLocked());
    const std::size_t begun = Begun("stop");
    suspending = std::async(std::launch::async, [this] { return Suspend(); });
    BOOST_TEST(TestNode::Await([&] { return Begun("stop") >= begun + 3; }));
  }
  ~HeldUp() { Release(); }
  void Release() {
    ReleaseStart();
    if (by_hand.joinable()) by_hand.join();
  }

  std::thread by_hand;
  std::future<cvm::vps::StopReport> suspending;
};

// By a sync from a panel, say, where two VPSes change places.
BOOST_FIXTURE_TEST_CASE(ASuspensionStopsTheContainerThatTheVpsHasAndNotTheOneThatItHad, HeldUp) {
  BOOST_TEST(node.Exec("vzctl start 102").status == 0);
  RunSql(pool, "UPDATE vpses SET ctid = '102'");
  BOOST_TEST(!suspending.get().stop_pending);
  BOOST_TEST(node.Exec("vzctl status 102").out.find("down") != std::string::npos);
  Release();
  BOOST_TEST(Runs());
  BOOST_TEST(!StopPending());
}

// However often it asks.
BOOST_AUTO_TEST_CASE(ASuspensionThatALockHoldsUpSaysSoOnce) {
  const LogFile log;
  HeldUp held_up;
  held_up.Release();
  BOOST_TEST(!held_up.suspending.get().stop_pending);
  const std::size_t waits = log.End("warning vps.stop_waits vps=1 node=alpha ctid=101");
  BOOST_TEST(waits == 1U);
  // Where it met the lock once more when the container ran already: refused then, and tried until it is free.
  BOOST_TEST(log.End("node.action_refused") <= 1U);
}

BOOST_FIXTURE_TEST_CASE(ASuspensionThatIsTakenBackMeanwhileStopsNothing, HeldUp) {
  BOOST_TEST(admin.Unsuspend(placed.vps.id, Patience()).ok());
  BOOST_TEST(!suspending.get().stop_pending);
  Release();
  BOOST_TEST(Runs());
}

BOOST_FIXTURE_TEST_CASE(AStopIsPendingWhereTheVpsBecameAnotherContainerWhileItWasStopped, InFlight) {
  BOOST_TEST((Act(Action::kStart) == ActionResult::kDone));
  cvm::vps::Admin held_up(pool, held, {{}, std::chrono::milliseconds(100)});
  held.after.Hold();
  auto suspending =
      std::async(std::launch::async, [&] { return Must(held_up.Suspend(placed.vps.id, Patience())); });
  held.after.AwaitHeld();
  RunSql(pool, "UPDATE vpses SET ctid = '102'");
  held.after.Release();
  BOOST_TEST(suspending.get().stop_pending);
  BOOST_TEST(StopPending());
  BOOST_TEST(Retry().stopped == 1U);
}

// The timer's has seen the container stopped when it is started by hand, and is held up: what it then says of
// it is older than the suspension.
BOOST_FIXTURE_TEST_CASE(ASuspensionDoesNotRestOnAStopThatBeganBeforeIt, InFlight) {
  RunSql(pool, "UPDATE vpses SET state = 'suspended', stop_pending = 1");
  cvm::vps::Admin timer(pool, held);
  held.looked.Hold();
  auto retrying = std::async(std::launch::async, [&] { return Must(timer.RetryPending({}, Patience())); });
  held.looked.AwaitHeld();
  BOOST_TEST(node.Exec("vzctl start 101").status == 0);
  Intend("stop");  // the suspension waits for its end
  auto suspending = std::async(std::launch::async, [this] { return Suspend(); });
  BOOST_TEST(AwaitEnds({"stop-retry open", "stop open", "suspend open"}));
  held.looked.Release();
  BOOST_TEST(retrying.get().pending == 1U);
  RunSql(pool, "UPDATE action_log SET ended_at = UTC_TIMESTAMP(3), outcome = 'done' WHERE action = 'stop'");
  BOOST_TEST(!suspending.get().stop_pending);
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(TheStartOfAWorkerThatDiedKeepsAStopPendingForTenMinutes, InFlight) {
  Intend("start");
  std::thread orphan = HeldStartByHand();
  BOOST_TEST(SuspendAtOnce().stop_pending);
  ReleaseStart();
  orphan.join();
  BOOST_TEST(Retry().pending == 1U);
  BOOST_TEST(KeepsThePromise());
  Age("590");
  BOOST_TEST(Retry().pending == 1U);
  Age("11");
  BOOST_TEST(Retry().stopped == 1U);
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(AStartOfUnknownEndKeepsAStopPendingForTenMinutes, InFlight) {
  BOOST_TEST((Act(Action::kStart) == ActionResult::kDone));
  BOOST_TEST(AwaitEnds({"start done"}));
  RunSql(pool, "UPDATE action_log SET outcome = 'unknown'");
  BOOST_TEST(SuspendAtOnce().stop_pending);
  BOOST_TEST(!Runs());
  Age("601");
  BOOST_TEST(!Suspend().stop_pending);
  BOOST_TEST(IsStoppedForGood());
}

BOOST_FIXTURE_TEST_CASE(WhatTheOperatorDoesIsOnRecord, InFlight) {
  Suspend();
  BOOST_TEST(admin.Unsuspend(placed.vps.id, Patience()).ok());
  BOOST_TEST(Must(admin.Terminate(placed.vps.id, Patience())).stop_pending == false);
  BOOST_TEST(Ends() == (std::vector<std::string>{"suspend done", "unsuspend done", "terminate done"}));
  BOOST_TEST(Number(pool,
                    "SELECT COUNT(*) FROM action_log WHERE actor_kind = 'operator' AND actor = 'olga' "
                    "AND user_id = 1 AND vps_id = 1 AND action <> 'vps-add'") == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
