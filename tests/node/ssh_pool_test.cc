// Sessions to a real sshd: kept, reused, replaced, bounded.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/listener.h"
#include "tests/support/ssh_node.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::ssh::Command;
using cvm::testnode::TestNode;

namespace {

TestNode& SharedNode() {
  static TestNode node;
  return node;
}

// A pool of its own for each test, and the proof that it leaves no descriptor behind.
struct Pooled {
  Pooled() : Pooled(SharedNode()) {}
  explicit Pooled(TestNode& its_node) : node(its_node), logins_before(cvm::tests::Logins(node)) {}
  ~Pooled() {
    pool.reset();
    BOOST_TEST(cvm::tests::OpenDescriptors() == descriptors_before);
  }

  cvm::ssh::Pool& ThePool() {
    if (!pool) pool = std::make_unique<cvm::ssh::Pool>(settings);
    return *pool;
  }
  auto Run(const std::string& script, std::chrono::milliseconds span = std::chrono::seconds(20)) {
    return ThePool().Run(endpoint, Command({"sh", "-c", script}), Deadline::In(span));
  }
  std::string Say(const std::string& script) {
    const auto output = Run(script);
    return output.ok() ? output->out : "error: " + output.error().message;
  }
  std::size_t NewLogins() const { return cvm::tests::Logins(node) - logins_before; }

  TestNode& node;
  std::size_t descriptors_before = cvm::tests::OpenDescriptors();
  std::size_t logins_before;
  cvm::ssh::Settings settings = cvm::tests::SettingsOf(node);
  cvm::ssh::Endpoint endpoint = cvm::tests::EndpointOf(node);
  std::unique_ptr<cvm::ssh::Pool> pool;
};

// The PID (in the node) of the sshd process that carries the session: the parent of the login shell.
constexpr char kSessionPid[] = "echo $PPID";

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_pool)

BOOST_FIXTURE_TEST_CASE(CommandsOneAfterAnotherShareOneSession, Pooled) {
  for (int i = 0; i < 20; ++i) BOOST_TEST(Say("echo " + std::to_string(i)) == std::to_string(i) + "\n");
  BOOST_TEST(NewLogins() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ExitStatusAndBothStreamsComeBack, Pooled) {
  for (const int status : {0, 1, 9, 255}) {
    const auto output = Run("printf out; printf err >&2; exit " + std::to_string(status));
    BOOST_REQUIRE(output.ok());
    BOOST_TEST(output->exit_status == status);
    BOOST_TEST(output->out == "out");
    BOOST_TEST(output->err == "err");
  }
}

BOOST_FIXTURE_TEST_CASE(WordsArriveAsTheyWereGiven, Pooled) {
  const std::string odd = "a 'b' \"c\" $HOME `id` \\ * ; # ~ \xc3\xa9";
  const auto output = ThePool().Run(endpoint, Command({"printf", "%s|", odd, "", "-n", "a=b"}),
                                    Deadline::In(std::chrono::seconds(20)));
  BOOST_REQUIRE(output.ok());
  BOOST_TEST(output->out == odd + "||-n|a=b|");
}

BOOST_FIXTURE_TEST_CASE(AMegabyteOnEachStreamIsReadWithoutDeadlock, Pooled) {
  settings.output_cap = 4 << 20;
  const auto output = Run("head -c 1048576 /dev/zero >&2; head -c 1048576 /dev/zero");
  BOOST_REQUIRE(output.ok());
  BOOST_TEST(output->out.size() == 1048576U);
  BOOST_TEST(output->err.size() == 1048576U);
  const auto mixed = Run("head -c 1048576 /dev/zero >&2 & head -c 1048576 /dev/zero; wait");
  BOOST_REQUIRE(mixed.ok());
  BOOST_TEST(mixed->out.size() + mixed->err.size() == 2097152U);
  BOOST_TEST(NewLogins() == 1U);
}

BOOST_FIXTURE_TEST_CASE(OutputBeyondTheCapIsRefusedAndTheNextCommandWorks, Pooled) {
  settings.output_cap = 100000;
  const auto output = Run("head -c 10000000 /dev/zero");
  BOOST_REQUIRE(!output.ok());
  BOOST_TEST((output.error().code == ErrorCode::kInvalid));
  BOOST_TEST(Say("echo next") == "next\n");
}

BOOST_FIXTURE_TEST_CASE(ACommandThatClosesItsOutputIsWaitedFor, Pooled) {
  const auto output = Run("exec >&- 2>&-; sleep 0.3; exit 7");
  BOOST_REQUIRE(output.ok());
  BOOST_TEST(output->exit_status == 7);
}

BOOST_FIXTURE_TEST_CASE(ACommandKilledByASignalHasNoOutcomeAndTheSessionIsKept, Pooled) {
  const auto output = Run("kill -9 $$");
  BOOST_REQUIRE(!output.ok());
  BOOST_TEST((output.error().code == ErrorCode::kBroken));
  BOOST_TEST(output.error().message.find("KILL") != std::string::npos);
  BOOST_TEST(Say("echo next") == "next\n");
  BOOST_TEST(NewLogins() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ACommandThatOutlivesItsDeadlineHasNoOutcome, Pooled) {
  const auto output = Run("echo begun; sleep 600", std::chrono::milliseconds(700));
  BOOST_REQUIRE(!output.ok());
  BOOST_TEST((output.error().code == ErrorCode::kBroken));
  BOOST_TEST(Say("echo next") == "next\n");
  BOOST_TEST(NewLogins() == 2U);
}

BOOST_FIXTURE_TEST_CASE(ASessionThatDiedWhileIdleIsReplacedSilently, Pooled) {
  const std::string pid = Say(kSessionPid);
  BOOST_TEST(node.Exec("kill -9 " + pid).status == 0);
  BOOST_TEST(Say("echo again") == "again\n");
  BOOST_TEST(NewLogins() == 2U);
}

BOOST_FIXTURE_TEST_CASE(ASessionThatStoppedAnsweringWhileIdleIsReplaced, Pooled) {
  settings.connect_timeout = std::chrono::seconds(2);
  std::string pid = Say(kSessionPid);
  pid.pop_back();
  BOOST_TEST(node.Exec("kill -STOP " + pid).status == 0);
  BOOST_TEST(Say("echo again") == "again\n");
  BOOST_TEST(node.Exec("kill -9 " + pid).status == 0);
}

BOOST_FIXTURE_TEST_CASE(ASessionThatDiesUnderACommandLeavesItsOutcomeUnknown, Pooled) {
  const auto output = Run("kill -9 $PPID; sleep 5");
  BOOST_REQUIRE(!output.ok());
  BOOST_TEST((output.error().code == ErrorCode::kBroken));
  BOOST_TEST(Say("echo next") == "next\n");
}

BOOST_FIXTURE_TEST_CASE(SixteenThreadsShareAtMostEightSessions, Pooled) {
  settings.sessions_per_endpoint = 8;
  ThePool();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 15; ++i) {
        const std::string word = std::to_string(t * 1000 + i);
        if (Say("echo " + word) == word + "\n") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST(good == 16 * 15);
  BOOST_TEST(NewLogins() <= 8U);
}

// Two attempts are under way at one time: whoever stands in line behind them makes none.
BOOST_FIXTURE_TEST_CASE(AllWhoWaitForAHostThatNeverAnswersAreRefusedAfterTheOneAttempt, Pooled) {
  constexpr std::size_t kCallers = 12;
  const cvm::tests::Listener silent;
  endpoint.port = silent.port();
  settings.connect_timeout = std::chrono::seconds(3);
  ThePool();
  std::atomic<std::size_t> refused{0};
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      const auto output = Run("true", std::chrono::seconds(60));
      refused += !output.ok() && output.error().code == ErrorCode::kUnavailable ? 1 : 0;
    });
  }
  BOOST_TEST(TestNode::Await([this] {
    const auto books = ThePool().Figures().endpoints;
    return books.size() == 1 && books[0].in_use + books[0].waiting == kCallers && books[0].waiting > 0;
  }));
  for (std::thread& caller : callers) caller.join();
  BOOST_TEST(refused == kCallers);
  BOOST_TEST(ThePool().Figures().failed <= 2U);
  BOOST_TEST(ThePool().Figures().opened == 0U);
  BOOST_TEST(ThePool().Figures().endpoints.empty());
}

BOOST_FIXTURE_TEST_CASE(WhoGetsNoSessionByTheDeadlineIsToldSo, Pooled) {
  settings.sessions_per_endpoint = 1;
  ThePool();
  std::string held;
  std::thread holder([&] { held = Say("echo held > /tmp/held; sleep 1; echo done"); });
  BOOST_TEST(TestNode::Await([this] { return node.Has("/tmp/held"); }));
  const auto output = Run("true", std::chrono::milliseconds(50));
  BOOST_TEST((!output.ok() && output.error().code == ErrorCode::kOverloaded));
  BOOST_TEST(Say("echo mine now") == "mine now\n");
  holder.join();
  BOOST_TEST(held == "done\n");
  node.Remove("/tmp/held");
  BOOST_TEST(NewLogins() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ACallerWithoutTimeCostsNobodyASession, Pooled) {
  BOOST_TEST(Say("echo kept") == "kept\n");
  const auto output = Run("true", std::chrono::milliseconds(0));
  BOOST_TEST((!output.ok() && output.error().code == ErrorCode::kOverloaded));
  BOOST_TEST(Say("echo kept") == "kept\n");
  BOOST_TEST(NewLogins() == 1U);
}

BOOST_FIXTURE_TEST_CASE(IdleSessionsAreClosed, Pooled) {
  settings.idle_timeout = std::chrono::seconds(1);
  BOOST_TEST(Say("echo once") == "once\n");
  BOOST_TEST(cvm::tests::OpenDescriptors() == descriptors_before + 1);
  BOOST_TEST(TestNode::Await([this] { return cvm::tests::OpenDescriptors() == descriptors_before; }));
  BOOST_TEST(Say("echo twice") == "twice\n");
  BOOST_TEST(NewLogins() == 2U);
}

BOOST_AUTO_TEST_CASE(AnSshdThatAllowsOneChannelASessionIsNoHindrance) {
  TestNode node("--sshd-option 'MaxSessions 1'");
  Pooled pooled(node);
  for (int i = 0; i < 50; ++i) BOOST_TEST(pooled.Say("echo ok") == "ok\n");
  BOOST_TEST(pooled.NewLogins() == 1U);
}

BOOST_AUTO_TEST_CASE(AnSshdThatAllowsNoChannelIsOutOfCapacity) {
  TestNode node("--sshd-option 'MaxSessions 0'");
  Pooled pooled(node);
  const auto output = pooled.Run("true");
  BOOST_REQUIRE(!output.ok());
  BOOST_TEST((output.error().code == ErrorCode::kOverloaded));
}

BOOST_AUTO_TEST_CASE(AnSshdThatDropsAllButOneLoginAtATimeIsNoHindrance) {
  TestNode node("--sshd-option 'MaxStartups 1'");
  Pooled pooled(node);
  pooled.ThePool();
  std::vector<std::string> said(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < said.size(); ++t) {
    threads.emplace_back([&pooled, &said = said[t]] { said = pooled.Say("sleep 0.2; echo ok"); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& words : said) BOOST_TEST(words == "ok\n");
}

BOOST_AUTO_TEST_CASE(ANodeThatComesBackIsUsedAgain) {
  TestNode node;
  {
    Pooled pooled(node);
    BOOST_TEST(pooled.Say("echo before") == "before\n");
    const std::string port = node.Port();
    BOOST_TEST(node.Node("stop") == 0);
    const auto output = pooled.Run("true");
    BOOST_TEST((!output.ok() && output.error().code == ErrorCode::kUnavailable));
    node.Start("--port " + port);
    BOOST_TEST(pooled.Say("echo after") == "after\n");
  }
}

BOOST_AUTO_TEST_SUITE_END()
