// What an action's answer is worth: clients that go away, operations that meet, connections and workers that
// die half-way, through the whole stack.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/await.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

struct Server {
  explicit Server(const std::string& state)
      : pair(TheWorld().NewCustomer()),
        ctid(TheWorld().NewContainer(state)),
        vps(TheWorld().NewVps(pair.user, ctid)) {}

  std::string Target(const std::string& action) const { return "/api/client/vps/" + vps + "/" + action; }
  HttpAnswer Act(const std::string& action) const { return TheWorld().Ask(pair, "POST", Target(action)); }
  std::string Condition() const { return TheWorld().Condition(pair, vps); }
  // How often vzctl was begun: also one that is held or was killed.
  std::size_t Sent(const std::string& verb) const {
    const std::string words = "\n" + ctid + " " + verb + " ";
    const std::string begun =
        "\n" + TheWorld().OnNode({"sh", "-c", "test ! -e /var/lib/vzctl/begun || cat /var/lib/vzctl/begun"});
    std::size_t count = 0;
    for (std::size_t at = begun.find(words); at != std::string::npos; at = begun.find(words, at + 1)) ++count;
    return count;
  }
  std::string Switch(const std::string& name) const { return "/var/lib/vzctl/switch/" + ctid + "." + name; }
  void Hold(const std::string& place) const { TheWorld().WriteOnNode(Switch("hold-" + place), ""); }
  void Release(const std::string& place) const { TheWorld().OnNode({"rm", Switch("hold-" + place)}); }
  bool AwaitSent(const std::string& verb, std::size_t times = 1) const {
    return Eventually([&] { return Sent(verb) == times; });
  }

  Pair pair;
  std::string ctid;
  std::string vps;
};

// The worker behind the supervisor.
pid_t WorkerPid() {
  std::ifstream file(RequireEnv("CVM_TEST_STACK_DIR") + "/pids/worker");
  std::string supervisor;
  file >> supervisor;
  const ProgramResult children = RunProgram({"pgrep", "-P", supervisor});
  return children.out.empty() ? 0 : static_cast<pid_t>(std::stol(children.out));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(truth)

BOOST_AUTO_TEST_CASE(AStopWhoseClientGoesAwayIsCarriedOut) {
  const Server server("running");
  server.Hold("before-stop");
  const ProgramResult client = RunProgram(
      {"curl", "-sS", "-m", "1", "-X", "POST", "-H", "API-Public-Token: " + server.pair.public_token, "-H",
       "API-Private-Token: " + server.pair.private_token, TheWorld().url + server.Target("stop")});
  BOOST_TEST(client.exit_status == 28, client.err);  // curl's own: it waited no longer
  BOOST_TEST(server.AwaitSent("stop"));
  BOOST_TEST(server.Condition() == "running");
  server.Release("before-stop");
  BOOST_TEST(Eventually([&] { return server.Condition() == "stopped"; }));
  BOOST_TEST(server.Sent("stop") == 1u);
}

BOOST_AUTO_TEST_CASE(ARestartThatLeavesTheServerDownSaysSo) {
  const Server server("running");
  TheWorld().OnNode({"sh", "-c", "echo 'DISABLED=\"yes\"' >> /etc/vz/conf/" + server.ctid + ".conf"});
  const HttpAnswer answer = server.Act("restart");
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.body == R"({"errors": ["The VPS could not be restarted and is now shut down."]})");
}

BOOST_AUTO_TEST_CASE(AnActionWaitsForTheOneThatIsUnderWayOnTheSameServer) {
  const Server server("stopped");
  server.Hold("before-start");
  HttpAnswer started;
  HttpAnswer stopped;
  std::thread first([&] { started = server.Act("start"); });
  BOOST_TEST(server.AwaitSent("start"));
  std::thread second([&] { stopped = server.Act("stop"); });
  server.Release("before-start");
  first.join();
  second.join();
  BOOST_TEST(started.status == 200);
  BOOST_TEST(stopped.status == 200);
  BOOST_TEST(server.Sent("start") == 1u);
  BOOST_TEST(server.Condition() == "stopped");
}

BOOST_AUTO_TEST_CASE(AnActionThatWaitsTooLongForAnotherIsRefused) {
  const Server server("stopped");
  server.Hold("before-start");
  HttpAnswer started;
  std::thread first([&] { started = server.Act("start"); });
  BOOST_TEST(server.AwaitSent("start"));
  const HttpAnswer refused = server.Act("stop");
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(refused.Has("retry-after"));
  BOOST_TEST(refused.body.find("Another operation on the VPS is in progress") != std::string::npos);
  BOOST_TEST(server.Sent("stop") == 0u);
  server.Release("before-start");
  first.join();
  BOOST_TEST(started.status == 200);
}

BOOST_AUTO_TEST_CASE(AStartWhoseConnectionIsCutIsSentOnceAndToldAsItEnded) {
  const Server server("stopped");
  server.Hold("before-start");
  HttpAnswer started;
  std::thread customer([&] { started = server.Act("start"); });
  BOOST_TEST(server.AwaitSent("start"));
  TheWorld().OnNode(
      {"bash", "-c",
       "p=$(grep '^" + server.ctid +
           " start ' /var/lib/vzctl/begun | tail -n 1 | cut -d' ' -f3); while [ \"$(cat "
           "/proc/$p/comm)\" != sshd ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done; kill -9 $p"});
  server.Release("before-start");
  customer.join();
  BOOST_TEST(started.status == 200);
  BOOST_TEST(server.Sent("start") == 1u);
  BOOST_TEST(server.Condition() == "running");
}

BOOST_AUTO_TEST_CASE(ASuspensionDuringAStartEndsStopped) {
  const Server server("stopped");
  server.Hold("before-start");
  HttpAnswer started;
  std::thread customer([&] { started = server.Act("start"); });
  BOOST_TEST(server.AwaitSent("start"));
  ProgramResult suspended;
  std::thread operating([&] { suspended = TheWorld().Try({"vps", "suspend", server.vps}); });
  BOOST_TEST(Eventually([&] { return server.Condition() == "suspended"; }));
  server.Release("before-start");
  customer.join();
  operating.join();
  BOOST_TEST(started.status == 200);
  BOOST_TEST(suspended.exit_status == 0, suspended.err);
  BOOST_TEST(suspended.out.find("\"stop_pending\": false") != std::string::npos, suspended.out);
  BOOST_TEST(TheWorld().OnNode({"vzlist", "-H", "-o", "status", server.ctid}) == "stopped\n");
}

BOOST_AUTO_TEST_CASE(AStartWhoseWorkerIsKilledIsNeverSentAgain) {
  const Server server("stopped");
  server.Hold("before-start");
  HttpAnswer started;
  std::thread customer([&] { started = server.Act("start"); });
  BOOST_TEST(server.AwaitSent("start"));
  const pid_t worker = WorkerPid();
  BOOST_REQUIRE(worker > 0);
  kill(worker, SIGKILL);
  customer.join();
  BOOST_TEST(started.status == 502);
  server.Release("before-start");
  BOOST_TEST(Eventually([&] { return WorkerPid() > 0 && WorkerPid() != worker; }));
  BOOST_TEST(Eventually([&] { return server.Condition() == "running"; }));
  BOOST_TEST(server.Sent("start") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
