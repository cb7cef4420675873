// Status and actions on containers of the test node, through the whole stack.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

// A customer's VPS on the test node, its container in the given state.
struct Server {
  explicit Server(const std::string& state)
      : pair(TheWorld().NewCustomer()),
        ctid(TheWorld().NewContainer(state)),
        vps(TheWorld().NewVps(pair.user, ctid)) {}

  HttpAnswer Act(const std::string& action) const {
    return TheWorld().Ask(pair, "POST", "/api/client/vps/" + vps + "/" + action);
  }
  std::string Condition() const { return TheWorld().Condition(pair, vps); }
  std::string Member(const std::string& name) const { return TheWorld().StatusMember(pair, vps, name); }
  void Set(const std::string& setting) const {
    TheWorld().OnNode({"sh", "-c", "echo '" + setting + "' >> /etc/vz/conf/" + ctid + ".conf"});
  }
  std::size_t Sent(const std::string& verb) const { return TheWorld().Sent(verb, ctid); }

  Pair pair;
  std::string ctid;
  std::string vps;
};

void CheckDone(const HttpAnswer& answer) {
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == R"({"response": {}})");
}

void CheckFailed(const HttpAnswer& answer) {
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.body.rfind("{\"errors\": [\"", 0) == 0u);
}

// The numbers that the node shows at one moment, as text.
std::string OnlyNumberAfter(const std::string& text, const std::string& key) {
  const std::size_t at = text.find("\"" + key + "\":") + key.size() + 3;
  return text.substr(text.find_first_not_of(' ', at),
                     text.find_first_of(",\n", at) - text.find_first_not_of(' ', at));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(actions)

BOOST_AUTO_TEST_CASE(AServerIsStoppedStartedAndRestartedAndItsStatusFollows) {
  const Server server("running");
  BOOST_TEST(server.Condition() == "running");
  CheckDone(server.Act("stop"));
  BOOST_TEST(server.Condition() == "stopped");
  CheckDone(server.Act("start"));
  BOOST_TEST(server.Condition() == "running");
  CheckDone(server.Act("restart"));
  BOOST_TEST(server.Condition() == "running");
  BOOST_TEST(server.Sent("stop") == 1u);
  BOOST_TEST(server.Sent("start") == 1u);
  BOOST_TEST(server.Sent("restart") == 1u);
}

BOOST_AUTO_TEST_CASE(ARestartStartsAStoppedServer) {
  const Server server("stopped");
  CheckDone(server.Act("restart"));
  BOOST_TEST(server.Condition() == "running");
}

BOOST_AUTO_TEST_CASE(ARetryIsSafe) {
  const Server server("running");
  CheckDone(server.Act("start"));
  CheckDone(server.Act("stop"));
  CheckDone(server.Act("stop"));
  BOOST_TEST(server.Condition() == "stopped");
}

BOOST_AUTO_TEST_CASE(BytesArePagesAndBlocksOfTheNode) {
  const Server server("running");
  TheWorld().WriteOnNode("/var/lib/vzctl/switch/" + server.ctid + ".usage", "held=19262 usage=645204\n");
  const std::string before = TheWorld().OnNode({"vzlist", "-j", "-o", "physpages,diskspace", server.ctid});
  BOOST_TEST_MESSAGE(before);
  BOOST_TEST(OnlyNumberAfter(before, "held") == "19262");
  BOOST_TEST(server.Member("ram_used") == std::to_string(19262ull * 4096));
  BOOST_TEST(server.Member("disk_used") == std::to_string(645204ull * 1024));
  CheckDone(server.Act("stop"));
  BOOST_TEST(server.Member("ram_used") == "0");
}

BOOST_AUTO_TEST_CASE(AContainerThatTheNodeLacksIsUnknownAndFailsEveryAction) {
  const Pair pair = TheWorld().NewCustomer();
  const std::string vps = TheWorld().NewVps(pair.user, "9999");
  BOOST_TEST(TheWorld().Condition(pair, vps) == "unknown");
  for (const char* action : {"start", "stop", "restart"}) {
    CheckFailed(TheWorld().Ask(pair, "POST", "/api/client/vps/" + vps + "/" + action));
  }
}

BOOST_AUTO_TEST_CASE(ADisabledContainerDoesNotStart) {
  const Server server("stopped");
  server.Set("DISABLED=\"yes\"");
  CheckFailed(server.Act("start"));
  BOOST_TEST(server.Condition() == "stopped");
}

BOOST_AUTO_TEST_CASE(StartingARunningContainerThatIsDisabledSucceeds) {
  const Server server("running");
  server.Set("DISABLED=\"yes\"");
  CheckDone(server.Act("start"));
}

BOOST_AUTO_TEST_CASE(ARestartThatLeftTheContainerDownFails) {
  const Server server("running");
  server.Set("DISABLED=\"yes\"");
  CheckFailed(server.Act("restart"));
  BOOST_TEST(server.Condition() == "stopped");
}

BOOST_AUTO_TEST_CASE(AContainerWithoutItsPrivateAreaFails) {
  const Server server("stopped");
  TheWorld().OnNode({"rm", "-r", "/vz/private/" + server.ctid});
  CheckFailed(server.Act("start"));
  BOOST_TEST(server.Condition() == "unknown");
}

BOOST_AUTO_TEST_CASE(SuspendingStopsTheContainerAndUnsuspendingDoesNotStartIt) {
  const Server server("running");
  const std::string out = TheWorld().Run({"vps", "suspend", server.vps});
  const auto document = ParseJson(out);
  BOOST_TEST(document.root().Member("stop_pending").has_value());
  BOOST_TEST(out.find("\"stop_pending\": false") != std::string::npos);
  BOOST_TEST(server.Condition() == "suspended");
  BOOST_TEST(TheWorld().OnNode({"vzlist", "-H", "-o", "status", server.ctid}) == "stopped\n");
  CheckFailed(server.Act("start"));
  BOOST_TEST(server.Sent("start") == 0u);
  TheWorld().Run({"vps", "unsuspend", server.vps});
  BOOST_TEST(server.Condition() == "stopped");
  CheckDone(server.Act("start"));
}

BOOST_AUTO_TEST_CASE(TerminatingStopsTheContainerAndDestroysNothing) {
  const Server server("running");
  TheWorld().Run({"vps", "terminate", server.vps, "--yes"});
  BOOST_TEST(server.Condition() == "terminated");
  BOOST_TEST(TheWorld().OnNode({"vzlist", "-H", "-o", "status", server.ctid}) == "stopped\n");
  TheWorld().OnNode({"test", "-d", "/vz/private/" + server.ctid});
  BOOST_TEST(TheWorld().NewVps(server.pair.user, server.ctid) != server.vps);
}

// The test node under another name, which is then taken out of service with a VPS on it, as a sync can do.
BOOST_AUTO_TEST_CASE(NothingIsSentToANodeOutOfService) {
  const World& world = TheWorld();
  const std::string node = World::Fresh("retired");
  world.Sql(
      "INSERT INTO nodes (name, host, port, ssh_user, key_name) "
      "SELECT ?, host, port, ssh_user, key_name FROM nodes WHERE name_in_service = ?",
      {node, world.node});
  world.Sql(
      "INSERT INTO node_host_keys (node_id, key_type, fingerprint, public_key) "
      "SELECT n.id, k.key_type, k.fingerprint, k.public_key FROM nodes n JOIN nodes o JOIN node_host_keys k "
      "ON k.node_id = o.id WHERE n.name = ? AND o.name_in_service = ?",
      {node, world.node});
  const Pair pair = world.NewCustomer();
  const std::string ctid = world.NewContainer("running");
  const std::string vps = world.NewVps(pair.user, ctid, node);
  BOOST_TEST(world.Condition(pair, vps) == "running");
  world.Sql("UPDATE nodes SET retired_at = UTC_TIMESTAMP(3) WHERE name = ?", {node});
  BOOST_TEST(world.Condition(pair, vps) == "unknown");
  const std::string list = world.Ask(pair, "GET", "/api/client/vps/list").body;
  BOOST_TEST(list.find("\"id\": \"" + vps + "\"") != std::string::npos, list);
  for (const char* action : {"start", "stop", "restart"}) {
    const HttpAnswer answer = world.Ask(pair, "POST", "/api/client/vps/" + vps + "/" + action);
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(world.Sent(action, ctid) == 0u);
  }
  BOOST_TEST(WorkerLog().find("node " + node + " is out of service") != std::string::npos);
  const ProgramResult suspended = world.Try({"vps", "suspend", vps});
  BOOST_TEST(suspended.exit_status == 0);
  BOOST_TEST(suspended.out.find("\"stop_pending\": false") != std::string::npos, suspended.out);
  BOOST_TEST(suspended.err.find("its node is out of service: no stop was sent") != std::string::npos,
             suspended.err);
  BOOST_TEST(world.Condition(pair, vps) == "suspended");
  BOOST_TEST(world.Sent("stop", ctid) == 0u);
  BOOST_TEST(TheWorld().OnNode({"vzlist", "-H", "-o", "status", ctid}) == "running\n");
}

BOOST_AUTO_TEST_CASE(AStopThatWasDueToAFormerOwnerNeverHitsTheNextOne) {
  const World& world = TheWorld();
  const Server former("running");
  world.Sql("UPDATE vpses SET state = 'terminated', stop_pending = 1 WHERE id = ?", {former.vps});
  const Pair next = world.NewCustomer();
  const std::string vps = world.NewVps(next.user, former.ctid);
  world.Run({"vps", "terminate", former.vps, "--yes"});
  BOOST_TEST(world.Condition(next, vps) == "running");
  BOOST_TEST(former.Sent("stop") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
