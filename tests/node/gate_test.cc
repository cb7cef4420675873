// cvm-node-gate on the test node: what the driver sends passes, through the real sshd, and says the same as
// without the gate; whatever else somebody with the key sends is refused, and runs nothing.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "lib/node/check.h"
#include "lib/node/commands.h"
#include "lib/node/read_program.h"
#include "lib/node/reading.h"
#include "tests/support/program.h"
#include "tests/support/ssh_node.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::node::Action;
using cvm::node::Node;
using cvm::testnode::Quote;
using cvm::testnode::TestNode;

namespace {

constexpr char kGate[] = "/usr/local/sbin/cvm-node-gate";
constexpr char kSudoers[] =
    "Defaults env_reset, secure_path=\"/usr/sbin:/usr/bin:/sbin:/bin\"\n"
    "cvm ALL=(root) NOPASSWD: /usr/local/sbin/cvm-node-gate\n";

Deadline Soon() {
  return Deadline::In(std::chrono::seconds(20));
}

Ctid Number(std::uint64_t number) {
  return *Ctid::FromNumber(number);
}

std::vector<Ctid> Many() {
  std::vector<Ctid> ctids;
  for (unsigned i = 0; i < 1000; ++i) ctids.push_back(Number(2147480000 + i));
  return ctids;
}

// Whatever the driver can send, with what each leaves as it was at the end.
std::vector<cvm::ssh::Command> Commands(const Node& node) {
  std::vector<cvm::ssh::Command> commands = {
      cvm::node::LoginCommand(),
      cvm::node::VzctlVersionCommand(node),
      cvm::node::PageSizeCommand(node, Soon()),
      cvm::node::PageSizeCommand(node, Deadline::In(std::chrono::seconds(1))),
      cvm::node::VzlistCommand(node, {Number(101)}, Soon()),
      cvm::node::VzlistCommand(node, {Number(103), Number(102), Number(2147483647)}, Soon()),
      cvm::node::VzlistCommand(node, {Number(999)}, Soon()),
      cvm::node::VzlistCommand(node, Many(), Soon()),
      cvm::node::ReadingCommand(node, {Number(103)}, Soon()),
      cvm::node::ReadingCommand(node, Many(), Soon()),
  };
  for (const Action action : {Action::kStart, Action::kStop, Action::kRestart}) {
    for (const std::uint64_t ctid : {101U, 103U, 999U}) {
      commands.push_back(cvm::node::ActionCommand(node, action, Number(ctid)));
    }
  }
  commands.push_back(cvm::node::ActionCommand(node, Action::kStop, Number(103)));
  commands.push_back(cvm::node::ActionCommand(node, Action::kStart, Number(101)));
  return commands;
}

const std::vector<std::string>& Attacks() {
  static const std::string program = cvm::node::kReadProgram;
  static const std::vector<std::string> attacks = {
      "", " ", "sh", "bash -i", "id", "/bin/sh", "reboot", "sftp-server", "internal-sftp",
      "/usr/lib/openssh/sftp-server", "scp -t /tmp", "rsync --server . /", "cvm-node-gate", kGate, "sudo -n",
      "sudo -n ", "sudo", "sudo -i", "sudo -n id", "sudo -n true; id", "sudo -n sudo -n vzctl start 101",
      "sudo -n -u root vzctl start 101", "sudo vzctl start 101", "sudo  -n vzctl start 101",
      "SUDO -N vzctl start 101",
      // actions
      "vzctl", "vzctl ", "vzctl start", "vzctl start ", "vzctl destroy 101", "vzctl exec 101 id",
      "vzctl exec2 101 id", "vzctl enter 101", "vzctl set 101 --userpasswd root:x", "vzctl stop",
      "vzctl stop 101 --fast", "vzctl --skiplock stop 101", "vzctl --quiet stop 101", "vzctl stop 101 102",
      "vzctl stop --all", "vzctl stop -101", "vzctl stop +101", "vzctl stop 0", "vzctl stop 0101",
      "vzctl stop 0x65", "vzctl stop 1e2", "vzctl stop 12345678901", "vzctl stop 101.", "vzctl stop ct101",
      "vzctl stop 101\n", "vzctl stop 101\nid", "vzctl stop\n101", "vzctl stop\t101", "vzctl  stop 101",
      "vzctl stop  101", " vzctl stop 101", "vzctl stop 101 ", "vzctl stop 101\r", "vzctl stop 101;id",
      "vzctl stop 101; id", "vzctl stop 101 && id", "vzctl stop 101|id", "vzctl stop 101&",
      "vzctl stop 101 # x", "vzctl stop $(id)", "vzctl stop `id`", "vzctl stop ${HOME}", "vzctl stop $1",
      "vzctl stop $((100+1))", "vzctl stop *", "vzctl stop ?01", "vzctl stop [1]01", "vzctl stop 10{1,2}",
      "vzctl stop ~", "vzctl stop '101'", "vzctl stop \"101\"", "vzctl stop 10\\1",
      "vzctl stop 101 >/tmp/hacked", "vzctl stop 101 </etc/shadow", "vzctl stop <(id)",
      "vzctl stop \xd9\xa1\xd9\xa0\xd9\xa1", "vzctl stop 101\xc2\xa0", "vzctl\xc2\xa0stop 101",
      "VZCTL STOP 101", "vzctl Stop 101", "./vzctl stop 101", "/usr/sbin/vzctl stop 101",
      "/tmp/evil/vzctl stop 101", "PATH=/tmp/evil vzctl stop 101", "env PATH=/tmp/evil vzctl stop 101",
      "exec vzctl stop 101", "eval vzctl stop 101", "command vzctl stop 101", "! vzctl stop 101",
      "-- vzctl stop 101", "vzctl --version 101", "vzctl --version; id", "vzctl --help", "vzctl status 101",
      "vzctl start 101 --force",
      // readings
      "timeout", "timeout ", "timeout 5", "timeout 5 ", "timeout 5 id", "timeout 5 sh -c id",
      "timeout 0 getconf PAGESIZE", "timeout -5 getconf PAGESIZE", "timeout 1000 getconf PAGESIZE",
      "timeout 31 getconf PAGESIZE", "timeout 99 getconf PAGESIZE", "timeout 100 getconf PAGESIZE",
      "timeout 5s getconf PAGESIZE", "timeout 5.5 getconf PAGESIZE", "timeout 05 getconf PAGESIZE",
      "timeout  5 getconf PAGESIZE", "timeout -s 9 5 getconf PAGESIZE", "timeout 5 getconf -a",
      "timeout 5 getconf PAGESIZE 101", "timeout 5 getconf PAGESIZE\nid", "timeout 5 getconf  PAGESIZE",
      "timeout 5 timeout 5 getconf PAGESIZE", "timeout 5 vzlist", "timeout 5 vzlist -a",
      "timeout 5 vzlist -j", "timeout 5 vzlist -j -o ctid",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace ",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace -a",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101 -a",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace -- 101",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace,hostname 101",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101  102",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101 ",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101\n102",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101;id",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101 $(id)",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101 0",
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace 101 *",
      "vzlist -j -o ctid,status,physpages,diskspace 101", "timeout 5 vzctl stop 101", "getconf PAGESIZE",
      "timeout 5 read", "timeout 5 read 101", "read", "read 101", "timeout 5 awk", "timeout 5 awk ''",
      "timeout 5 awk 'BEGIN{system(\"id\")}'", "awk '" + program + "' 101",
      "timeout 5 awk " + program + " 101", "timeout 5 awk '" + program + "'101",
      "timeout 5 awk '" + program + "' -f /etc/shadow", "timeout 5 awk '" + program + "' 101 x=1",
      "timeout 5 awk '" + program + "' 101\nid", "timeout 5 awk '" + program + "' 101; id",
      "timeout 5 awk '" + program + " ' 101", "timeout 5 awk -v x=1 '" + program + "' 101",
      "timeout 5 awk '" + program.substr(1) + "' 101", "timeout 5 awk \"" + program + "\" 101",
      "timeout 5 gawk '" + program + "' 101",
      // the small ones
      "true ", "true; id", "true\nid", "TRUE", "version ", "version 1", "--version", "-h", "date",
      "date +%s ", "date -s 2020-01-01", "date +%s; id", "date +%N", "sudo -n true ", "sudo -n version",
      "sudo -n date +%s", std::string(60000, '1'), "vzctl stop " + std::string(60000, '1'),
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace" + std::string(60000, ' '),
      "timeout 5 vzlist -j -o ctid,status,physpages,diskspace " + std::string(99000, '1')};
  return attacks;
}

TestNode& SharedNode() {
  static TestNode node("--ctids '101 102' --stopped 103");
  return node;
}

struct Gated {
  Gated() {
    for (const char* name : {"101.usage", "102.usage"}) node.Set(name, "held=19262 usage=645204");
    public_key = cvm::tests::ReadWholeFile(node.dir() + "/id_ed25519.pub");
  }
  ~Gated() {
    Authorize(public_key);
    node.Write("/etc/sudoers", sudoers);
  }
  Gated(const Gated&) = delete;
  Gated& operator=(const Gated&) = delete;

  void Authorize(const std::string& line) const {
    node.Write("/root/.ssh/authorized_keys", line);
    node.Write("/home/cvm/.ssh/authorized_keys", line);
  }
  void AuthorizeGate(const std::string& shell = "") const {
    Authorize("restrict,command=\"" + shell + kGate + "\" " + public_key);
    node.Write("/etc/sudoers", kSudoers);
  }

  Node NodeFor(const std::string& user) const {
    Node alpha;
    alpha.name = "alpha";
    alpha.endpoint = cvm::tests::EndpointOf(node);
    alpha.endpoint.user = user;
    return alpha;
  }

  // What each command says, over sessions that are opened now.
  std::vector<cvm::ssh::Output> Answers(const std::string& user) const {
    cvm::ssh::Pool pool(cvm::tests::SettingsOf(node));
    std::vector<cvm::ssh::Output> answers;
    const Node alpha = NodeFor(user);
    for (const auto& command : Commands(alpha)) {
      const auto output = pool.Run(alpha.endpoint, command, Soon());
      BOOST_REQUIRE_MESSAGE(output.ok(), command.Quoted()
                                             << ": " << (output.ok() ? "" : output.error().message));
      answers.push_back(*output);
    }
    return answers;
  }

  std::string Traces() const {
    return node.Read("/var/lib/vzctl/begun") + node.Read("/var/lib/vzctl/listings") +
           (node.Has("/tmp/hacked") ? "hacked" : "");
  }

  TestNode& node = SharedNode();
  const std::string sudoers = node.Read("/etc/sudoers");
  std::string public_key;
};

// What /bin/sh is on one system or another, as far as the node has it.
std::vector<std::string> Shells(const TestNode& node) {
  std::vector<std::string> shells = {"/bin/dash ", "/bin/bash --posix "};
  if (node.Exec("command -v busybox").status == 0) shells.emplace_back("busybox sh ");
  return shells;
}

// Runs the gate in the node for each of the attacks, under all shells side by side; gives a line for each
// that was not refused with 126 in silence, shell by shell. `call` is the shell's command line, with $gate
// and, in $attack, the attack.
std::string NotRefused(const TestNode& node, const std::string& call,
                       const std::vector<std::string>& attacks) {
  std::string script = "cd /tmp; gate=" + std::string(kGate) + "\ntry() {\n  attack=$1\n  out=$(" + call +
                       " </dev/null 2>/dev/null); status=$?\n  [ $status = 126 ] && [ -z \"$out\" ] || "
                       "printf '%s%.100s: %s %.100s\\n' \"$shell\" \"$attack\" $status "
                       "\"${out%%[[:cntrl:]]*}\"\n}\nall() {\n";
  for (const std::string& attack : attacks) script += "try " + Quote(attack) + "\n";
  script += "}\n";
  std::string results;
  for (const std::string& shell : Shells(node)) {
    const std::string result = " '/tmp/not-refused by " + shell.substr(shell.rfind('/') + 1) + "'";
    script += "shell='" + shell + "'; all >" + result + " &\n";
    results += result;
  }
  node.Write("/tmp/attacks", script + "wait\ncat" + results + "\n");
  return node.Exec("bash /tmp/attacks").out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(node_gate, Gated)

BOOST_AUTO_TEST_CASE(EveryCommandOfTheDriverPassesAndSaysTheSameAsWithoutTheGate) {
  for (const std::string user : {"root", "cvm"}) {
    Authorize(public_key);
    node.Write("/etc/sudoers", sudoers);
    const auto bare = Answers(user);
    for (const std::string& shell : Shells(node)) {
      AuthorizeGate(shell);
      const auto gated = Answers(user);
      BOOST_REQUIRE(gated.size() == bare.size());
      const auto commands = Commands(NodeFor(user));
      for (std::size_t i = 0; i < bare.size(); ++i) {
        BOOST_TEST_CONTEXT(shell << user << ": " << commands[i].Quoted().substr(0, 100)) {
          BOOST_TEST(gated[i].exit_status == bare[i].exit_status);
          BOOST_TEST(gated[i].out == bare[i].out);
          BOOST_TEST(gated[i].err == bare[i].err);
          BOOST_TEST(gated[i].exit_status != 126);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(AGatedNodePassesItsCheckWithoutAWarning) {
  AuthorizeGate();
  for (const std::string user : {"root", "cvm"}) {
    cvm::ssh::Pool pool(cvm::tests::SettingsOf(node));
    const Node alpha = NodeFor(user);
    const auto trial = cvm::ssh::TrySession(cvm::tests::SettingsOf(node), alpha.endpoint, Soon());
    for (const auto& step : CheckNode(trial, pool, alpha, std::chrono::seconds(20))) {
      BOOST_TEST((step.state == cvm::node::StepState::kOk), user << " " << step.name << ": " << step.detail);
    }
    const auto reading = cvm::node::AskReading(pool, alpha, {}, Soon());
    BOOST_REQUIRE(reading.ok());
    BOOST_TEST(reading->size() == 2U);
  }
}

BOOST_AUTO_TEST_CASE(TheLineThatCvmctlPrintsLetsTheDriverIn) {
  const auto key = cvm::ssh::ReadPublicKey(cvm::tests::SettingsOf(node), "id_ed25519");
  BOOST_REQUIRE(key.ok());
  for (const bool old_sshd : {false, true}) {
    Authorize(cvm::node::AuthorizedKeysLine(*key, old_sshd) + "\n");
    cvm::ssh::Pool pool(cvm::tests::SettingsOf(node));
    const Node alpha = NodeFor("root");
    const auto version = pool.Run(alpha.endpoint, cvm::node::GateVersionCommand(), Soon());
    BOOST_REQUIRE(version.ok());
    BOOST_TEST(version->out == std::string(cvm::node::kGateAnswer) + "\n");
    const auto other = pool.Run(alpha.endpoint, cvm::ssh::Command({"id"}), Soon());
    BOOST_REQUIRE(other.ok());
    BOOST_TEST(other->exit_status == 126);
  }
}

BOOST_AUTO_TEST_CASE(AttacksAreRefusedAndRunNothing) {
  const std::string before = Traces();
  BOOST_TEST(NotRefused(node, "SSH_ORIGINAL_COMMAND=$attack $shell $gate", Attacks()) == "");
  BOOST_TEST(Traces() == before);
}

BOOST_AUTO_TEST_CASE(AttacksOnTheHalfBehindSudoAreRefusedToo) {
  const std::string before = Traces();
  const std::string call = "SSH_ORIGINAL_COMMAND='vzctl stop 101' $shell $gate ";
  // Its own short form of the reading is all that it takes beyond what it takes from outside.
  std::string short_forms;
  for (const std::string& shell : Shells(node)) {
    for (const char* attack : {"timeout 5 read", "timeout 5 read 101"}) {
      short_forms += shell + attack + ": 0 cvm-read 1\n";
    }
  }
  BOOST_TEST(NotRefused(node, call + "\"$attack\"", Attacks()) == short_forms);
  // A second word is refused whatever it is: of the gate's own commands too.
  const std::vector<std::string> words = {"", "101", "read", "version", "true", "vzctl stop 101", "date +%s"};
  BOOST_TEST(NotRefused(node, call + "\"$attack\" 101", words) == "");
  BOOST_TEST(NotRefused(node, call + "vzctl \"$attack\"", words) == "");
  BOOST_TEST(Traces() == before);
}

BOOST_AUTO_TEST_CASE(AHostileEnvironmentChangesNothing) {
  std::string evil = "#!/bin/sh\ntouch /tmp/hacked\n";
  for (const char* name :
       {"vzctl", "vzlist", "env", "timeout", "awk", "sudo", "logger", "tr", "printf", "date"}) {
    node.Write(std::string("/tmp/evil/") + name, evil);
  }
  node.Write("/tmp/evil.sh", "touch /tmp/hacked\n");
  node.Exec("chmod 0755 /tmp/evil/*");
  const std::string settings =
      "env PATH=/tmp/evil:/usr/bin ENV=/tmp/evil.sh LC_ALL=xx_YY.UTF-8 IFS=0123 CDPATH=/tmp PS4='$(touch "
      "/tmp/hacked)' "
      "SHELLOPTS=xtrace LD_LIBRARY_PATH=/tmp/evil HOME=/tmp/evil sudo=x by_sudo= program=x checked=id ";
  for (const std::string& shell : {std::string("/bin/dash "), std::string("/bin/bash --posix ")}) {
    const auto run = [&](const std::string& command) {
      return node.Exec("cd /tmp; " + settings + "SSH_ORIGINAL_COMMAND=" + Quote(command) + " " + shell +
                       kGate);
    };
    BOOST_TEST(run("vzctl --version").out == "vzctl version 4.11.1\n");
    BOOST_TEST(run("vzctl stop 104").status == 14);
    BOOST_TEST(run("timeout 5 getconf PAGESIZE").out == "4096\n");
    BOOST_TEST(run("id").status == 126);
    BOOST_TEST(!node.Has("/tmp/hacked"));
  }
}

BOOST_AUTO_TEST_CASE(NothingElseOfSshWorksWithTheKey) {
  AuthorizeGate();
  const std::string before = Traces();
  const std::string options =
      "-F none -o BatchMode=yes -o LogLevel=ERROR -o ExitOnForwardFailure=yes -o UserKnownHostsFile=" +
      node.dir() + "/known_hosts -i " + node.dir() + "/id_ed25519 ";
  const std::string port = node.Port();
  const std::string host = "@127.0.0.1";
  for (const std::string user : {"root", "cvm"}) {
    const std::string to = user + host;
    const std::vector<std::string> lines = {
        "ssh -p " + port + " " + options + to,
        "ssh -tt -p " + port + " " + options + to,
        "ssh -p " + port + " " + options + to + " id",
        "ssh -p " + port + " " + options + "-W 127.0.0.1:" + port + " " + to,
        "ssh -p " + port + " " + options + "-N -R 127.0.0.1:0:127.0.0.1:" + port + " " + to,
        "ssh -p " + port + " " + options + "-s " + to + " sftp",
        "sftp -P " + port + " " + options + "-b /dev/null " + to,
        "scp -O -P " + port + " " + options + "/etc/hostname " + to + ":/tmp/hacked",
        "scp -s -P " + port + " " + options + "/etc/hostname " + to + ":/tmp/hacked",
    };
    for (const std::string& line : lines) {
      const auto result = cvm::test::RunProgram({"sh", "-c", "timeout 20 " + line});
      BOOST_TEST(result.exit_status != 0, line);
      BOOST_TEST(result.exit_status != 124, line);
      BOOST_TEST(result.out.find("SSH-2.0") == std::string::npos, line);
    }
  }
  BOOST_TEST(Traces() == before);
}

BOOST_AUTO_TEST_CASE(AUserWithTheGateAloneHasNoOtherSudo) {
  AuthorizeGate();
  for (const char* line : {"sudo -n id", "sudo -n vzctl stop 101", "sudo -n timeout 5 id"}) {
    BOOST_TEST(
        node.Exec("cd /tmp; setpriv --reuid=1000 --regid=1000 --clear-groups " + std::string(line)).status ==
            1,
        line);
  }
  const std::string gate =
      "cd /tmp; setpriv --reuid=1000 --regid=1000 --clear-groups sudo -n " + std::string(kGate);
  BOOST_TEST(node.Exec(gate + " 'vzctl --version'").status == 0);
  BOOST_TEST(node.Exec(gate + " id").status == 126);
  BOOST_TEST(node.Exec(gate).status == 126);
}

BOOST_AUTO_TEST_CASE(ARefusalIsLoggedInOneBoundedLine) {
  const std::string path = node.HostPath("/tmp/log");
  const int log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size());
  unlink(path.c_str());
  BOOST_REQUIRE(bind(log, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  const timeval patience = {20, 0};
  setsockopt(log, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const std::string attack = "id\nroot: \x1b[31m$(id) %s " + std::string(5000, 'x');
  node.Exec(
      "cd /tmp; unshare --mount bash -c 'mount -t tmpfs none /dev; mknod /dev/null c 1 3; "
      "ln -s /tmp/log /dev/log; SSH_CONNECTION=\"192.0.2.1 1 192.0.2.2 22\" SSH_ORIGINAL_COMMAND=$1 exec " +
      std::string(kGate) + "' x " + Quote(attack));
  std::array<char, 8192> buffer = {};
  const ssize_t size = recv(log, buffer.data(), buffer.size(), 0);
  close(log);
  BOOST_REQUIRE(size > 0);
  const std::string line(buffer.data(), static_cast<std::size_t>(size));
  BOOST_TEST(line.size() < 500U);
  BOOST_TEST(line.find("cvm-node-gate") != std::string::npos);
  BOOST_TEST(line.find("refused: id?root: ??31m??id? %s xxx") != std::string::npos, line);
  BOOST_TEST(line.find("192.0.2.1 1 192.0.2.2 22") != std::string::npos);
  BOOST_TEST(line.find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
