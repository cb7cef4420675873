// What customers see while parts of the service are away, and that it comes back by itself.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "tests/support/await.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

constexpr char kList[] = "/api/client/vps/list";

// multiwatch, which starts the FastCGI worker and starts it again.
pid_t SupervisorPid() {
  std::ifstream file(StackDir() + "/pids/worker");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

// The FastCGI worker's own PID.
pid_t WorkerPid() {
  const ProgramResult children = RunProgram({"pgrep", "-P", std::to_string(SupervisorPid())});
  return children.out.empty() ? 0 : static_cast<pid_t>(std::stol(children.out));
}

bool Serves(const Pair& pair) {
  return TheWorld().Ask(pair, "GET", kList).status == 200;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outage)

BOOST_AUTO_TEST_CASE(WhileTheDatabaseIsAwayTheAnswerIs503AndItComesBackByItself) {
  const Pair pair = TheWorld().NewCustomer();
  const pid_t worker = WorkerPid();
  Stack("end-db");
  for (const char* method : {"GET", "HEAD"}) {
    const HttpAnswer answer = TheWorld().Ask(pair, method, kList);
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(answer.Has("retry-after"));
    BOOST_TEST(answer.Header("content-type") == "application/json");
  }
  BOOST_TEST(TheWorld().Ask(pair, "POST", "/api/client/vps/1/start").status == 503);
  BOOST_TEST(TheWorld().Send({"GET", kList, {}, ""}).status == 401);
  Stack("start-db");
  BOOST_TEST(Eventually([&] { return Serves(pair); }));
  BOOST_TEST(WorkerPid() == worker);
}

BOOST_AUTO_TEST_CASE(WhileTheDatabaseIsAwayTheLogHasALineASecondForWhatFailed) {
  constexpr int kRequests = 60;
  const Pair pair = TheWorld().NewCustomer();
  const std::size_t log_before = WorkerLog().size();
  Stack("end-db");
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kRequests; ++i) BOOST_TEST(TheWorld().Ask(pair, "GET", kList).status == 503);
  const auto seconds = SecondsSince(begun);
  const auto told = [&] { return ThrottledLinesIn(WorkerLog().substr(log_before), "error api.database"); };
  BOOST_REQUIRE(Eventually([&] { return told().lines > 0; }));
  BOOST_TEST(told().lines <= seconds + 1);
  BOOST_TEST(told().lines + told().left_out <= kRequests);
  Stack("start-db");
  BOOST_TEST(Eventually([&] { return Serves(pair); }));
}

BOOST_AUTO_TEST_CASE(AWorkerThatStartsWithoutItsDatabaseServesWhenItIsThere) {
  const Pair pair = TheWorld().NewCustomer();
  const pid_t before = WorkerPid();
  Stack("end-db");
  BOOST_REQUIRE(kill(before, SIGKILL) == 0);
  BOOST_TEST(Eventually([&] { return WorkerPid() != 0 && WorkerPid() != before; }));
  BOOST_TEST(Eventually([&] { return TheWorld().Ask(pair, "GET", kList).status == 503; }));
  for (const char* path : {kList, "/api/client/vps/1/start", "/api/client/unknown"}) {
    BOOST_TEST(TheWorld().Send({"GET", path, {}, ""}).status == 401, path);
  }
  Stack("start-db");
  BOOST_TEST(Eventually([&] { return Serves(pair); }));
}

// A stop that the node holds back until `told` has been done to the worker: its answer.
template <class Told>
HttpAnswer StopHeldWhile(const Pair& pair, const std::string& vps, const std::string& ctid, Told told) {
  const World& world = TheWorld();
  const std::string hold = "/var/lib/vzctl/switch/" + ctid + ".hold-before-stop";
  world.WriteOnNode(hold, "");
  auto stop = std::async(std::launch::async,
                         [&] { return world.Ask(pair, "POST", "/api/client/vps/" + vps + "/stop"); });
  BOOST_REQUIRE(Eventually([&] {
    return world.OnNode({"sh", "-c", "cat /var/lib/vzctl/begun 2>&1 || true"}).find(ctid + " stop") !=
           std::string::npos;
  }));
  told();
  world.OnNode({"rm", hold});
  return stop.get();
}

BOOST_AUTO_TEST_CASE(AWorkerThatIsToldToStopFinishesWhatIsInFlight) {
  const Pair pair = TheWorld().NewCustomer();
  const std::string ctid = TheWorld().NewContainer("running");
  const std::string vps = TheWorld().NewVps(pair.user, ctid);
  const pid_t before = WorkerPid();
  const HttpAnswer answer =
      StopHeldWhile(pair, vps, ctid, [&] { BOOST_REQUIRE(kill(before, SIGTERM) == 0); });
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(Eventually([&] { return WorkerPid() != 0 && WorkerPid() != before; }));
  BOOST_TEST(Eventually([&] { return Serves(pair); }));
  BOOST_TEST(TheWorld().Condition(pair, vps) == "stopped");
}

BOOST_AUTO_TEST_CASE(ARequestIsOneLineInTheLogAndNoLineHoldsASecret) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  const Headers swapped = {{"API-Public-Token", pair.private_token},
                           {"API-Private-Token", pair.public_token}};
  const std::string id = world.Ask(pair, "GET", std::string(kList) + "?secret=hush").Header("x-request-id");
  world.Send({"GET", kList, swapped, ""});
  world.Ask(pair, "GET", "/api/client/new\\x0aline");
  BOOST_TEST(Eventually([&] { return WorkerLog().find("id=" + id) != std::string::npos; }));
  const std::string log = WorkerLog();
  const std::string line =
      log.substr(log.find("id=" + id), log.find('\n', log.find("id=" + id)) - log.find("id=" + id));
  for (const char* part :
       {"client=127.0.0.1", "token=", "method=GET", "path=/api/client/vps/list", "status=200", "ms="}) {
    BOOST_TEST(line.find(part) != std::string::npos, part << " is not in " << line);
  }
  BOOST_TEST(line.find("token=-") == std::string::npos);
  BOOST_TEST(log.find(pair.private_token) == std::string::npos);
  BOOST_TEST(log.find("hush") == std::string::npos);
}

// Ends the worker for good: the stack starts it again for whoever comes after.
BOOST_AUTO_TEST_CASE(ASupervisorThatIsToldToStopLetsTheWorkerFinish) {
  const Pair pair = TheWorld().NewCustomer();
  const std::string ctid = TheWorld().NewContainer("running");
  const std::string vps = TheWorld().NewVps(pair.user, ctid);
  const pid_t supervisor = SupervisorPid();
  const HttpAnswer answer =
      StopHeldWhile(pair, vps, ctid, [&] { BOOST_REQUIRE(kill(supervisor, SIGTERM) == 0); });
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(Eventually([&] { return WorkerPid() == 0; }));
  Stack("start-worker");
  BOOST_TEST(Eventually([&] { return Serves(pair); }));
}

BOOST_AUTO_TEST_SUITE_END()
