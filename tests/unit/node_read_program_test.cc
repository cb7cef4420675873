// The program that reads a node's containers, run by every awk that this host has on trees of files as an
// OpenVZ kernel and a plain one have them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "lib/node/read_program.h"
#include "lib/node/reading.h"
#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"

using cvm::base::Ctid;
using cvm::node::ParseReading;
using cvm::node::Reading;
using cvm::test::RunProgram;

namespace {

const std::string kHead =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
    "carrier compressed\n";

std::string Device(const std::string& name, int received, int sent) {
  return "  " + name + ":" + std::to_string(received) + " 1 0 0 0 0 0 0 " + std::to_string(sent) +
         " 2 0 0 0 0 0 0\n";
}

std::string Stat(const std::string& pid, const std::string& comm, const std::string& start,
                 char state = 'S') {
  return pid + " (" + comm + ") " + state + " 1 2 3 0 -1 4202752 1 2 3 4 5 6 7 8 20 0 1 0 " + start +
         " 10665984 181 18446744073709551615 1 1 0\n";
}

std::vector<std::string> Awks() {
  std::vector<std::string> awks;
  for (const char* name : {"awk", "mawk", "gawk", "original-awk", "busybox"}) {
    const std::string search = "command -v \"$0\"";
    if (RunProgram({"sh", "-c", search, name}).exit_status == 0) awks.emplace_back(name);
  }
  return awks;
}

// The program looks below this folder instead of the root.
struct Tree {
  Tree() {
    Put("proc/sys/kernel/random/boot_id", "a4f8c15d-457b-430b-9237-68525810dff9\n");
    Put("proc/1/net/dev",
        kHead + Device("lo", 1, 1) + Device("veth101.0", 70, 80) + Device("veth101.00", 1, 2));
    Put("proc/1/status", "Name:\tinit\nPPid:\t0\n");
  }

  void Put(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder.Path(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  // A process of an OpenVZ kernel.
  void PutProcess(const std::string& pid, const std::string& parent, const std::string& ctid,
                  const std::string& inside, const std::string& start) const {
    Put("proc/" + pid + "/status", "Name:\tinit\nState:\tS (sleeping)\nTgid:\t" + pid + "\nPid:\t" + pid +
                                       "\nPPid:\t" + parent + "\nTracerPid:\t0\nFDSize:\t64\nenvID:\t" +
                                       ctid + "\nVPid:\t" + inside + "\nVmPeak:\t1 kB\n");
    Put("proc/" + pid + "/stat", Stat(pid, "init", start));
    Put("proc/" + pid + "/net/dev", kHead + Device("lo", 1, 1) + Device("venet0", 5, 6));
  }

  void MakeOpenVzKernel() const {
    Put("proc/vz/veinfo", "0 1 200\n101 1 5\n102 2 7\n");
    Put("proc/1/status", "Name:\tinit\nPPid:\t0\nenvID:\t0\nVPid:\t1\n");
  }

  std::string Program() const {
    std::string text = cvm::node::kReadProgram;
    for (const std::string& path : {std::string("\"/proc/"), std::string("\"/var/lib"),
                                    std::string("\"/etc/vz"), std::string(" /proc/[")}) {
      for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at + 1)) {
        text.insert(at + 1, folder.Path(""));
      }
    }
    return text;
  }

  Reading Run(const std::string& awk, const std::vector<std::string>& ctids) const {
    std::vector<std::string> argv = {awk};
    if (awk == "busybox") argv.emplace_back("awk");
    argv.push_back(Program());
    argv.insert(argv.end(), ctids.begin(), ctids.end());
    const auto result = RunProgram(argv);
    BOOST_TEST(result.err == "");
    BOOST_TEST(result.exit_status == 0);
    const auto reading = ParseReading(result.out);
    BOOST_REQUIRE_MESSAGE(reading.ok(), (reading.ok() ? "" : reading.error().message) << result.out);
    return *reading;
  }

  cvm::tests::TemporaryDirectory folder;
};

// Lets go whoever waits for a reader of the pipe, where a program that should have read it did not.
struct Release {
  ~Release() {
    while (writer.valid() && writer.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
      close(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
  }
  const std::string& path;
  std::future<bool>& writer;
};

Ctid Number(std::uint64_t number) {
  return *Ctid::FromNumber(number);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(node_read_program, Tree)

BOOST_AUTO_TEST_CASE(OnAnOpenVzKernelTheInitOfEachContainerIsFound) {
  MakeOpenVzKernel();
  PutProcess("500", "1", "101", "1", "4711");
  PutProcess("501", "500", "101", "17", "4712");
  PutProcess("600", "1", "102", "1", "4713");
  PutProcess("700", "1", "0", "700", "4714");
  Put("etc/vz/conf/101.conf", "VE_ROOT=\"/vz\"\nNETIF=\"ifname=eth0,host_ifname=veth101.0,mac=00:01\"\n");
  for (const std::string& awk : Awks()) {
    BOOST_TEST_CONTEXT(awk) {
      const auto all = Run(awk, {});
      BOOST_REQUIRE(all.size() == 2U);
      BOOST_TEST(all.at(Number(101))->pid == 500U);
      BOOST_TEST(all.at(Number(101))->epoch.init_start == 4711U);
      BOOST_TEST(all.at(Number(101))->inside.at(1).received == 5U);
      BOOST_REQUIRE(all.at(Number(101))->peers.size() == 1U);
      BOOST_TEST(all.at(Number(101))->peers.at(0).sent == 80U);
      BOOST_TEST(all.at(Number(102))->pid == 600U);
      const auto some = Run(awk, {"102", "103"});
      BOOST_REQUIRE(some.size() == 1U);
      BOOST_TEST(some.begin()->second->pid == 600U);
    }
  }
}

BOOST_AUTO_TEST_CASE(AnInitOfANamespaceInsideAContainerIsNotTheContainers) {
  MakeOpenVzKernel();
  PutProcess("300", "500", "101", "1", "9000");
  PutProcess("500", "1", "101", "1", "4711");
  PutProcess("900", "500", "101", "1", "4711");
  for (const std::string& awk : Awks()) BOOST_TEST(Run(awk, {}).at(Number(101))->pid == 500U, awk);
}

BOOST_AUTO_TEST_CASE(OnAPlainKernelThePidIsWhatVzctlWroteDown) {
  Put("var/lib/vzctl/vepid/101", "500\n");
  Put("var/lib/vzctl/vepid/102", "600");
  Put("var/lib/vzctl/vepid/103", "700\n");
  Put("var/lib/vzctl/vepid/104", "../1\n");
  Put("var/lib/vzctl/vepid/105", "999\n");
  Put("var/lib/vzctl/vepid/tmp.Xy", "500\n");
  for (const char* pid : {"500", "600", "700"}) {
    Put(std::string("proc/") + pid + "/stat", Stat(pid, "systemd", "4711"));
    Put(std::string("proc/") + pid + "/net/dev", kHead + Device("eth0", 7, 8));
  }
  Put("proc/500/status", "Name:\tsystemd\nPPid:\t1\nNSpid:\t500\t1\n");
  Put("proc/600/status", "Name:\tsystemd\nPPid:\t1\n");            // a kernel before 4.1
  Put("proc/700/status", "Name:\tcron\nPPid:\t1\nNSpid:\t700\n");  // another process got the PID
  for (const std::string& awk : Awks()) {
    BOOST_TEST_CONTEXT(awk) {
      const auto all = Run(awk, {});
      BOOST_REQUIRE(all.size() == 2U);
      BOOST_TEST(all.at(Number(101))->inside.at(0).sent == 8U);
      BOOST_TEST(all.count(Number(102)) == 1U);
      BOOST_TEST(Run(awk, {"103", "104", "105", "106"}).empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(WhatRootInTheContainerNamesChangesNothing) {
  Put("var/lib/vzctl/vepid/101", "500\n");
  Put("proc/500/status", "Name:\ta\\nNSpid:\\t500\\t7\nPPid:\t1\nNSpid:\t500\t1\n");
  for (const std::string& comm : {std::string("a) R 1 (b"), std::string("x\noff 101\ny) S"),
                                  std::string(") S 1 1"), std::string("\xff\xfe %s")}) {
    Put("proc/500/stat", Stat("500", comm, "4711"));
    Put("proc/500/net/dev", kHead + Device("done", 1, 2) + Device("lo:x", 3, 4) + Device("\x01\xff|", 5, 6));
    for (const std::string& awk : Awks()) {
      BOOST_TEST_CONTEXT(awk << " " << comm) {
        const auto reading = Run(awk, {"101"});
        BOOST_REQUIRE(reading.size() == 1U);
        BOOST_TEST(reading.begin()->second->epoch.init_start == 4711U);
        BOOST_REQUIRE(reading.begin()->second->inside.size() == 3U);
        BOOST_TEST(reading.begin()->second->inside[1].name == "lo:x");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(AContainerFullOfInterfacesIsCutAndItsVenetStays) {
  MakeOpenVzKernel();
  PutProcess("500", "1", "101", "1", "4711");
  std::string devices = kHead;
  for (int i = 0; i < 5000; ++i) devices += Device("d" + std::to_string(i), i, i);
  Put("proc/500/net/dev", devices + Device("venet0", 123, 456));
  for (const std::string& awk : Awks()) {
    BOOST_TEST_CONTEXT(awk) {
      const auto reading = Run(awk, {"101"});
      BOOST_REQUIRE(reading.size() == 1U);
      const auto& container = *reading.begin()->second;
      BOOST_TEST(container.inside.size() == 33U);
      BOOST_TEST(container.inside.back().name == "venet0");
      BOOST_TEST(container.inside.back().received == 123U);
      BOOST_TEST(container.left_out == 4968U);
    }
  }
}

BOOST_AUTO_TEST_CASE(ADeadInitIsNoContainerThatRuns) {
  MakeOpenVzKernel();
  PutProcess("500", "1", "101", "1", "4711");
  Put("proc/500/stat", Stat("500", "init", "4711", 'Z'));
  PutProcess("600", "1", "102", "1", "4711");
  std::filesystem::remove(folder.Path("proc/600/stat"));
  for (const std::string& awk : Awks()) BOOST_TEST(Run(awk, {"101", "102"}).empty(), awk);
}

// The process's file is a pipe that gives one start time when it is read first, and maybe another one the
// second time.
BOOST_AUTO_TEST_CASE(AProcessThatBecameAnotherMeanwhileIsLeftOut) {
  MakeOpenVzKernel();
  PutProcess("500", "1", "101", "1", "4711");
  const std::string path = folder.Path("proc/500/stat");
  const auto make_pipe = [&] {
    std::filesystem::remove(path);
    return mkfifo(path.c_str(), 0600) == 0;
  };
  for (const std::string& awk : Awks()) {
    for (const bool same : {true, false}) {
      BOOST_REQUIRE(make_pipe());
      auto made = std::async(std::launch::async, [&] {
        std::ofstream first(path);
        first << Stat("500", "init", "4711");
        const bool second_made = make_pipe();
        first.close();
        std::ofstream(path) << Stat("500", "init", same ? "4711" : "4712");
        return second_made;
      });
      const Release release{path, made};
      const auto reading = Run(awk, {"101"});
      BOOST_TEST(made.get());
      BOOST_TEST(reading.size() == (same ? 1U : 0U), awk);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
