#include "lib/node/acting.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/support/fake_runner.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Action;
using cvm::node::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr char kStopped[] =
    R"([{"ctid":101,"status":"stopped","physpages":{"held":0},"diskspace":{"usage":5}}])";
constexpr char kRunning[] =
    R"([{"ctid":101,"status":"running","physpages":{"held":3},"diskspace":{"usage":5}}])";
constexpr char kAbsent[] = "[]";

// What the node says of the container's life.
std::string Life(int start) {
  return "cvm-read 1\nboot 11111111-2222-3333-4444-555555555555\nct 101 77 " + std::to_string(start) +
         "\ndone 1\n";
}
const std::string kOff = "cvm-read 1\nboot 11111111-2222-3333-4444-555555555555\noff 101\ndone 1\n";

// A clock that moves by waiting alone.
class FakePacing : public cvm::node::Pacing {
 public:
  Deadline::Clock::time_point Now() override { return now_; }
  void Wait(milliseconds span) override {
    waits.push_back(span);
    now_ += span;
  }
  milliseconds Waited() const {
    milliseconds sum{0};
    for (const milliseconds span : waits) sum += span;
    return sum;
  }
  std::vector<milliseconds> waits;

 private:
  Deadline::Clock::time_point now_ = Deadline::Clock::now();
};

// Wants so many readings more than the first.
class AgainAndAgain : public cvm::node::Counting {
 public:
  explicit AgainAndAgain(unsigned more) : more_(more) {}
  void BeforeReading() override { ++announced; }
  bool Take(const cvm::node::ContainerReading&) override { return taken++ < more_; }
  unsigned announced = 0, taken = 0;

 private:
  const unsigned more_;
};

// Were at work at so many looks.
class OthersForAWhile : public cvm::node::Others {
 public:
  explicit OthersForAWhile(unsigned looks) : looks_(looks) {}
  bool WereAtWork() override { return looked++ < looks_; }
  unsigned looked = 0;

 private:
  const unsigned looks_;
};

struct Acting {
  Acting() {
    node.id = 7;
    node.name = "alpha";
    node.endpoint.host = "192.0.2.1";
  }
  auto Act(Action action) {
    return RunAction(runner, node, *Ctid::FromNumber(101), action, deadline, settings, pacing);
  }
  auto ActBesides(cvm::node::Others& others, Action action) {
    return RunAction(runner, node, *Ctid::FromNumber(101), action, deadline, settings, pacing, nullptr,
                     &others);
  }
  bool Ends(Action action, Outcome outcome) {
    const auto ended = Act(action);
    if (!ended.ok()) BOOST_TEST_MESSAGE(ended.error().message);
    return ended.ok() && *ended == outcome;
  }
  bool Fails(Action action, ErrorCode code) {
    const auto ended = Act(action);
    return !ended.ok() && ended.error().code == code;
  }
  // How often vzctl was sent.
  std::size_t Sent() const {
    std::size_t sent = 0;
    for (const std::string& line : runner.lines) sent += line.rfind("vzctl ", 0) == 0 ? 1U : 0U;
    return sent;
  }

  cvm::node::Node node;
  cvm::tests::FakeRunner runner;
  FakePacing pacing;
  cvm::node::ActingSettings settings;
  Deadline deadline = Deadline::In(seconds(230));
};

// An action, how vzctl ended, what vzlist then said, and how the action came out.
struct Judgement {
  Action action;
  int exit_status;
  const char* state;
  Outcome outcome;
};
const Judgement kJudgements[] = {
    {Action::kStart, 32, kRunning, Outcome::kDone},
    {Action::kStart, 105, kRunning, Outcome::kDone},
    {Action::kStart, 127, kRunning, Outcome::kDone},
    {Action::kStart, 105, kStopped, Outcome::kFailed},
    {Action::kStart, 32, kStopped, Outcome::kFailed},
    {Action::kStart, 47, kStopped, Outcome::kFailed},
    {Action::kStart, 79, kStopped, Outcome::kFailed},
    {Action::kStart, 5, kStopped, Outcome::kFailed},
    {Action::kStart, 255, kStopped, Outcome::kFailed},
    {Action::kStart, 14, kAbsent, Outcome::kMissing},
    {Action::kStart, 43, kAbsent, Outcome::kMissing},
    {Action::kStart, 14, kStopped, Outcome::kFailed},
    {Action::kStart, 9, kRunning, Outcome::kLockedAsAsked},
    {Action::kStop, 9, kStopped, Outcome::kLockedAsAsked},
    {Action::kStop, 33, kStopped, Outcome::kDone},
    {Action::kStop, 33, kRunning, Outcome::kFailed},
    {Action::kStop, 14, kAbsent, Outcome::kMissing},
    {Action::kStop, 5, kAbsent, Outcome::kMissing},
    {Action::kStop, 1, kRunning, Outcome::kFailed},
    {Action::kRestart, 105, kStopped, Outcome::kDownAfterRestart},
    {Action::kRestart, 79, kStopped, Outcome::kDownAfterRestart},
    {Action::kRestart, 105, kRunning, Outcome::kFailed},
    {Action::kRestart, 33, kRunning, Outcome::kFailed},
    {Action::kRestart, 32, kAbsent, Outcome::kFailed},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(acting)

BOOST_FIXTURE_TEST_CASE(StartAndStopThatSucceedAreOneCommand, Acting) {
  runner.Answer(0).Answer(0);
  BOOST_TEST(Ends(Action::kStart, Outcome::kDone));
  BOOST_TEST(Ends(Action::kStop, Outcome::kDone));
  BOOST_TEST(runner.lines == (std::vector<std::string>{"vzctl start 101", "vzctl stop 101"}));
}

BOOST_FIXTURE_TEST_CASE(ARestartAsksFirstSinceWhenTheContainerRuns, Acting) {
  runner.Answer(0, Life(5)).Answer(0);
  BOOST_TEST(Ends(Action::kRestart, Outcome::kDone));
  BOOST_REQUIRE(runner.lines.size() == 2U);
  BOOST_TEST(runner.lines[1] == "vzctl restart 101");
}

BOOST_FIXTURE_TEST_CASE(AReadingIsTakenAgainForAsLongAsItsCountingWants, Acting) {
  AgainAndAgain counting(2);
  runner.Answer(0, Life(5)).Answer(0, Life(5)).Answer(0, Life(5)).Answer(0);
  const auto ended =
      RunAction(runner, node, *Ctid::FromNumber(101), Action::kStop, deadline, settings, pacing, &counting);
  BOOST_TEST((ended.ok() && *ended == Outcome::kDone));
  BOOST_TEST(counting.announced == 3U);
  BOOST_TEST(counting.taken == 3U);
  BOOST_REQUIRE(runner.lines.size() == 4U);
  BOOST_TEST(runner.lines[3] == "vzctl stop 101");
}

BOOST_FIXTURE_TEST_CASE(AReadingThatFailsIsNotTakenAgain, Acting) {
  AgainAndAgain counting(2);
  runner.Answer(0, Life(5)).Fail(ErrorCode::kUnavailable).Answer(0);
  const auto ended =
      RunAction(runner, node, *Ctid::FromNumber(101), Action::kStop, deadline, settings, pacing, &counting);
  BOOST_TEST((ended.ok() && *ended == Outcome::kDone));
  BOOST_TEST(counting.taken == 1U);
}

BOOST_FIXTURE_TEST_CASE(AnotherExitStatusIsJudgedByTheState, Acting) {
  for (const Judgement& j : kJudgements) {
    runner.lines.clear();
    if (j.action == Action::kRestart) runner.Answer(0, Life(5));
    runner.Answer(j.exit_status, "", "the node's own words").Answer(j.state == kAbsent ? 1 : 0, j.state);
    BOOST_TEST(Ends(j.action, j.outcome), cvm::node::ActionName(j.action)
                                              << " " << j.exit_status << " " << j.state);
    BOOST_TEST(runner.Unused() == 0U);
    BOOST_TEST(Sent() == 1U);
  }
}

BOOST_FIXTURE_TEST_CASE(ARestartOfWhatIsNotThereOrCannotBeRunIsNotAskedAbout, Acting) {
  struct {
    int exit_status;
    Outcome outcome;
  } const rows[] = {{14, Outcome::kMissing}, {126, Outcome::kFailed}, {127, Outcome::kFailed}};
  for (const auto& row : rows) {
    runner.Answer(0, kOff).Answer(row.exit_status);
    BOOST_TEST(Ends(Action::kRestart, row.outcome));
  }
}

BOOST_FIXTURE_TEST_CASE(AFailedRestartWhoseStateCannotBeAskedHasFailed, Acting) {
  runner.Answer(0, Life(5)).Answer(105).Fail(ErrorCode::kUnavailable);
  BOOST_TEST(Ends(Action::kRestart, Outcome::kFailed));
}

BOOST_FIXTURE_TEST_CASE(AFailedStartWhoseStateCannotBeAskedHasAnUnknownOutcome, Acting) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kBroken, ErrorCode::kInvalid}) {
    runner.Answer(79).Fail(code);
    BOOST_TEST(Fails(Action::kStart, ErrorCode::kBroken));
  }
  runner.Answer(33).Answer(0, "");
  BOOST_TEST(Fails(Action::kStop, ErrorCode::kBroken));
}

BOOST_FIXTURE_TEST_CASE(AnActionOnAKernelWithoutOpenVzHasFailedThoughNoStateCanBeAsked, Acting) {
  runner.Answer(5).Answer(5);
  BOOST_TEST(Ends(Action::kStop, Outcome::kFailed));
}

BOOST_FIXTURE_TEST_CASE(AnActionWhoseProgramIsNotThereHasFailed, Acting) {
  for (const int exit_status : {126, 127}) {
    runner.Answer(exit_status).Answer(exit_status);
    BOOST_TEST(Ends(Action::kStart, Outcome::kFailed));
  }
}

BOOST_FIXTURE_TEST_CASE(WhatWasNotSentKeepsItsKindAndIsNotAskedAbout, Acting) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kOverloaded}) {
    runner.Fail(code);
    BOOST_TEST(Fails(Action::kStop, code));
  }
  BOOST_TEST(runner.lines.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(ALockThatGoesAwayInTimeIsWaitedFor, Acting) {
  runner.Answer(9).Answer(0, kStopped).Answer(9).Answer(0, kStopped).Answer(0);
  BOOST_TEST(Ends(Action::kStart, Outcome::kDone));
  BOOST_TEST(Sent() == 3U);
  BOOST_TEST(pacing.waits.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(ALockThatStaysIsToldWithinItsTime, Acting) {
  for (int i = 0; i < 200; ++i) runner.Answer(9).Answer(0, kRunning);
  BOOST_TEST(Ends(Action::kStop, Outcome::kLocked));
  BOOST_TEST((pacing.Waited() <= settings.lock_retry));
  BOOST_TEST((pacing.Waited() > settings.lock_retry / 2));
}

BOOST_FIXTURE_TEST_CASE(ALockIsNotWaitedForBeyondTheDeadline, Acting) {
  deadline = Deadline::In(seconds(3));
  for (int i = 0; i < 200; ++i) runner.Answer(9).Answer(0, kRunning);
  BOOST_TEST(Ends(Action::kStop, Outcome::kLocked));
  BOOST_TEST((pacing.Waited() <= seconds(3)));
}

BOOST_FIXTURE_TEST_CASE(ALockedContainerInTheWantedStateIsNotWaitedFor, Acting) {
  runner.Answer(9).Answer(0, kStopped).Answer(9).Answer(0, kRunning);
  BOOST_TEST(Ends(Action::kStart, Outcome::kLockedAsAsked));
  BOOST_TEST(pacing.waits.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ALockedContainerInTheWantedStateIsTriedAgainWhereOthersWereAtWork, Acting) {
  OthersForAWhile others(2);
  runner.Answer(9).Answer(0, kStopped).Answer(9).Answer(0, kStopped).Answer(9).Answer(0, kStopped);
  const auto ended = ActBesides(others, Action::kStop);
  BOOST_TEST((ended.ok() && *ended == Outcome::kLockedAsAsked));
  BOOST_TEST(Sent() == 3U);
  BOOST_TEST(pacing.waits.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(WhereOthersAreAtWorkAllTheTimeALockedContainerIsToldWithinItsTime, Acting) {
  OthersForAWhile others(200);
  for (int i = 0; i < 200; ++i) runner.Answer(9).Answer(0, kStopped);
  const auto ended = ActBesides(others, Action::kStop);
  BOOST_TEST((ended.ok() && *ended == Outcome::kLocked));
  BOOST_TEST((pacing.Waited() <= settings.lock_retry));
}

// The state that it asked for may be the one that they are about to end.
BOOST_FIXTURE_TEST_CASE(AStopThatVzctlRefusedHasFailedThoughTheContainerIsStoppedWhereOthersWereAtWork,
                        Acting) {
  OthersForAWhile others(1);
  for (const Outcome outcome : {Outcome::kFailed, Outcome::kDone}) {
    runner.Answer(33).Answer(0, kStopped);
    const auto ended = ActBesides(others, Action::kStop);
    BOOST_TEST((ended.ok() && *ended == outcome));
  }
  BOOST_TEST(others.looked == 2U);
}

BOOST_FIXTURE_TEST_CASE(OthersAreNotLookedForWhereNothingWasRefusedNorWhereAStartWas, Acting) {
  OthersForAWhile others(1);
  runner.Answer(0).Answer(0).Answer(32).Answer(0, kRunning);
  BOOST_TEST(ActBesides(others, Action::kStop).ok());
  BOOST_TEST(ActBesides(others, Action::kStart).ok());
  const auto refused = ActBesides(others, Action::kStart);
  BOOST_TEST((refused.ok() && *refused == Outcome::kDone));
  BOOST_TEST(others.looked == 0U);
}

BOOST_FIXTURE_TEST_CASE(ALockedContainerThatCannotBeAskedAboutIsTriedAgain, Acting) {
  runner.Answer(9).Fail(ErrorCode::kBroken).Answer(9).Answer(0, "").Answer(0);
  BOOST_TEST(Ends(Action::kStop, Outcome::kDone));
}

BOOST_FIXTURE_TEST_CASE(ALockedRestartIsTriedAgainAndItsLifeReadAgain, Acting) {
  runner.Answer(0, Life(5)).Answer(9).Answer(0, Life(6)).Fail(ErrorCode::kBroken);
  runner.Answer(0, Life(6)).Answer(0, Life(7));
  BOOST_TEST(Ends(Action::kRestart, Outcome::kDone));
  BOOST_TEST(runner.Unused() == 0U);
  BOOST_TEST(Sent() == 2U);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatIsLostBehindALockWasNotSentAnything, Acting) {
  runner.Answer(9).Answer(0, kStopped).Fail(ErrorCode::kUnavailable);
  BOOST_TEST(Fails(Action::kStart, ErrorCode::kUnavailable));
}

BOOST_FIXTURE_TEST_CASE(AfterABrokenConnectionTheNodeIsAskedUntilTheStateHolds, Acting) {
  for (const ErrorCode code : {ErrorCode::kBroken, ErrorCode::kInvalid}) {
    runner.lines.clear();
    runner.Fail(code).Fail(ErrorCode::kBroken).Answer(0, kRunning).Answer(0, kStopped);
    BOOST_TEST(Ends(Action::kStop, Outcome::kDone));
    BOOST_TEST(runner.lines.size() == 4U);
    BOOST_TEST(Sent() == 1U);
  }
}

// It met their lock, maybe, and what holds is what they are about to end.
BOOST_FIXTURE_TEST_CASE(AfterABrokenConnectionAStateCountsOnlyOnceNobodyElseIsAtWork, Acting) {
  OthersForAWhile others(2);
  runner.Fail(ErrorCode::kBroken).Answer(0, kStopped).Answer(0, kStopped).Answer(0, kStopped);
  const auto ended = ActBesides(others, Action::kStop);
  BOOST_TEST((ended.ok() && *ended == Outcome::kDone));
  BOOST_TEST(others.looked == 3U);
  BOOST_TEST(runner.Unused() == 0U);
  OthersForAWhile restarting(1);
  runner.Answer(0, Life(5)).Fail(ErrorCode::kBroken).Answer(0, Life(6)).Answer(0, kOff).Answer(0, Life(7));
  const auto restarted = ActBesides(restarting, Action::kRestart);
  BOOST_TEST((restarted.ok() && *restarted == Outcome::kDone));
  BOOST_TEST(runner.Unused() == 0U);
  BOOST_TEST(Sent() == 2U);
}

BOOST_FIXTURE_TEST_CASE(WhereOthersAreAtWorkAllTheTimeWhatABrokenConnectionLeftIsUnknown, Acting) {
  OthersForAWhile others(400);
  runner.Fail(ErrorCode::kBroken);
  for (int i = 0; i < 400; ++i) runner.Answer(0, kStopped);
  const auto ended = ActBesides(others, Action::kStop);
  BOOST_TEST((!ended.ok() && ended.error().code == ErrorCode::kBroken));
  BOOST_TEST((pacing.Waited() <= settings.lock_retry));
}

BOOST_FIXTURE_TEST_CASE(AStartThatDoesNotComeToPassIsUnknownAndSentOnce, Acting) {
  runner.Fail(ErrorCode::kBroken);
  for (int i = 0; i < 400; ++i) runner.Answer(0, kStopped);
  BOOST_TEST(Fails(Action::kStart, ErrorCode::kBroken));
  BOOST_TEST((pacing.Waited() <= settings.start_settles));
  BOOST_TEST((pacing.Waited() > settings.start_settles - seconds(3)));
  BOOST_TEST(Sent() == 1U);
}

BOOST_FIXTURE_TEST_CASE(AStopIsAskedAboutForAsLongAsOneMayTake, Acting) {
  runner.Fail(ErrorCode::kBroken);
  for (int i = 0; i < 400; ++i) runner.Answer(0, kRunning);
  BOOST_TEST(Fails(Action::kStop, ErrorCode::kBroken));
  BOOST_TEST((pacing.Waited() > seconds(180)));
  BOOST_TEST((pacing.Waited() <= settings.stop_settles));
}

BOOST_FIXTURE_TEST_CASE(ANodeThatStaysSilentIsGivenUp, Acting) {
  runner.Fail(ErrorCode::kBroken);
  BOOST_TEST(Fails(Action::kStop, ErrorCode::kBroken));
  BOOST_TEST((pacing.Waited() >= settings.silence));
  BOOST_TEST((pacing.Waited() < settings.silence + seconds(3)));
}

BOOST_FIXTURE_TEST_CASE(AContainerThatIsNotThereAfterABrokenConnectionIsMissing, Acting) {
  runner.Fail(ErrorCode::kBroken).Answer(1, kAbsent);
  BOOST_TEST(Ends(Action::kStart, Outcome::kMissing));
}

BOOST_FIXTURE_TEST_CASE(ARestartIsDoneAfterABrokenConnectionOnceANewLifeHasBegun, Acting) {
  runner.Answer(0, Life(5)).Fail(ErrorCode::kBroken);
  runner.Answer(0, Life(5)).Answer(0, kOff).Answer(0, Life(9));
  BOOST_TEST(Ends(Action::kRestart, Outcome::kDone));
  BOOST_TEST(runner.Unused() == 0U);
  BOOST_TEST(Sent() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ARestartOfAStoppedContainerIsDoneOnceItRuns, Acting) {
  runner.Answer(0, kOff).Fail(ErrorCode::kBroken).Answer(0, kOff).Answer(0, Life(9));
  BOOST_TEST(Ends(Action::kRestart, Outcome::kDone));
}

BOOST_FIXTURE_TEST_CASE(ARestartWhoseLifeStaysTheSameIsUnknown, Acting) {
  runner.Answer(0, Life(5)).Fail(ErrorCode::kBroken);
  for (int i = 0; i < 400; ++i) runner.Answer(0, Life(5));
  BOOST_TEST(Fails(Action::kRestart, ErrorCode::kBroken));
  BOOST_TEST(Sent() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ARestartGoesOnWithoutItsLifeAndIsUnknownWhereTheConnectionBreaks, Acting) {
  runner.Answer(1).Answer(0);
  BOOST_TEST(Ends(Action::kRestart, Outcome::kDone));
  runner.Fail(ErrorCode::kBroken).Fail(ErrorCode::kBroken);
  BOOST_TEST(Fails(Action::kRestart, ErrorCode::kBroken));
  BOOST_TEST(pacing.waits.empty());
}

BOOST_AUTO_TEST_SUITE_END()
