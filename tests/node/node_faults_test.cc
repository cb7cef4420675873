// What a caller gets from a node that fails in one of the ways in which nodes fail, and that nothing is lost
// by it: no thread, no session, no descriptor, and no time that other callers would need. For a status any
// error is `unknown`; for an action kUnavailable and kOverloaded are 503 with nothing done, kBroken is 503
// with an unknown outcome.
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/node/breaker.h"
#include "lib/node/openvz.h"
#include "lib/ssh/ssh.h"
#include "tests/support/listener.h"
#include "tests/support/ssh_node.h"
#include "tests/support/temporary_directory.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::node::Action;
using cvm::node::Outcome;
using cvm::ssh::Command;
using cvm::testnode::TestNode;
using cvm::tests::Listener;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr char kContainers[] = "--ctids '101 102' --stopped '103'";

// A sanitizer has a thread of its own from the first one of ours on.
std::size_t Threads() {
  std::thread([] {}).join();
  using Iterator = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Iterator("/proc/self/task"), Iterator()));
}

// The driver as the worker builds it, with less patience, on a node of its own.
struct Faulty {
  explicit Faulty(const std::string& options = "") : node(std::string(kContainers) + " " + options) {
    ssh.connect_timeout = seconds(1);
    breaker.first_wait = milliseconds(20);
    breaker.most_wait = milliseconds(100);
    alpha.id = 1;
    alpha.name = "alpha";
    alpha.endpoint = cvm::tests::EndpointOf(node);
  }
  ~Faulty() {
    if (driver) BOOST_TEST(TestNode::Await([this] { return NothingIsHeld(); }));
    driver.reset();
    BOOST_TEST(TestNode::Await([this] { return cvm::tests::OpenDescriptors() == descriptors_before; }));
    BOOST_TEST(TestNode::Await([this] { return Threads() == threads_before; }));
  }

  struct Driver {
    explicit Driver(const Faulty& f) : pool(f.ssh), breaker(pool, f.breaker), openvz(breaker) {}
    cvm::ssh::Pool pool;
    cvm::node::Breaker breaker;
    cvm::node::OpenVz openvz;
  };
  Driver& TheDriver() {
    std::call_once(made, [this] { driver = std::make_unique<Driver>(*this); });
    return *driver;
  }

  // Neither a session of the pool nor a place among those who wait for nodes: idle sessions may be left.
  bool NothingIsHeld() const {
    for (const auto& endpoint : driver->pool.Figures().endpoints) {
      if (endpoint.in_use != 0 || endpoint.waiting != 0) return false;
    }
    return driver->openvz.Figures().waiting.empty();
  }

  // "running", "stopped", "missing", or the error's name.
  std::string Status(std::uint64_t ctid, milliseconds span = seconds(20)) {
    const auto answer = TheDriver().openvz.Inspect(alpha, *Ctid::FromNumber(ctid), Deadline::In(span));
    if (!answer.ok()) return cvm::base::CodeName(answer.error().code);
    return !*answer ? "missing" : (*answer)->running ? "running" : "stopped";
  }
  std::string Start(std::uint64_t ctid, milliseconds span = seconds(20)) {
    const auto ended =
        TheDriver().openvz.Act(alpha, *Ctid::FromNumber(ctid), Action::kStart, Deadline::In(span));
    if (!ended.ok()) return cvm::base::CodeName(ended.error().code);
    const bool done = *ended == Outcome::kDone || *ended == Outcome::kLockedAsAsked;
    return done ? "done" : "failed";
  }
  // What is said with most of the request's time left: a node's fault must not cost all of it. The bound is
  // generous to connect_timeout.
  static std::string Early(const std::function<std::string(milliseconds)>& ask) {
    const auto bound = Deadline::In(seconds(15));
    std::string said = ask(seconds(40));
    return bound.Passed() ? said + ", and late" : said;
  }
  std::string EarlyStatus(std::uint64_t ctid) {
    return Early([&](milliseconds span) { return Status(ctid, span); });
  }
  std::string EarlyStart(std::uint64_t ctid) {
    return Early([&](milliseconds span) { return Start(ctid, span); });
  }
  bool BecomesReachable() {
    return TestNode::Await([this] { return Status(101) == "running"; });
  }
  // The PID, in the node, of the sshd that carries the session which is used next.
  std::string SessionPid() {
    const auto output =
        TheDriver().pool.Run(alpha.endpoint, Command({"sh", "-c", "echo $PPID"}), Deadline::In(seconds(20)));
    return output.ok() ? output->out.substr(0, output->out.find('\n')) : "";
  }
  void Signal(const std::string& name, const std::string& pids) {
    BOOST_TEST(node.Exec("kill -" + name + " " + pids).status == 0);
  }
  bool VzlistRuns() { return node.Exec("cat /proc/[0-9]*/comm").out.find("vzlist") != std::string::npos; }
  std::size_t Vzlists() { return TestNode::Lines(node.Read("/var/lib/vzctl/listings")); }

  TestNode node;
  cvm::ssh::Settings ssh = cvm::tests::SettingsOf(node);
  cvm::node::BreakerSettings breaker;
  cvm::node::Node alpha;
  std::size_t descriptors_before = cvm::tests::OpenDescriptors();
  std::size_t threads_before = Threads();
  std::once_flag made;
  std::unique_ptr<Driver> driver;
};

// A thread's work with its result.
class Aside {
 public:
  explicit Aside(std::function<std::string()> work)
      : thread_([this, work = std::move(work)] { result_ = work(); }) {}
  ~Aside() {
    if (thread_.joinable()) thread_.join();
  }
  std::string Result() {
    thread_.join();
    return result_;
  }

 private:
  std::string result_;
  std::thread thread_;
};

std::vector<std::string> AllAtOnce(std::size_t count, const std::function<std::string(std::size_t)>& work) {
  std::vector<std::string> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&, i] { results[i] = work(i); });
  for (std::thread& thread : threads) thread.join();
  return results;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_faults)

BOOST_FIXTURE_TEST_CASE(ASessionKilledMidCommandLeavesAnUnknownAnswerAndTheNextIsGood, Faulty) {
  const std::string pid = SessionPid();
  node.Set("vzlist", "hang");
  Aside status([this] { return Status(101); });
  BOOST_TEST(TestNode::Await([this] { return VzlistRuns(); }));
  Signal("KILL", pid);
  BOOST_TEST(status.Result() == "outcome-unknown");
  node.Unset("vzlist");
  BOOST_TEST(Status(101) == "running");
}

BOOST_FIXTURE_TEST_CASE(ANodeThatIsStoppedBeforeACommandIsUnavailableAndUsedAgainOnceItGoesOn, Faulty) {
  BOOST_TEST(Status(101) == "running");
  const std::string session = SessionPid();
  Signal("STOP", session);
  BOOST_TEST(kill(node.Pid(), SIGSTOP) ==
             0);  // its sshd; in the node it is the first process and unstoppable
  BOOST_TEST(Status(101, seconds(4)) == "unavailable");
  BOOST_TEST(Start(103, seconds(4)) == "unavailable");
  BOOST_TEST(kill(node.Pid(), SIGCONT) == 0);
  Signal("CONT", session);
  BOOST_TEST(BecomesReachable());
  BOOST_TEST(Status(103) == "stopped");
}

BOOST_FIXTURE_TEST_CASE(ASessionThatIsStoppedDuringACommandLeavesAnUnknownAnswerByTheDeadline, Faulty) {
  const std::string pid = SessionPid();
  node.Set("vzlist", "hang");
  Aside status([this] { return Status(101, milliseconds(1500)); });
  BOOST_TEST(TestNode::Await([this] { return VzlistRuns(); }));
  Signal("STOP", pid);
  BOOST_TEST(status.Result() == "outcome-unknown");
  node.Unset("vzlist");
  BOOST_TEST(Status(101) == "running");
  Signal("KILL", pid);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatRefusesConnectionsIsUnavailableAndUsedAgainWhenItComesBack, Faulty) {
  BOOST_TEST(Status(101) == "running");
  const std::string port = node.Port();
  BOOST_TEST(node.Node("stop") == 0);
  BOOST_TEST(EarlyStatus(101) == "unavailable");
  BOOST_TEST(EarlyStart(103) == "unavailable");
  BOOST_TEST(TheDriver().breaker.OpenCircuits().size() == 1U);
  node.Start("--keep --port " + port);
  BOOST_TEST(BecomesReachable());
  BOOST_TEST(TheDriver().breaker.OpenCircuits().empty());
}

BOOST_FIXTURE_TEST_CASE(AListenerThatNeverAnswersIsUnavailableAndTriedByOneCallerAtATime, Faulty) {
  breaker.first_wait = breaker.most_wait = std::chrono::hours(1);
  const Listener silent;
  alpha.endpoint.port = silent.port();
  for (const std::string& got : AllAtOnce(16, [this](std::size_t) { return EarlyStatus(101); })) {
    BOOST_TEST(got == "unavailable");
  }
  BOOST_TEST(TheDriver().breaker.OpenCircuits().at(0).failures == 1U);
  BOOST_TEST(EarlyStatus(101) == "unavailable");
}

BOOST_FIXTURE_TEST_CASE(AHostWithAWrongKeyIsUnavailableUntilTheRightOneIsPinned, Faulty) {
  const auto right = alpha.endpoint.host_keys;
  alpha.endpoint.host_keys = {cvm::tests::HostKeyOf(node, "ecdsa")};
  alpha.endpoint.host_keys[0].blob = right[0].blob;
  alpha.endpoint.host_keys[0].type = right[0].type;
  alpha.endpoint.host_keys[0].blob.back() = '=';
  const std::size_t logins = cvm::tests::Logins(node);
  for (int i = 0; i < 3; ++i) BOOST_TEST(EarlyStatus(101) == "unavailable");
  BOOST_TEST(EarlyStart(103) == "unavailable");
  BOOST_TEST(cvm::tests::Logins(node) == logins);
  BOOST_TEST(TheDriver().breaker.OpenCircuits().size() == 1U);
  alpha.endpoint.host_keys = right;
  BOOST_TEST(Status(101) == "running");
}

BOOST_FIXTURE_TEST_CASE(ANodeThatDoesNotKnowOurKeyIsUnavailable, Faulty) {
  const cvm::tests::TemporaryDirectory keys;
  const std::string make = "ssh-keygen -q -t ed25519 -N '' -f " + keys.Path("id_ed25519") + " >/dev/null";
  BOOST_REQUIRE(std::system(make.c_str()) == 0);
  ssh.key_directory = std::filesystem::path(keys.Path("id_ed25519")).parent_path();
  BOOST_TEST(EarlyStatus(101) == "unavailable");
  BOOST_TEST(EarlyStart(103) == "unavailable");
}

BOOST_FIXTURE_TEST_CASE(ABannerThatDripsIsUnavailable, Faulty) {
  const Listener dripping;
  alpha.endpoint.port = dripping.port();
  std::thread dripper([&] {
    const int peer = dripping.Accept();
    while (send(peer, "S", 1, MSG_NOSIGNAL) == 1) std::this_thread::sleep_for(milliseconds(20));
    close(peer);
  });
  BOOST_TEST(EarlyStatus(101) == "unavailable");
  dripper.join();
}

BOOST_FIXTURE_TEST_CASE(APeerThatClosesEveryConnectionIsUnavailableAfterAFewTries, Faulty) {
  const Listener closing;
  alpha.endpoint.port = closing.port();
  int connections = 0;
  std::thread closer([&] {
    for (int peer; (peer = closing.Accept()) >= 0; ++connections) close(peer);
  });
  BOOST_TEST(EarlyStatus(101) == "unavailable");
  closing.Stop();
  closer.join();
  BOOST_TEST((connections > 1 && connections < 10));
}

BOOST_FIXTURE_TEST_CASE(TenMegabytesOrWordsThatAreNoJsonAreNoAnswerAndTheNextIsGood, Faulty) {
  for (const char* fault : {"megabytes 10", "garbage", "truncate", "empty", "fail 3"}) {
    node.Set("vzlist", fault);
    BOOST_TEST(Status(101) == "internal", fault);
    node.Unset("vzlist");
    BOOST_TEST(Status(101) == "running", fault);
  }
}

BOOST_FIXTURE_TEST_CASE(AQuestionThatOutlivesItsDeadlineIsAnsweredByThenAndEndsOnTheNodeToo, Faulty) {
  node.Set("vzlist", "hang");
  BOOST_TEST(Status(101, milliseconds(1300)) == "outcome-unknown");
  BOOST_TEST(TestNode::Await([this] { return !VzlistRuns(); }));
  node.Unset("vzlist");
  BOOST_TEST(Status(101) == "running");
}

BOOST_AUTO_TEST_CASE(AnSshdThatAllowsOneSessionAndOneLoginAtATimeHindersNobody) {
  Faulty faulty("--sshd-option 'MaxSessions 1' --sshd-option 'MaxStartups 1'");
  faulty.ssh.connect_timeout = seconds(5);
  const auto all =
      AllAtOnce(24, [&](std::size_t i) { return i % 3 == 0 ? faulty.Start(102) : faulty.Status(101); });
  for (std::size_t i = 0; i < all.size(); ++i) BOOST_TEST(all[i] == (i % 3 == 0 ? "done" : "running"));
}

BOOST_FIXTURE_TEST_CASE(SixtyFourWhoAskAtOnceAllGetTheirAnswerByFewQuestions, Faulty) {
  BOOST_TEST(Status(103) == "stopped");
  const std::size_t before = Vzlists();
  const auto all = AllAtOnce(64, [this](std::size_t i) { return Status(101 + i % 4); });
  const std::string expected[] = {"running", "running", "stopped", "missing"};
  for (std::size_t i = 0; i < all.size(); ++i) BOOST_TEST(all[i] == expected[i % 4]);
  BOOST_TEST(Vzlists() - before < 32U);
}

BOOST_FIXTURE_TEST_CASE(AStatusThatFollowsAFinishedStartSaysRunningHoweverManyAsk, Faulty) {
  std::atomic<bool> ended{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 8; ++i) {
    others.emplace_back([&] {
      while (!ended) Status(103);
    });
  }
  for (int i = 0; i < 10; ++i) {
    BOOST_CHECK_EQUAL(Start(103), "done");
    BOOST_CHECK_EQUAL(Status(103), "running");
    const auto stopped =
        TheDriver().openvz.Act(alpha, *Ctid::FromNumber(103), Action::kStop, Deadline::In(seconds(20)));
    BOOST_CHECK(stopped.ok());
    BOOST_CHECK_EQUAL(Status(103), "stopped");
  }
  ended = true;
  for (std::thread& other : others) other.join();
}

// In a network of its own, so that the link can be cut. A thread's network is that of its sockets and
// children.
BOOST_AUTO_TEST_CASE(ALinkThatIsCutIsNoticedLongBeforeTheDeadline) {
  const auto run = [](const char* command) { return std::system(command) == 0; };
  std::string kept = "none", fresh = "none";
  bool isolated = false, in_time = false;
  std::thread([&] {
    isolated = unshare(CLONE_NEWNET) == 0 && run("ip link set lo up");
    if (!isolated) return;
    Faulty faulty;
    faulty.ssh.connect_timeout = seconds(60);
    if (faulty.Status(101) != "running" || !run("ip link set lo down")) return;
    const auto deadline = Deadline::In(seconds(60));
    kept = faulty.Status(101, seconds(60));
    fresh = faulty.Status(101, seconds(60));
    in_time = !deadline.Passed();
  }).join();
  BOOST_TEST(isolated);
  BOOST_TEST(kept == "unavailable");
  BOOST_TEST(fresh == "unavailable");
  BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_SUITE_END()
