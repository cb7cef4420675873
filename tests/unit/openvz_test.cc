#include "lib/node/openvz.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_runner.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Action;
using cvm::node::Outcome;

namespace {

constexpr char kStopped[] =
    R"([{"ctid":101,"status":"stopped","physpages":{"held":0},"diskspace":{"usage":5}}])";
constexpr char kRunning[] =
    R"([{"ctid":101,"status":"running","physpages":{"held":3},"diskspace":{"usage":5}}])";
constexpr char kAnother[] =
    R"([{"ctid":102,"status":"running","physpages":{"held":3},"diskspace":{"usage":5}}])";
constexpr char kHuge[] =
    R"([{"ctid":101,"status":"running","physpages":{"held":9223372036854775807},
         "diskspace":{"usage":18446744073709551615}}])";

struct Driven {
  Driven() {
    node.id = 7;
    node.name = "alpha";
    node.endpoint.host = "192.0.2.1";
  }
  Deadline InTenSeconds() const { return Deadline::In(std::chrono::milliseconds(10900)); }
  auto Inspect() { return openvz.Inspect(node, *Ctid::FromNumber(101), InTenSeconds()); }
  auto Act(Action action) { return openvz.Act(node, *Ctid::FromNumber(101), action, InTenSeconds()); }

  cvm::node::Node node;
  cvm::tests::FakeRunner runner;
  cvm::node::OpenVz openvz{runner};
};

// A node on which vzlist fails for 105, and hangs once it is told to. For the others it may be silent.
struct Spoiled : cvm::ssh::Runner {
  struct Hang {
    std::promise<void> begun, end;
  };
  // The next one; nothing: it answers.
  std::atomic<Hang*> hang{nullptr};
  std::atomic<bool> silent{false};

  cvm::base::Result<cvm::ssh::Output> Run(const cvm::ssh::Endpoint&, const cvm::ssh::Command& command,
                                          Deadline) override {
    if (command.Quoted().find("105") == std::string::npos) {
      if (silent) return cvm::base::Error{ErrorCode::kBroken, "it does not answer"};
      return cvm::ssh::Output{0, kStopped, ""};
    }
    if (Hang* const now = hang.exchange(nullptr)) {
      now->begun.set_value();
      now->end.get_future().wait();
      return cvm::ssh::Output{124, "", ""};
    }
    return cvm::ssh::Output{3, "", ""};
  }
};

const std::string kVzlist = "timeout 10 vzlist -j -o ctid,status,physpages,diskspace 101";

}  // namespace

BOOST_AUTO_TEST_SUITE(openvz)

BOOST_FIXTURE_TEST_CASE(ARunningContainerIsShownInBytes, Driven) {
  runner.Answer(0, kRunning).Answer(0, "16384\n");
  const auto container = Inspect();
  BOOST_REQUIRE((container.ok() && container->has_value()));
  BOOST_TEST((*container)->running);
  BOOST_TEST((*container)->ram_used == 3 * 16384U);
  BOOST_TEST((*container)->disk_used == 5 * 1024U);
  BOOST_TEST(runner.lines == (std::vector<std::string>{kVzlist, "timeout 10 getconf PAGESIZE"}));
}

BOOST_FIXTURE_TEST_CASE(FiguresBeyondTheirTypeStopAtItsEnd, Driven) {
  runner.Answer(0, kHuge).Answer(0, "4096\n");
  const auto container = Inspect();
  BOOST_REQUIRE((container.ok() && container->has_value()));
  BOOST_TEST((*container)->ram_used == 18446744073709551615U);
  BOOST_TEST((*container)->disk_used == 18446744073709551615U);
}

BOOST_FIXTURE_TEST_CASE(ThePageSizeIsAskedOnceANode, Driven) {
  runner.Answer(0, kRunning).Answer(0, "4096\n").Answer(0, kRunning).Answer(0, kRunning).Answer(0, "8192");
  BOOST_TEST((*Inspect())->ram_used == 3 * 4096U);
  BOOST_TEST((*Inspect())->ram_used == 3 * 4096U);
  node.endpoint.host = "192.0.2.2";
  BOOST_TEST((*Inspect())->ram_used == 3 * 8192U);
  BOOST_TEST(runner.lines.size() == 5U);
}

BOOST_FIXTURE_TEST_CASE(AStoppedContainerNeedsNoPageSize, Driven) {
  runner.Answer(0, kStopped);
  const auto container = Inspect();
  BOOST_REQUIRE((container.ok() && container->has_value()));
  BOOST_TEST(!(*container)->running);
  BOOST_TEST((*container)->ram_used == 0U);
  BOOST_TEST((*container)->disk_used == 5 * 1024U);
}

BOOST_FIXTURE_TEST_CASE(AContainerThatIsNotNamedIsAbsent, Driven) {
  runner.Answer(1, "[]\n").Answer(0, "[\n]\n").Answer(0, kAnother);
  for (int i = 0; i < 3; ++i) {
    const auto container = Inspect();
    BOOST_REQUIRE(container.ok());
    BOOST_TEST(!container->has_value());
  }
}

BOOST_FIXTURE_TEST_CASE(ANoAnswerIsNeverAState, Driven) {
  struct {
    int exit_status;
    const char* out;
    ErrorCode code = ErrorCode::kInternal;
  } const bad[] = {{0, ""},
                   {1, ""},
                   {1, kRunning},
                   {126, "", ErrorCode::kNotFound},
                   {127, "", ErrorCode::kNotFound},
                   {255, kStopped},
                   {2, kStopped},
                   {0, "[{}]"},
                   {0, "<html>"}};
  for (const auto& answer : bad) {
    runner.Answer(answer.exit_status, answer.out);
    const auto container = Inspect();
    BOOST_REQUIRE(!container.ok());
    BOOST_TEST((container.error().code == answer.code));
  }
}

BOOST_FIXTURE_TEST_CASE(APageSizeThatIsNoneFailsTheInspectionAndIsAskedAgain, Driven) {
  for (const char* size : {"", "0\n", "4095\n", "-4096\n", "4096 \n", "4096\n\n", "undefined\n"}) {
    runner.Answer(0, kRunning).Answer(0, size);
    const auto container = Inspect();
    BOOST_REQUIRE(!container.ok());
    BOOST_TEST((container.error().code == ErrorCode::kInternal));
  }
  runner.Answer(0, kRunning).Answer(1, "4096\n");
  BOOST_TEST(!Inspect().ok());
  runner.Answer(0, kRunning).Answer(0, "4096\n");
  BOOST_TEST(Inspect().ok());
}

BOOST_FIXTURE_TEST_CASE(AFailedRunOfAnInspectionKeepsItsKind, Driven) {
  runner.Fail(ErrorCode::kUnavailable).Fail(ErrorCode::kBroken).Fail(ErrorCode::kInvalid);
  for (const ErrorCode expected : {ErrorCode::kUnavailable, ErrorCode::kBroken, ErrorCode::kInternal}) {
    const auto container = Inspect();
    BOOST_REQUIRE(!container.ok());
    BOOST_TEST((container.error().code == expected));
  }
}

BOOST_FIXTURE_TEST_CASE(SudoIsUsedForOthersThanRoot, Driven) {
  node.endpoint.user = "cvm";
  runner.Answer(0, kRunning).Answer(0, "4096\n").Answer(0);
  BOOST_TEST(Inspect().ok());
  BOOST_TEST(Act(Action::kStop).ok());
  BOOST_TEST(runner.lines ==
             (std::vector<std::string>{"sudo -n " + kVzlist, "sudo -n timeout 10 getconf PAGESIZE",
                                       "sudo -n vzctl stop 101"}));
}

BOOST_FIXTURE_TEST_CASE(ReadingCommandsAreBoundedOnTheNodeToo, Driven) {
  runner.Answer(1, "[]").Answer(1, "[]");
  const auto ctid = *Ctid::FromNumber(2147483647);
  BOOST_TEST(openvz.Inspect(node, ctid, Deadline::In(std::chrono::hours(1))).ok());
  BOOST_TEST(openvz.Inspect(node, ctid, Deadline::In(std::chrono::milliseconds(1))).ok());
  const std::string rest = " vzlist -j -o ctid,status,physpages,diskspace 2147483647";
  BOOST_TEST(runner.lines == (std::vector<std::string>{"timeout 30" + rest, "timeout 1" + rest}));
}

// Of the two waits that there are a slow node gets one.
BOOST_AUTO_TEST_CASE(WhileVzlistHangsAtAContainerAtWhichItFailedTheOthersAreAnswered) {
  Spoiled runner;
  std::atomic<int> seconds{0};
  cvm::node::OpenVzSettings settings;
  settings.bounds.waits = 2;
  settings.batch.now = [&] {
    return cvm::node::BatchSettings::Clock::time_point(std::chrono::seconds(seconds));
  };
  cvm::node::OpenVz openvz(runner, settings);
  const cvm::node::Node node;
  const auto inspect = [&](std::uint64_t ctid) {
    return openvz.Inspect(node, *Ctid::FromNumber(ctid), Deadline::In(std::chrono::seconds(60)));
  };
  BOOST_TEST(!inspect(105).ok());
  for (const bool refuses_another : {false, true}) {
    Spoiled::Hang hang;
    runner.hang = &hang;
    auto hanging = std::async(std::launch::async, inspect, 105);
    hang.begun.get_future().wait();
    BOOST_TEST(inspect(101).ok(), "as after " << (refuses_another ? "a hang" : "a failure"));
    seconds += refuses_another ? 10 : 0;
    if (refuses_another) BOOST_TEST((inspect(105).error().code == ErrorCode::kOverloaded));
    BOOST_TEST(inspect(101).ok());
    hang.end.set_value();
    BOOST_TEST((hanging.get().error().code == ErrorCode::kBroken));
  }
}

BOOST_AUTO_TEST_CASE(AContainerAtWhichVzlistFailsAtOnceDoesNotMakeASlowNodeAPromptOne) {
  Spoiled runner;
  cvm::node::OpenVzSettings settings;
  settings.bounds.waits = 4;
  cvm::node::OpenVz openvz(runner, settings);
  const cvm::node::Node node;
  const auto inspect = [&](std::uint64_t ctid) {
    return openvz.Inspect(node, *Ctid::FromNumber(ctid), Deadline::In(std::chrono::seconds(60)));
  };
  const auto places = [&] {
    std::vector<cvm::node::Bounds::Place> held;
    for (;;) {
      auto place = openvz.Admit(node);
      if (!place.ok()) return held.size();
      held.push_back(*std::move(place));
    }
  };
  BOOST_TEST(!inspect(105).ok());
  const std::size_t of_a_prompt_one = places();
  runner.silent = true;
  BOOST_TEST(!inspect(101).ok());
  const std::size_t of_a_slow_one = places();
  BOOST_TEST(of_a_slow_one < of_a_prompt_one);
  BOOST_TEST(!inspect(105).ok());
  BOOST_TEST(places() == of_a_slow_one);
  runner.silent = false;
  BOOST_TEST(inspect(101).ok());
  BOOST_TEST(places() == of_a_prompt_one);
}

BOOST_AUTO_TEST_SUITE_END()
