#include "lib/node/breaker.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Breaker;
using cvm::node::BreakerSettings;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Result = cvm::base::Result<cvm::ssh::Output>;

// Does what the test says and counts how often it is asked.
struct Host : cvm::ssh::Runner {
  std::function<Result()> answer;
  int asked = 0;
  std::optional<Deadline> first_deadline;  // of the last call
  Result Run(const cvm::ssh::Endpoint&, const cvm::ssh::Command&, Deadline deadline) override {
    ++asked;
    if (!first_deadline) first_deadline = deadline;
    const auto now = answer;  // which may change while it answers
    return now();
  }
};

Result Fails(ErrorCode code) {
  return cvm::base::Error{code, "as the test wants it"};
}

struct Circuit {
  Circuit() {
    endpoint.host = "192.0.2.1";
    settings.random = [] { return 1.0; };
    settings.now = [this] { return now; };
  }
  // The code that a caller gets; nothing for an answer.
  std::string Call() { return CallTo(endpoint); }
  std::string CallTo(const cvm::ssh::Endpoint& where, Deadline deadline = Deadline::In(seconds(10))) {
    host.first_deadline.reset();
    const auto result = TheBreaker().Run(where, cvm::ssh::Command({"true"}), deadline);
    return result.ok() ? "" : cvm::base::CodeName(result.error().code);
  }
  // Whether a call gets through to the host.
  bool Passes() {
    const int before = host.asked;
    Call();
    return host.asked != before;
  }
  void Answers() {
    host.answer = [] { return Result(cvm::ssh::Output{}); };
  }
  void Gives(ErrorCode code) {
    host.answer = [code] { return Fails(code); };
  }
  Breaker& TheBreaker() {
    if (!breaker) breaker.emplace(host, settings);
    return *breaker;
  }

  Host host;
  cvm::ssh::Endpoint endpoint;
  Breaker::Clock::time_point now{std::chrono::hours(1000)};
  BreakerSettings settings;
  std::optional<Breaker> breaker;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(breaker)

BOOST_FIXTURE_TEST_CASE(AHostThatAnswersIsLeftAlone, Circuit) {
  Answers();
  for (int i = 0; i < 5; ++i) BOOST_TEST(Passes());
  BOOST_TEST(TheBreaker().OpenCircuits().empty());
}

BOOST_FIXTURE_TEST_CASE(AfterAFailedTryCallersAreAnsweredAtOnceForATimeThatDoublesToHalfAMinute, Circuit) {
  Gives(ErrorCode::kUnavailable);
  for (const int wait : {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000}) {
    BOOST_TEST(Passes());
    now += milliseconds(wait - 1);
    BOOST_TEST(!Passes());
    BOOST_TEST(Call() == "unavailable");
    now += milliseconds(1);
  }
  BOOST_TEST(TheBreaker().OpenCircuits().at(0).failures == 8U);
}

BOOST_FIXTURE_TEST_CASE(ChanceShortensTheWaitByHalfAtMost, Circuit) {
  settings.random = [] { return 0.0; };
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  now += milliseconds(499);
  BOOST_TEST(!Passes());
  now += milliseconds(1);
  BOOST_TEST(Passes());
}

BOOST_FIXTURE_TEST_CASE(ATryThatSucceedsClosesTheCircuitAndTheNextWaitIsShortAgain, Circuit) {
  Gives(ErrorCode::kUnavailable);
  for (int i = 0; i < 4; ++i, now += seconds(30)) BOOST_TEST(Passes());
  Answers();
  BOOST_TEST(Call() == "");
  BOOST_TEST(Call() == "");
  BOOST_TEST(TheBreaker().OpenCircuits().empty());
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  now += seconds(1);
  BOOST_TEST(Passes());
}

BOOST_FIXTURE_TEST_CASE(WhatSaysNothingOfReachabilityDoesNotOpenIt, Circuit) {
  for (const ErrorCode code : {ErrorCode::kBroken, ErrorCode::kInvalid, ErrorCode::kOverloaded}) {
    Gives(code);
    for (int i = 0; i < 3; ++i) BOOST_TEST(Passes());
  }
}

BOOST_FIXTURE_TEST_CASE(ABrokenExchangeOrTooMuchOutputIsAnAnswerAndClosesIt, Circuit) {
  for (const ErrorCode code : {ErrorCode::kBroken, ErrorCode::kInvalid}) {
    Gives(ErrorCode::kUnavailable);
    BOOST_TEST(Passes());
    now += seconds(1);
    Gives(code);
    BOOST_TEST(Passes());
    BOOST_TEST(TheBreaker().OpenCircuits().empty());
  }
}

BOOST_FIXTURE_TEST_CASE(WhatBreaksOffAfterTheCircuitOpenedDoesNotCloseIt, Circuit) {
  host.answer = [this] {
    Gives(ErrorCode::kUnavailable);
    BOOST_TEST(Passes());
    return Fails(ErrorCode::kBroken);
  };
  BOOST_TEST(Call() == cvm::base::CodeName(ErrorCode::kBroken));
  BOOST_TEST(TheBreaker().OpenCircuits().size() == 1U);
  BOOST_TEST(!Passes());
}

BOOST_FIXTURE_TEST_CASE(ATryThatTaughtNothingIsMadeAgainByTheNextCallerAfterTheFirstWait, Circuit) {
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  now += seconds(1);
  Gives(ErrorCode::kOverloaded);
  BOOST_TEST(Call() == "overloaded");
  BOOST_TEST(!Passes());
  now += seconds(1);
  BOOST_TEST(Passes());
  now += seconds(1);
  host.answer = []() -> Result { throw std::runtime_error("a surprise"); };
  BOOST_CHECK_THROW(Call(), std::runtime_error);
  now += seconds(1);
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  BOOST_TEST(!Passes());
}

BOOST_FIXTURE_TEST_CASE(WhoTriesAgainHasTheTimeThatASessionMayTake, Circuit) {
  settings.knock = seconds(60);
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  now += seconds(1);
  Answers();
  BOOST_TEST(CallTo(endpoint, Deadline::In(seconds(40))) == "");
  BOOST_TEST((host.first_deadline->Remaining() > seconds(20)));
}

BOOST_FIXTURE_TEST_CASE(OneAtATimeTriesAndTheOthersAreAnsweredMeanwhile, Circuit) {
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  now += seconds(1);
  host.answer = [this] {
    if (TheBreaker().OpenCircuits().empty()) return Result(cvm::ssh::Output{});
    BOOST_TEST(TheBreaker().OpenCircuits().at(0).trying);
    const int asked = host.asked;
    BOOST_TEST(Call() == "unavailable");
    BOOST_TEST(host.asked == asked);
    return Result(cvm::ssh::Output{});
  };
  BOOST_TEST(Call() == "");
}

BOOST_FIXTURE_TEST_CASE(WhoTriesAgainHasClosedTheCircuitBeforeItsOwnCommandRuns, Circuit) {
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  now += seconds(1);
  int depth = 0;
  host.answer = [&] {
    if (++depth == 2) {  // the command itself, which may take minutes
      BOOST_TEST(TheBreaker().OpenCircuits().empty());
      BOOST_TEST(Call() == "");
    }
    return Result(cvm::ssh::Output{});
  };
  BOOST_TEST(Call() == "");
  BOOST_TEST(depth == 3);
}

BOOST_FIXTURE_TEST_CASE(WhoKnocksInVainHasNotSentItsCommand, Circuit) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kOverloaded}) {
    Gives(ErrorCode::kUnavailable);
    BOOST_TEST(Call() == "unavailable");
    now += seconds(60);
    Gives(code);
    const int before = host.asked;
    BOOST_TEST(Call() == cvm::base::CodeName(code));
    BOOST_TEST(host.asked == before + 1);
    Answers();
    now += seconds(60);
    Call();
  }
}

BOOST_FIXTURE_TEST_CASE(FailuresOfThoseWhoBeganBeforeItOpenedDoNotLengthenTheWait, Circuit) {
  int depth = 0;
  host.answer = [&] {
    if (++depth < 5) Call();  // five are under way before the first one fails
    return Fails(ErrorCode::kUnavailable);
  };
  BOOST_TEST(Call() == "unavailable");
  BOOST_TEST(host.asked == 5);
  BOOST_TEST(TheBreaker().OpenCircuits().at(0).failures == 1U);
  now += seconds(1);
  Answers();
  BOOST_TEST(Passes());
}

BOOST_FIXTURE_TEST_CASE(ASuccessOfOneWhoBeganBeforeItOpenedClosesIt, Circuit) {
  host.answer = [&] {
    Gives(ErrorCode::kUnavailable);
    BOOST_TEST(Call() == "unavailable");
    BOOST_TEST(TheBreaker().OpenCircuits().size() == 1U);
    return Result(cvm::ssh::Output{});
  };
  BOOST_TEST(Call() == "");
  BOOST_TEST(TheBreaker().OpenCircuits().empty());
}

BOOST_FIXTURE_TEST_CASE(EachEndpointHasACircuitOfItsOwnAndANewPinANewOne, Circuit) {
  Gives(ErrorCode::kUnavailable);
  BOOST_TEST(Passes());
  auto another = endpoint;
  another.host = "192.0.2.2";
  auto pinned = endpoint;
  pinned.host_keys = {{"ssh-ed25519", "AAAA"}};
  Answers();
  BOOST_TEST(CallTo(another) == "");
  BOOST_TEST(CallTo(pinned) == "");
  BOOST_TEST(Call() == "unavailable");
}

BOOST_FIXTURE_TEST_CASE(EndpointsThatNobodyAsksForAnyMoreAreForgotten, Circuit) {
  Gives(ErrorCode::kUnavailable);
  for (int i = 0; i < 100; ++i) {
    auto gone = endpoint;
    gone.host = "192.0.2." + std::to_string(i);
    CallTo(gone);
  }
  BOOST_TEST(TheBreaker().OpenCircuits().size() == 100U);
  now += std::chrono::hours(2);
  auto other = endpoint;
  other.host = "198.51.100.1";
  CallTo(other);
  BOOST_TEST(TheBreaker().OpenCircuits().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
