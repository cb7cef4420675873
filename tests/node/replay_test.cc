// Every recording of recordings.json, replayed over ssh against a node in the state that was recorded:
// stdout, stderr and exit status byte for byte. One test case a recording, named as it is.

#define BOOST_TEST_MODULE node
#include <rapidjson/document.h>
#include <rapidjson/istreamwrapper.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/node/test_node.h"

namespace cvm::testnode {
namespace {

struct Recording {
  std::string name;
  std::string command;
  Outcome outcome;
};

// None where the file cannot be read: the count is tested.
std::vector<Recording> LoadRecordings() {
  std::ifstream file(std::filesystem::absolute(__FILE__).replace_filename("recordings.json"));
  rapidjson::IStreamWrapper stream(file);
  rapidjson::Document document;
  document.ParseStream(stream);
  std::vector<Recording> recordings;
  if (!document.IsArray()) return recordings;
  for (const auto& entry : document.GetArray()) {
    Outcome outcome{entry["exit_status"].GetInt(), entry["stdout"].GetString(), entry["stderr"].GetString()};
    recordings.push_back({entry["name"].GetString(), entry["command"].GetString(), outcome});
  }
  return recordings;
}

// ---- the states that were recorded --------------------------------------------------------------------

using Values = std::map<std::string, std::string>;
using Step = std::function<void(const TestNode&)>;

std::string Conf(int ctid) {
  return "/etc/vz/conf/" + std::to_string(ctid) + ".conf";
}
std::string Area(int ctid) {
  return "/vz/private/" + std::to_string(ctid);
}
std::string LockFile(int ctid) {
  return "/vz/lock/" + std::to_string(ctid) + ".lck";
}

Values BaseConfig(int ctid) {
  const std::string id = std::to_string(ctid);
  return {{"HOSTNAME", "ct" + id + ".example"},
          {"PHYSPAGES", "0:256M"},
          {"SWAPPAGES", "0:512M"},
          {"DISKSPACE", "2G:2.2G"},
          {"VE_LAYOUT", "simfs"},
          {"OSTEMPLATE", "debian-7.0-x86_64"},
          {"NETIF", "ifname=eth0,mac=00:18:51:00:00:01,host_ifname=veth" + id + ".0"}};
}

std::string ConfigText(const Values& values) {
  std::string text;
  for (const auto& [name, value] : values) text += name + "=\"" + value + "\"\n";
  return text;
}

Step Running(int ctid) {
  return
      [=](const TestNode& node) { node.Write("/var/lib/vzctl/state/" + std::to_string(ctid), "running\n"); };
}

Step Mounted(int ctid) {
  return
      [=](const TestNode& node) { node.Write("/var/lib/vzctl/state/" + std::to_string(ctid), "mounted\n"); };
}

Step Suspended(int ctid) {
  return [=](const TestNode& node) { node.Write("/vz/dump/Dump." + std::to_string(ctid), "dump"); };
}

// A container that can be started, but for what `changes` does to its configuration ("-" removes a value).
Step Container(int ctid, const Values& changes = {}) {
  return [=](const TestNode& node) {
    Values values = BaseConfig(ctid);
    for (const auto& [name, value] : changes) values[name] = value;
    for (const auto& [name, value] : changes) {
      if (value == "-") values.erase(name);
    }
    node.Write(Conf(ctid), ConfigText(values));
    for (const char* file : {"/dev/null", "/sbin/init", "/sbin/halt", "/bin/sh"})
      node.Write(Area(ctid) + file, "");
    std::filesystem::create_directories(node.HostPath("/vz/root/" + std::to_string(ctid)));
  };
}

// What the recordings call 103: no veth, so that its start prints no line for one.
Step Plain(int ctid, Values changes = {}) {
  changes.emplace("NETIF", "-");
  return Container(ctid, changes);
}

Step Without(const std::string& path) {
  return [=](const TestNode& node) { node.Remove(path); };
}

Step File(const std::string& path, const std::string& text) {
  return [=](const TestNode& node) {
    node.Remove(path);
    node.Write(path, text);
  };
}

Step FailingScript(const std::string& verb) {
  return [=](const TestNode& node) {
    const std::string path = "/etc/vz/conf/103." + verb;
    node.Write(path, "#!/bin/sh\nexit 3\n");
    std::filesystem::permissions(node.HostPath(path), std::filesystem::perms(0755));
  };
}

Step Switch(const std::string& name, const std::string& text = "") {
  return [=](const TestNode& node) { node.Set(name, text); };
}

// The recorded places: a line of this number, behind comments.
Step LineOfConfig(std::size_t number, const std::string& line, const Values& changes = {}) {
  return [=](const TestNode& node) {
    Plain(103, changes)(node);
    std::string text = node.Read(Conf(103));
    while (TestNode::Lines(text) + 1 < number) text += "# a comment\n";
    node.Write(Conf(103), text + line + "\n");
  };
}

// The background process is the shell's fork until it has executed its command, and the lock's message names
// that one.
Step LockedBy(int ctid, const std::string& command) {
  return [=](const TestNode& node) {
    node.Write("/-node.sh", "sleep 600\n:\n");
    const std::string pid = node.Exec(command + " >/dev/null 2>&1 & echo $!").out;
    const std::string ask = "tr '\\0' ' ' < /proc/" + pid.substr(0, pid.find('\n')) + "/cmdline";
    BOOST_REQUIRE(TestNode::Await([&] { return node.Exec(ask).out == command + " "; }));
    node.Write(LockFile(ctid), pid);
  };
}

// A start of 102 that has done its work and not yet ended.
void StartInProgress(const TestNode& node) {
  node.Set("102.hold-after-start");
  node.Ssh("vzctl start 102 >/dev/null 2>&1 &");
  BOOST_REQUIRE(
      TestNode::Await([&] { return node.Read("/var/lib/vzctl/state/102").rfind("running", 0) == 0; }));
}

Step Figures(int ctid, const std::string& values) {
  return Switch(std::to_string(ctid) + ".usage", values);
}

// The node of the recordings f-*.
void Fixture(const TestNode& node) {
  for (const int ctid : {101, 102, 103, 104, 105}) {
    Container(ctid, {{"IP_ADDRESS", "10.0.0." + std::to_string(ctid)}})(node);
  }
  Container(106,
            {{"NAME", "web"}, {"PHYSPAGES", "0:unlimited"}, {"IP_ADDRESS", "10.0.0.116 10.0.0.106"}})(node);
  for (const int ctid : {101, 106, 108}) Running(ctid)(node);
  Mounted(103)(node);
  Without(Area(104))(node);
  Suspended(105)(node);
  Figures(101, "held=19262 maxheld=30118 usage=645204 numproc=23")(node);
  Figures(103, "usage=402116")(node);
  Figures(106, "held=14457 maxheld=14803 usage=1310720 numproc=41")(node);
  Figures(108, "held=9631 maxheld=15059 limit=32768 numproc=11")(node);
}

void NothingRuns(const TestNode& node) {
  Fixture(node);
  Mounted(101)(node);
  for (const int ctid : {106, 108}) Without("/var/lib/vzctl/state/" + std::to_string(ctid))(node);
  Without(Area(106))(node);
}

void NoQuota(const TestNode& node) {
  Fixture(node);
  Figures(101, "held=19262 maxheld=30118 usage=0")(node);
  Figures(103, "usage=0")(node);
  Figures(106, "held=14457 maxheld=14803 usage=0")(node);
}

void RealFigures(const TestNode& node) {
  Figures(101, "held=1005 maxheld=1008 usage=6364 numproc=3")(node);
}

// What differs from: 101 runs, 102 and 103 are stopped, there is no other. By the name of the recording.
const std::map<std::string, std::vector<Step>>& States() {
  static const std::map<std::string, std::vector<Step>> kStates = {
      {"r-start-running", {Running(102)}},
      {"r-stop-running", {Running(102)}},
      {"r-stop-fast", {Running(102)}},
      {"r-quiet-start-running", {Running(102)}},
      {"r-quiet-stop", {Running(102)}},
      {"r-status-mounted", {Mounted(102)}},
      {"r-mount-mounted", {Mounted(102)}},
      {"r-stop-mounted", {Mounted(102)}},
      {"r-start-mounted", {Mounted(102)}},
      {"r-umount-running", {Running(102)}},
      {"r-umount", {Mounted(102)}},
      {"r-status-suspended", {Suspended(102)}},
      {"r-status-missing-root", {File("/vz/root/999/x", "")}},
      {"r-locked-start", {LockedBy(102, "sleep 600")}},
      {"r-locked-stop", {LockedBy(102, "sleep 600")}},
      {"r-locked-restart", {LockedBy(102, "sleep 600")}},
      {"r-locked-status", {LockedBy(102, "sleep 600")}},
      {"r-locked-quiet", {LockedBy(102, "sleep 600")}},
      {"r-locked-start-running", {LockedBy(101, "sleep 600")}},
      {"r-locked-skiplock", {LockedBy(102, "sleep 600")}},
      {"r-locked-stale", {File(LockFile(102), "4194305\n")}},
      {"r-locked-empty", {File(LockFile(102), "")}},
      {"r-locked-real-start", {StartInProgress}},
      {"r-locked-real-stop", {StartInProgress}},
      {"r-locked-real-status", {StartInProgress}},
      {"r-start-noprivate", {Without(Area(103))}},
      {"r-status-noprivate", {Without(Area(103))}},
      {"r-restart-noprivate", {Without(Area(103))}},
      {"r-start-emptyprivate", {Without(Area(103) + "/dev")}},
      {"r-start-badowner", {Plain(103, {{"LOCAL_UID", "100000"}, {"LOCAL_GID", "100000"}})}},
      {"r-start-noinit", {Without(Area(103) + "/sbin/init")}},
      {"r-start-nosh", {Without(Area(103) + "/bin/sh")}},
      {"r-start-disabled", {Plain(103, {{"DISABLED", "yes"}})}},
      {"r-status-disabled", {Plain(103, {{"DISABLED", "yes"}})}},
      {"r-start-disabled-force", {Plain(103, {{"DISABLED", "yes"}})}},
      {"r-start-disabled-running", {Plain(103, {{"DISABLED", "yes"}}), Running(103)}},
      {"r-restart-disabled-running", {Plain(103, {{"DISABLED", "yes"}}), Running(103)}},
      {"r-start-actionscript", {FailingScript("start")}},
      {"r-start-premount", {FailingScript("premount")}},
      {"r-stop-actionscript", {FailingScript("stop"), Running(103)}},
      {"r-stop-timeout",
       {Plain(103, {{"STOP_TIMEOUT", "3"}}), Running(103), Switch("103.ignore-halt"),
        Switch("second", "20")}},
      {"r-stop-nohalt", {Without(Area(103) + "/sbin/halt"), Running(103)}},
      {"r-start-badconf", {LineOfConfig(42, "THIS is no setting")}},
      {"r-start-badvalue", {LineOfConfig(22, "PHYSPAGES=\"abc:def\"", {{"PHYSPAGES", "-"}})}},
      {"r-start-noubc", {Plain(103, {{"PHYSPAGES", "-"}, {"SWAPPAGES", "-"}})}},
      {"r-start-unknowndist", {Plain(103, {{"OSTEMPLATE", "nosuchdist-1-x86_64"}})}},
      {"r-start-nolayout", {Plain(103, {{"VE_LAYOUT", "-"}})}},
      {"r-start-novzconf", {Without("/etc/vz/vz.conf")}},
      {"r-start-privfile", {Container(104), File(Area(104), "")}},
      {"r-status-privfile", {Container(104), File(Area(104), "")}},
      {"r-stop-unkillable", {Container(105), Running(105), Switch("105.unkillable"), Switch("second", "10")}},
      {"f-norunning", {NothingRuns}},
      {"f-norunning-j", {NothingRuns}},
      {"f-norunning-a", {NothingRuns}},
      {"f-noquota", {NoQuota}},
      {"f-noquota-j", {NoQuota}},
      {"f-nodisklimit", {Container(102, {{"DISKSPACE", "-"}})}},
      {"f-ploop", {Container(102, {{"VE_LAYOUT", "ploop"}})}},
      {"f-j-escape", {Container(102, {{"DESCRIPTION", R"(say \"hi\" \\ there)"}})}},
      {"k-start-running", {Running(102)}},
      {"k-stop-running", {Running(102)}},
      {"k-locked-start", {LockedBy(102, "/bin/bash /-node.sh")}},
      {"k-vzlist-a", {Without(Conf(103)), Without(Area(103)), RealFigures}},
      {"k-o-a", {Without(Conf(103)), Without(Area(103)), RealFigures}},
      {"k-o-101", {RealFigures}},
      {"k-j-o-101", {RealFigures}},
  };
  return kStates;
}

// What every recording of a kind has in common.
const std::map<std::string, Step>& Kinds() {
  static const std::map<std::string, Step> kKinds = {
      {"f-", Fixture}, {"n-", Switch("kernel", "none")}, {"d-", Switch("kernel", "no-vzdev")}};
  return kKinds;
}

// ---- the replay ------------------------------------------------------------------------------------------

std::unique_ptr<TestNode> shared_node;

struct EndOfNode {
  ~EndOfNode() { shared_node.reset(); }
};
BOOST_TEST_GLOBAL_FIXTURE(EndOfNode);

void Reset(const TestNode& node) {
  for (const char* folder : {"/etc/vz/conf", "/vz/private", "/vz/root", "/vz/lock", "/vz/dump",
                             "/var/lib/vzctl/state", "/var/lib/vzctl/switch", "/var/lib/vzctl/readings"}) {
    for (const auto& entry : std::filesystem::directory_iterator(node.HostPath(folder))) {
      std::filesystem::remove_all(entry.path());
    }
  }
  node.Write("/etc/vz/vz.conf", "LOCKDIR=/vz/lock\n");
  for (const int ctid : {101, 102}) Container(ctid)(node);
  Plain(103)(node);
  Running(101)(node);
}

// The letters and digits that follow each mark become one #: the kernel or mkstemp chose them.
std::string Masked(const std::string& text, const std::string& mark) {
  std::string masked;
  std::size_t begin = 0;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, begin)) {
    std::size_t end = at + mark.size();
    masked += text.substr(begin, end - begin);
    if (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) masked += '#';
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    begin = end;
  }
  return masked + text.substr(begin);
}

std::string Normalised(const std::string& text) {
  return Masked(Masked(Masked(text, "Locked by: pid "), "Child "), ".lck");
}

void SetUp(const TestNode& node, const std::string& name) {
  Reset(node);
  const auto kind = Kinds().find(name.substr(0, 2));
  if (kind != Kinds().end()) kind->second(node);
  const auto state = States().find(name);
  if (state == States().end()) return;
  for (const Step& step : state->second) step(node);
}

void Replay(const Recording& recording) {
  if (!shared_node) shared_node = std::make_unique<TestNode>();
  const TestNode& node = *shared_node;
  SetUp(node, recording.name);
  const Outcome outcome = node.Ssh(recording.command);
  BOOST_TEST(outcome.out == recording.outcome.out);
  BOOST_TEST(Normalised(outcome.err) == Normalised(recording.outcome.err));
  BOOST_TEST(outcome.status == recording.outcome.status);
  std::filesystem::remove_all(node.HostPath("/var/lib/vzctl/switch/102.hold-after-start"));
  BOOST_TEST(TestNode::Await([&] { return node.IsIdle(); }));
}

// Before main, as the automatic registration does it: one case a recording.
const bool kIsRegistered = [] {
  auto* suite = BOOST_TEST_SUITE("Replay");
  for (const Recording& recording : LoadRecordings()) {
    suite->add(
        boost::unit_test::make_test_case([=] { Replay(recording); }, recording.name, __FILE__, __LINE__));
  }
  boost::unit_test::framework::master_test_suite().add(suite);
  return true;
}();

BOOST_AUTO_TEST_CASE(EveryRecordedStateBelongsToARecording) {
  BOOST_REQUIRE(kIsRegistered);
  std::vector<std::string> names;
  for (const Recording& recording : LoadRecordings()) names.push_back(recording.name);
  BOOST_TEST(names.size() == 160U);
  for (const auto& [name, steps] : States()) {
    BOOST_TEST(std::count(names.begin(), names.end(), name) == 1, name);
  }
}

}  // namespace
}  // namespace cvm::testnode
