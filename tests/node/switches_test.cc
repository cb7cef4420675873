// What the node does beyond the recordings: its switches, its lock under a crowd, its records, its two ways
// in, and its beginning and end.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "tests/node/test_node.h"

namespace cvm::testnode {
namespace {

constexpr char kTwo[] = "--ctids 101 --stopped 102";
constexpr char kAsk[] = "vzlist -j -o ctid,status,physpages,diskspace 101";
constexpr char kJournal[] = "/var/lib/vzctl/journal";

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

BOOST_AUTO_TEST_SUITE(Switches)

BOOST_AUTO_TEST_CASE(FiguresOfARunningContainerGrowWithEveryReading) {
  const TestNode node(kTwo);
  for (const char* held : {"1007", "1014", "1021"}) {
    BOOST_TEST(Contains(node.Exec(kAsk).out, std::string("\"held\": ") + held + ","));
  }
  BOOST_TEST(Contains(node.Exec(kAsk).out, "\"usage\": 6016,"));
  node.Exec("vzctl restart 101");
  BOOST_TEST(Contains(node.Exec(kAsk).out, "\"held\": 1007,"));
}

BOOST_AUTO_TEST_CASE(FiguresThatATestSetsStayAsTheyAre) {
  const TestNode node(kTwo);
  node.Set("101.usage", "held=5 diskspace=null");
  for (int i = 0; i < 2; ++i) {
    const Outcome answer = node.Exec(kAsk);
    BOOST_TEST(Contains(answer.out, "\"held\": 5,"));
    BOOST_TEST(Contains(answer.out, "\"diskspace\": null"));
  }
}

BOOST_AUTO_TEST_CASE(ContainerThatHaltsLateEndsWithoutAKill) {
  const TestNode node(kTwo);
  node.Set("101.ignore-halt");
  node.Exec("vzctl stop 101 >/tmp/stop 2>&1 &");
  BOOST_REQUIRE(TestNode::Await([&] { return Contains(node.Read("/tmp/stop"), "Stopping"); }));
  node.Unset("101.ignore-halt");
  BOOST_REQUIRE(TestNode::Await([&] { return node.IsIdle(); }));
  BOOST_TEST(node.Read("/tmp/stop") ==
             "Stopping container ...\nContainer was stopped\nContainer is unmounted\n");
}

BOOST_AUTO_TEST_CASE(HeldActionKeepsTheLockAndIsRecordedOnce) {
  const TestNode node(kTwo);
  node.Set("102.hold-before-start");
  node.Exec("vzctl start 102 >/dev/null 2>&1 &");
  BOOST_REQUIRE(TestNode::Await([&] { return node.Has("/vz/lock/102.lck"); }));
  BOOST_TEST(node.Exec("vzctl stop 102").status == 9);
  BOOST_TEST(!node.IsIdle());
  node.Unset("102.hold-before-start");
  BOOST_REQUIRE(TestNode::Await([&] { return node.IsIdle(); }));
  BOOST_TEST(Count(node.Read(kJournal), "102 start ") == 1U);
  BOOST_TEST(!node.Has("/vz/lock/102.lck"));
  BOOST_TEST(Contains(node.Exec("vzctl status 102").out, "running"));
}

BOOST_AUTO_TEST_CASE(VzctlWhoseReaderIsGoneGoesOnAndItsScriptsHearOfTheirs) {
  const TestNode node(kTwo);
  node.Write("/etc/vz/conf/101.start", "#!/bin/sh\ngrep SigIgn /proc/self/status >/tmp/script\n");
  node.Exec("chmod 755 /etc/vz/conf/101.start; mkfifo /tmp/pipe");
  // By ssh, since sshd starts it with every signal as it should be.
  node.Ssh("true </tmp/pipe & exec 3>/tmp/pipe; wait; exec vzctl restart 101 >&3 2>&1");
  BOOST_REQUIRE(Count(node.Read(kJournal), "101 restart ") == 1U);
  BOOST_TEST(Contains(node.Read(kJournal), " 0\n"));
  // The last four digits are the signals up to 16, with SIGPIPE.
  const std::string heard = "0000\n";
  BOOST_TEST(Contains(node.Read("/tmp/script"), heard));
  BOOST_TEST(Contains(node.Exec("grep SigIgn /proc/$(cat /var/lib/vzctl/vepid/101)/status").out, heard));
}

BOOST_AUTO_TEST_CASE(DelayedActionTakesItsTimeAndSucceeds) {
  const TestNode node(kTwo);
  node.Set("102.delay-after-start", "50");
  BOOST_TEST(node.Exec("vzctl start 102").status == 0);
}

BOOST_AUTO_TEST_CASE(KilledActionLeavesAStaleLockAndNoLineInTheJournal) {
  const TestNode node(kTwo);
  node.Set("102.hold-before-start");
  node.Exec("vzctl start 102 >/dev/null 2>&1 & echo $! >/tmp/pid");
  BOOST_REQUIRE(TestNode::Await([&] { return node.Has("/vz/lock/102.lck"); }));
  node.Exec("kill -KILL $(cat /tmp/pid)");
  node.Unset("102.hold-before-start");
  BOOST_REQUIRE(TestNode::Await([&] { return node.Exec("kill -0 $(cat /tmp/pid)").status != 0; }));
  BOOST_TEST(node.Read(kJournal) == "");
  BOOST_TEST(Contains(node.Exec("vzctl start 102").out, "Removing stale lock file /vz/lock/102.lck\n"));
}

BOOST_AUTO_TEST_CASE(OfManyStartsAtOnceOneStarts) {
  const TestNode node(kTwo);
  node.Write("/vz/lock/102.lck", "4194305\n");
  node.Exec("for i in {1..20}; do vzctl start 102 & done; wait");
  const std::string journal = node.Read(kJournal);
  BOOST_TEST(TestNode::Lines(journal) == 20U);
  BOOST_TEST(Count(journal, " 0\n") == 1U);
  BOOST_TEST(Count(journal, " 9\n") + Count(journal, " 32\n") == 19U);
}

BOOST_AUTO_TEST_CASE(VzlistMisbehavesAsItIsTold) {
  const TestNode node(kTwo);
  const std::string ask = kAsk;
  const std::string whole = node.Exec("vzlist -j -o ctid,status 101").out;
  node.Set("vzlist", "garbage");
  BOOST_TEST(!Contains(node.Exec(ask).out, "ctid"));
  node.Set("vzlist", "empty");
  BOOST_TEST(node.Exec(ask + " && echo ended").out == "ended\n");
  node.Set("vzlist", "fail 3");
  BOOST_TEST(node.Exec(ask).status == 3);
  node.Set("vzlist", "megabytes 2");
  BOOST_TEST(node.Exec(ask + " | wc -c").out == "2097152\n");
  node.Set("vzlist", "truncate");
  BOOST_TEST(node.Exec("vzlist -j -o ctid,status 101").out == whole.substr(0, whole.size() / 2));
  node.Set("vzlist", "delay 20");
  BOOST_TEST(node.Exec("vzlist -j -o ctid,status 101").out == whole);
}

BOOST_AUTO_TEST_CASE(VzlistThatHangsGoesOnWhenItIsLetGo) {
  const TestNode node(kTwo);
  node.Set("vzlist", "hang");
  BOOST_TEST(node.Exec(std::string("timeout 0.2 ") + kAsk).status == 124);
  node.Exec(std::string(kAsk) + " >/tmp/list 2>&1 &");
  node.Unset("vzlist");
  BOOST_TEST(TestNode::Await([&] { return Contains(node.Read("/tmp/list"), "running"); }));
}

BOOST_AUTO_TEST_CASE(ListingsAreRecorded) {
  const TestNode node(kTwo);
  node.Exec(kAsk);
  BOOST_TEST(
      Contains(node.Read("/var/lib/vzctl/listings"), " 0 -j -o ctid,status,physpages,diskspace 101\n"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(Life)

BOOST_AUTO_TEST_CASE(UserWithSudoMayRunTheToolsAndNothingElse) {
  const TestNode node(kTwo);
  const Outcome status = node.Ssh("sudo -n vzctl status 101", "cvm");
  BOOST_TEST(status.out == "CTID 101 exist mounted running\n");
  BOOST_TEST(status.err == "");
  BOOST_TEST(node.Ssh("sudo -n timeout 10 " + std::string(kAsk), "cvm").status == 0);
  BOOST_TEST(node.Ssh("sudo -n getconf PAGESIZE", "cvm").status == 0);
  BOOST_TEST(node.Ssh("sudo -n id", "cvm").status == 1);
  BOOST_TEST(node.Ssh(kAsk, "cvm").status != 0);
}

BOOST_AUTO_TEST_CASE(ToolsStandAtTheirPathsAndOnlyInTheNode) {
  const bool host_has_vzctl = std::filesystem::exists("/usr/sbin/vzctl");
  {
    const TestNode node(kTwo);
    BOOST_TEST(node.Ssh("command -v vzctl vzlist").out == "/usr/sbin/vzctl\n/usr/sbin/vzlist\n");
    BOOST_TEST(node.Ssh("ls -A ~").out == ".ssh\n");
    BOOST_TEST(std::filesystem::exists("/usr/sbin/vzctl") == host_has_vzctl);
  }
  BOOST_TEST(std::filesystem::exists("/usr/sbin/vzctl") == host_has_vzctl);
}

BOOST_AUTO_TEST_CASE(EndingOnePidEndsTheNode) {
  const TestNode node(kTwo);
  const int pid = node.Pid();
  node.Exec("sleep 600 >/dev/null 2>&1 & echo");
  BOOST_REQUIRE(kill(pid, SIGTERM) == 0);
  BOOST_TEST(TestNode::Await([&] { return kill(pid, 0) != 0; }));
  BOOST_TEST(node.Ssh("true").status == 255);
}

BOOST_AUTO_TEST_CASE(KilledNodeStartsAgainWithItsKeysAndFreshContainers) {
  TestNode node(kTwo);
  BOOST_REQUIRE(node.Exec("vzctl stop 101").status == 0);
  BOOST_REQUIRE(kill(node.Pid(), SIGKILL) == 0);
  const std::string key = node.Read("/etc/ssh/ssh_host_ed25519_key.pub");
  BOOST_REQUIRE(TestNode::Await([&] { return node.Node("exec", "true 2>/dev/null") != 0; }));
  node.Start("--ctids '101 103'");
  BOOST_TEST(node.Read("/etc/ssh/ssh_host_ed25519_key.pub") == key);
  BOOST_TEST(node.Ssh("vzlist -a -H -o ctid,status").out == "       101 running\n       103 running\n");
}

BOOST_AUTO_TEST_CASE(KeptNodeBootsItsContainers) {
  TestNode node(kTwo);
  BOOST_REQUIRE(node.Node("add", "103 stopped") == 0);
  BOOST_REQUIRE(node.Node("stop") == 0);
  node.Start("--keep");
  BOOST_TEST(node.Ssh("vzlist -a -H -o ctid,status").out ==
             "       101 running\n       102 stopped\n       103 stopped\n");
  BOOST_TEST(node.Read(kJournal) == "");
}

BOOST_AUTO_TEST_CASE(ContainersCanBeAddedToALivingNode) {
  const TestNode node;
  BOOST_REQUIRE(node.Node("add", "201 202 running") == 0);
  BOOST_TEST(node.Ssh("vzlist -H -o ctid,status").out == "       201 running\n       202 running\n");
}

BOOST_AUTO_TEST_CASE(TwoNodesKnowNothingOfEachOther) {
  const TestNode one("--ctids 101");
  const TestNode other("--ctids 101");
  BOOST_TEST(one.Port() != other.Port());
  BOOST_TEST(one.Ssh("vzctl stop 101").status == 0);
  BOOST_TEST(Contains(other.Ssh("vzctl status 101").out, "running"));
}

BOOST_AUTO_TEST_CASE(OptionsOfSshdComeBeforeTheNodesOwn) {
  const TestNode node("--sshd-option 'MaxSessions 1' --sshd-option 'UseDNS yes'");
  const std::string settings = node.Exec("sshd -T").out;
  BOOST_TEST(Contains(settings, "maxsessions 1\n"));
  BOOST_TEST(Contains(settings, "usedns yes\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::testnode
