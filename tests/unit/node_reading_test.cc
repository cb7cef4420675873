#include "lib/node/reading.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "lib/base/crypto.h"
#include "lib/node/read_program.h"
#include "tests/support/fake_runner.h"
#include "tests/support/log_file.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::AskEpoch;
using cvm::node::ParseReading;

namespace {

const std::string kBegin = "cvm-read 1\nboot a4f8c15d-457b-430b-9237-68525810dff9\n";
const std::string kCounters = " 11 1 0 0 0 0 0 0 22 2 0 0 0 0 0 0";

Ctid Number(std::uint64_t number) {
  return *Ctid::FromNumber(number);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_reading)

BOOST_AUTO_TEST_CASE(EverythingThatIsSaidOfAContainerIsRead) {
  const auto reading = ParseReading(
      kBegin +
      "off 100\nct 101 15 864027\n"
      "netif \"ifname=eth0,mac=00:18:51:00:00:65,host_ifname=veth101.0;ifname=eth1,host_ifname=veth101.1\"\n"
      "dev     lo:" +
      kCounters + "\ndev   eth0:" + kCounters +
      "\nleft 7\n"
      "peer veth101.0: 18446744073709551615 1 0 0 0 0 0 0 5 2 0 0 0 0 0 0\n"
      "ct 102 16 864028\ndone 3\n");
  BOOST_REQUIRE(reading.ok());
  BOOST_TEST(reading->size() == 2U);
  const auto& first = *reading->at(Number(101));
  BOOST_TEST(first.pid == 15U);
  BOOST_TEST(first.epoch.boot_id == "a4f8c15d-457b-430b-9237-68525810dff9");
  BOOST_TEST(first.epoch.init_start == 864027U);
  BOOST_REQUIRE(first.inside.size() == 2U);
  BOOST_TEST(first.inside[1].name == "eth0");
  BOOST_TEST(first.inside[1].received == 11U);
  BOOST_TEST(first.inside[1].sent == 22U);
  BOOST_TEST(first.left_out == 7U);
  BOOST_REQUIRE(first.veths.size() == 2U);
  BOOST_TEST(first.veths[0].inside == "eth0");
  BOOST_TEST(first.veths[1].host == "veth101.1");
  BOOST_REQUIRE(first.peers.size() == 1U);
  BOOST_TEST(first.peers[0].received == 18446744073709551615U);
  BOOST_TEST(first.peers[0].sent == 5U);
  BOOST_TEST(reading->at(Number(102))->inside.empty());
}

BOOST_AUTO_TEST_CASE(ANodeWhereNothingRunsIsAnEmptyReading) {
  const auto reading = ParseReading(kBegin + "done 0\n");
  BOOST_REQUIRE(reading.ok());
  BOOST_TEST(reading->empty());
}

BOOST_AUTO_TEST_CASE(NamesThatRootInTheContainerChoseStayNames) {
  for (const std::string& name :
       std::vector<std::string>{"ct", "done", "off:1", "a:b:", "\x01\xff", "dev|face", "peer"}) {
    const auto reading = ParseReading(kBegin + "ct 101 15 8\ndev " + name + ":" + kCounters + "\ndone 1\n");
    BOOST_REQUIRE(reading.ok());
    BOOST_TEST(reading->at(Number(101))->inside.at(0).name == name);
  }
  // As kernels of old write it.
  const auto old = ParseReading(kBegin + "ct 101 15 8\ndev venet0:" + kCounters.substr(1) + "\ndone 1\n");
  BOOST_REQUIRE(old.ok());
  BOOST_TEST(old->at(Number(101))->inside.at(0).received == 11U);
}

BOOST_AUTO_TEST_CASE(WhatIsNotOfTheFormAndOfNoContainerIsRefusedAsAWhole) {
  const std::string ct = "ct 101 15 8\n";
  const std::string kBad[] = {
      "",
      "\n",
      "cvm-read 1\n",
      "cvm-read 2\nboot a4f8c15d-457b-430b-9237-68525810dff9\ndone 0\n",
      "motd\n" + kBegin + "done 0\n",
      "cvm-read 1\nboot \ndone 0\n",
      "cvm-read 1\nboot A4F8C15D-457B-430B-9237-68525810DFF9\ndone 0\n",
      "cvm-read 1\nboot a4f8c15d-457b-430b-9237-68525810dff\ndone 0\n",
      kBegin,
      kBegin + "done 0",
      kBegin + "done 1\n",
      kBegin + "done \n",
      kBegin + "done -0\n",
      kBegin + "done 0\ndone 0\n",
      kBegin + "done 0\n\n",
      kBegin + "\ndone 0\n",
      kBegin + ct,
      kBegin + ct + "done 2\n",
      kBegin + ct + ct + "done 1\n",
      kBegin + "ct 0 15 8\ndone 1\n",
      kBegin + "ct 2147483648 15 8\ndone 1\n",
      kBegin + "ct  15 8\ndone 1\n",
      kBegin + "ct\ndone 1\n",
      kBegin + "CT 101 15 8\ndone 1\n",
      kBegin + ct + "motd\ndone 1\n",
      kBegin + "off \ndone 1\n",
      kBegin + "off 101 \ndone 1\n",
      kBegin + "dev lo:" + kCounters + "\n" + ct + "done 1\n",
      kBegin + "off 100\ndev lo:" + kCounters + "\ndone 1\n",
  };
  for (const std::string& text : kBad) {
    const auto reading = ParseReading(text);
    BOOST_REQUIRE_MESSAGE(!reading.ok(), text);
    BOOST_TEST((reading.error().code == ErrorCode::kInternal));
  }
}

BOOST_AUTO_TEST_CASE(WhatIsWrongWithAContainerHarmsNoOther) {
  const std::string ct = "ct 101 15 8\n", lo = "dev lo:" + kCounters + "\n";
  const struct {
    std::string lines;
    std::vector<unsigned> doubted;
    unsigned containers;  // with the one that is right
  } kCases[] = {
      {ct + ct, {101}, 3},
      {ct + lo + "ct 101 16 9\n" + lo, {101}, 3},
      {ct + "off 101\n", {101}, 3},
      {"off 101\n" + ct + lo, {101}, 3},
      {"off 101\noff 101\n", {101}, 3},
      {ct + "ct 102 15 8\n" + lo, {101, 102}, 3},
      {ct + "ct 102 15 8\nct 103 15 8\n", {101, 102, 103}, 4},
      {ct + ct + "ct 102 15 8\n", {101, 102}, 4},
      {"ct 101 15\n" + lo, {101}, 2},
      {"ct 101\n", {101}, 2},
      {"ct 101 15 8 9\n", {101}, 2},
      {"ct 101 x 8\n" + lo + "peer " + "veth101.0:" + kCounters + "\nleft 5\nnetif x\n", {101}, 2},
      {"ct 101 15 -8\n", {101}, 2},
      {"ct 101 15 18446744073709551616\n", {101}, 2},
      {ct + "dev lo\n" + lo, {101}, 2},
      {ct + "dev :" + kCounters + "\n", {101}, 2},
      {ct + "dev lo: 11 1 0 0 0 0 0 0 22 2 0 0 0 0 0\n", {101}, 2},
      {ct + "dev lo:" + kCounters + " 0\n", {101}, 2},
      {ct + "dev lo: -1 1 0 0 0 0 0 0 22 2 0 0 0 0 0 0\n", {101}, 2},
      {ct + "dev lo: 11 1 0 0 0 0 0 0 18446744073709551616 2 0 0 0 0 0 0\n", {101}, 2},
      {ct + "dev a b:" + kCounters + "\n", {101}, 2},
      {ct + "peer veth101.0\n", {101}, 2},
      {ct + "left many\n", {101}, 2},
  };
  const std::string right = "ct 200 99 8\n" + lo;
  for (const auto& one : kCases) {
    const std::string done = "done " + std::to_string(one.containers) + "\n";
    for (const std::string& text : {kBegin + one.lines + right + done, kBegin + right + one.lines + done}) {
      const auto reading = ParseReading(text);
      BOOST_REQUIRE_MESSAGE(reading.ok(), text);
      BOOST_TEST(reading->size() == one.doubted.size() + 1);
      BOOST_REQUIRE_MESSAGE(reading->at(Number(200)).ok(), text);
      BOOST_TEST(reading->at(Number(200))->inside.size() == 1U);
      for (const unsigned ctid : one.doubted) {
        BOOST_REQUIRE_MESSAGE(!reading->at(Number(ctid)).ok(), text);
        BOOST_TEST((reading->at(Number(ctid)).error().code == ErrorCode::kInternal));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(TheEpochOfAContainerIsAskedInOneCommand) {
  cvm::node::Node node;
  node.endpoint.user = "cvm";
  cvm::tests::FakeRunner runner;
  runner.Answer(0, kBegin + "ct 101 15 864027\ndone 1\n").Answer(0, kBegin + "off 101\ndone 1\n");
  const auto span = Deadline::In(std::chrono::milliseconds(10900));
  const auto epoch = AskEpoch(runner, node, Number(101), span);
  BOOST_REQUIRE((epoch.ok() && epoch->has_value()));
  BOOST_TEST((*epoch)->init_start == 864027U);
  BOOST_TEST(runner.lines.at(0) ==
             "sudo -n timeout 10 awk '" + std::string(cvm::node::kReadProgram) + "' 101");
  const auto none = AskEpoch(runner, node, Number(101), span);
  BOOST_REQUIRE(none.ok());
  BOOST_TEST(!none->has_value());
}

BOOST_AUTO_TEST_CASE(AnEpochThatCannotBeAskedIsAnError) {
  const cvm::node::Node node;
  cvm::tests::FakeRunner runner;
  runner.Fail(ErrorCode::kUnavailable).Fail(ErrorCode::kBroken).Fail(ErrorCode::kInvalid);
  runner.Answer(124).Answer(0, "").Answer(126, "", "cvm-node-gate: refused");
  runner.Answer(0, kBegin + "ct 101 15 x\ndone 1\n");
  for (const ErrorCode code :
       {ErrorCode::kUnavailable, ErrorCode::kBroken, ErrorCode::kInternal, ErrorCode::kBroken,
        ErrorCode::kInternal, ErrorCode::kNotFound, ErrorCode::kInternal}) {
    const auto epoch = AskEpoch(runner, node, Number(101), Deadline::In(std::chrono::seconds(5)));
    BOOST_REQUIRE(!epoch.ok());
    BOOST_TEST((epoch.error().code == code));
  }
}

// Nodes have the program in their gate, which compares it with ours word by word: whoever changes it gives
// the gate (and kGateAnswer) a new version, and puts the new digest here.
BOOST_AUTO_TEST_CASE(ThisProgramIsTheOneOfGateVersion1) {
  BOOST_TEST(cvm::base::Hex(cvm::base::Sha256(cvm::node::kReadProgram)) ==
             "2f9e2e931819bc878799ee93147035fc2c90940f5375394a524313c4bae67136");
}

BOOST_AUTO_TEST_CASE(OfANodeWhoseContainersAreInDoubtTheLogHasALineASecond) {
  const cvm::test::LogFile log;
  cvm::node::Node node;
  node.id = 4711;
  node.name = "alpha";
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 300; ++i) {
    cvm::tests::FakeRunner runner;
    runner.Answer(0, kBegin + "ct 101 what 1\ndone 1\n");
    const auto reading = AskReading(runner, node, {Number(101)}, Deadline::In(std::chrono::seconds(10)));
    BOOST_REQUIRE((reading.ok() && !reading->at(Number(101)).ok()));
  }
  const auto span = std::chrono::steady_clock::now() - begun;
  const auto seconds =
      static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(span).count());
  const std::size_t lines = log.End("error node.bad_answer node=alpha command=reading");
  BOOST_TEST(lines >= 1U);
  BOOST_TEST(lines <= seconds + 1);
}

BOOST_AUTO_TEST_SUITE_END()
