// Two worker processes on one database and one node, as on two machines: the stack's own, and one of a test.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <future>
#include <string>

#include "tests/support/await.h"
#include "tests/support/fcgi_client.h"
#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests
using cvm::tests::FcgiAnswer;
using cvm::tests::FcgiClient;
using cvm::tests::RequestParameters;

namespace {

class SecondProcess {
 public:
  SecondProcess() {
    const ProgramResult spawned =
        RunProgram({"spawn-fcgi", "-s", socket_, "-P", pid_file_, "--",
                    RequireEnv("CVM_TEST_BUILD") + "/cvm-client-api", "--config", RequireEnv("CVM_CONFIG")});
    BOOST_REQUIRE_MESSAGE(spawned.exit_status == 0, spawned.err);
    std::ifstream(pid_file_) >> pid_;
    BOOST_REQUIRE(pid_ > 0);
  }
  SecondProcess(const SecondProcess&) = delete;
  SecondProcess& operator=(const SecondProcess&) = delete;
  ~SecondProcess() { End(SIGTERM); }

  void End(int signal) {
    if (pid_ > 0) kill(pid_, signal);
    pid_ = 0;
  }
  FcgiAnswer Ask(const Pair& pair, const std::string& method, const std::string& target) const {
    return FcgiClient::Ask(socket_, RequestParameters(method, target,
                                                      {{"HTTP_API_PUBLIC_TOKEN", pair.public_token},
                                                       {"HTTP_API_PRIVATE_TOKEN", pair.private_token}}));
  }

 private:
  const cvm::tests::TemporaryDirectory directory_;
  const std::string socket_ = directory_.Path("s");
  const std::string pid_file_ = directory_.Path("pid");
  pid_t pid_ = 0;
};

constexpr char kList[] = "/api/client/vps/list";

std::string Switch(const std::string& ctid, const std::string& name) {
  return "/var/lib/vzctl/switch/" + ctid + "." + name;
}

// How often one of the node's records of vzctl ("begun", or "journal" of those that ended) has VERB on the
// container. A record begins with the first vzctl.
std::size_t CountRecorded(const std::string& record, const std::string& verb, const std::string& ctid) {
  const std::string lines =
      "\n" + TheWorld().OnNode({"sh", "-c", "cat /var/lib/vzctl/" + record + " 2>/dev/null || true"});
  const std::string line = "\n" + ctid + " " + verb + " ";
  std::size_t count = 0;
  for (auto at = lines.find(line); at != std::string::npos; at = lines.find(line, at + 1)) ++count;
  return count;
}

bool Recorded(const std::string& record, const std::string& verb, const std::string& ctid) {
  return CountRecorded(record, verb, ctid) > 0;
}

// Holds the container's vzctl at `place` for as long as this lives, or until Release().
class Hold {
 public:
  Hold(const std::string& ctid, const std::string& place) : file_(Switch(ctid, place)) {
    TheWorld().WriteOnNode(file_, "");
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  ~Hold() { Release(); }
  void Release() const { TheWorld().OnNode({"rm", "-f", file_}); }

 private:
  const std::string file_;
};

struct Server {
  explicit Server(const std::string& state)
      : pair(TheWorld().NewCustomer()),
        ctid(TheWorld().NewContainer(state)),
        vps(TheWorld().NewVps(pair.user, ctid)),
        path("/api/client/vps/" + vps) {}
  Pair pair;
  std::string ctid;
  std::string vps;
  std::string path;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(processes)

BOOST_AUTO_TEST_CASE(ARevocationHoldsInEveryProcessFromTheNextRequestOn) {
  const SecondProcess second;
  const Pair pair = TheWorld().NewCustomer();
  BOOST_TEST(TheWorld().Ask(pair, "GET", kList).status == 200);
  BOOST_TEST(second.Ask(pair, "GET", kList).status == "200 OK");
  TheWorld().Run({"token", "revoke", pair.public_token});
  BOOST_TEST(TheWorld().Ask(pair, "GET", kList).status == 401);
  BOOST_TEST(second.Ask(pair, "GET", kList).status == "401 Not Authorized");
}

BOOST_AUTO_TEST_CASE(ASuspensionWaitsForAStartThatIsUnderWayInAnotherProcess) {
  const SecondProcess second;
  const Server server("stopped");
  std::future<FcgiAnswer> started;
  std::future<ProgramResult> suspended;
  const Hold hold(server.ctid, "hold-before-start");
  started =
      std::async(std::launch::async, [&] { return second.Ask(server.pair, "POST", server.path + "/start"); });
  BOOST_REQUIRE(Eventually([&] { return Recorded("begun", "start", server.ctid); }));
  suspended = std::async(std::launch::async, [&] { return TheWorld().Try({"vps", "suspend", server.vps}); });
  BOOST_REQUIRE(Eventually([&] { return TheWorld().Condition(server.pair, server.vps) == "suspended"; }));
  hold.Release();
  BOOST_TEST(started.get().status == "200 OK");
  const ProgramResult done = suspended.get();
  BOOST_TEST(done.out.find("\"stop_pending\": false") != std::string::npos, done.out << done.err);
  BOOST_TEST(TheWorld().OnNode({"vzlist", "-H", "-o", "status", server.ctid}) == "stopped\n");
  BOOST_TEST(second.Ask(server.pair, "POST", server.path + "/start").status.rfind("500", 0) == 0U);
}

BOOST_AUTO_TEST_CASE(TwoStopsOfOneServerInTwoProcessesAreBothAnsweredWith200) {
  const SecondProcess second;
  const Server server("running");
  std::future<HttpAnswer> first;
  std::future<FcgiAnswer> other;
  const Hold hold(server.ctid, "hold-before-stop");
  first = std::async(std::launch::async,
                     [&] { return TheWorld().Ask(server.pair, "POST", server.path + "/stop"); });
  BOOST_REQUIRE(Eventually([&] { return Recorded("begun", "stop", server.ctid); }));
  other =
      std::async(std::launch::async, [&] { return second.Ask(server.pair, "POST", server.path + "/stop"); });
  // vzctl tells the second that the container is locked: it is tried again.
  BOOST_REQUIRE(Eventually([&] { return Recorded("journal", "stop", server.ctid); }));
  hold.Release();
  BOOST_TEST(first.get().status == 200);
  BOOST_TEST(other.get().status == "200 OK");
  BOOST_TEST(TheWorld().Condition(server.pair, server.vps) == "stopped");
}

// The state that the second asks for holds while vzctl says "locked" to it, and will not when the first has
// ended.
BOOST_AUTO_TEST_CASE(AnActionIsNotAnsweredByAStateThatOneUnderWayInAnotherProcessIsAboutToChange) {
  const SecondProcess second;
  const struct {
    const char *before, *under_way, *asked, *after;
  } cases[] = {{"stopped", "start", "stop", "stopped"}, {"running", "stop", "start", "running"}};
  for (const auto& it : cases) {
    const Server server(it.before);
    std::future<HttpAnswer> first;
    std::future<FcgiAnswer> other;
    const Hold hold(server.ctid, std::string("hold-before-") + it.under_way);
    first = std::async(std::launch::async,
                       [&] { return TheWorld().Ask(server.pair, "POST", server.path + "/" + it.under_way); });
    BOOST_REQUIRE(Eventually([&] { return Recorded("begun", it.under_way, server.ctid); }));
    other = std::async(std::launch::async,
                       [&] { return second.Ask(server.pair, "POST", server.path + "/" + it.asked); });
    BOOST_REQUIRE(Eventually([&] { return CountRecorded("journal", it.asked, server.ctid) >= 2; }));
    hold.Release();
    BOOST_TEST(first.get().status == 200);
    BOOST_TEST(other.get().status == "200 OK");
    BOOST_TEST(TheWorld().Condition(server.pair, server.vps) == it.after);
  }
}

BOOST_AUTO_TEST_CASE(AProcessThatIsKilledTakesNothingFromTheOther) {
  SecondProcess second;
  const Server server("running");
  BOOST_TEST(second.Ask(server.pair, "GET", server.path + "/status").status == "200 OK");
  second.End(SIGKILL);
  BOOST_TEST(TheWorld().Condition(server.pair, server.vps) == "running");
  BOOST_TEST(TheWorld().Ask(server.pair, "POST", server.path + "/restart").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
