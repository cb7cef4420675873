// Readings and epochs of real processes and real pairs of devices on the test node.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "lib/node/openvz.h"
#include "lib/node/reading.h"
#include "tests/support/ssh_node.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::node::Action;
using cvm::node::ContainerReading;
using cvm::node::Epoch;
using cvm::node::Interface;
using cvm::testnode::TestNode;

namespace {

TestNode& SharedNode() {
  static TestNode node("--ctids '101 102' --stopped 103");
  return node;
}

struct Read {
  Read() {
    alpha.name = "alpha";
    alpha.endpoint = cvm::tests::EndpointOf(node);
  }

  cvm::node::Reading Take(const std::vector<Ctid>& ctids) {
    const auto reading = AskReading(pool, alpha, ctids, Deadline::In(std::chrono::seconds(20)));
    BOOST_REQUIRE_MESSAGE(reading.ok(), (reading.ok() ? "" : reading.error().message));
    return *reading;
  }
  std::optional<Epoch> EpochOf(unsigned ctid) {
    const auto epoch = AskEpoch(pool, alpha, *Ctid::FromNumber(ctid), Deadline::In(std::chrono::seconds(20)));
    BOOST_REQUIRE_MESSAGE(epoch.ok(), (epoch.ok() ? "" : epoch.error().message));
    return *epoch;
  }
  void Act(unsigned ctid, Action action) {
    const auto ended =
        openvz.Act(alpha, *Ctid::FromNumber(ctid), action, Deadline::In(std::chrono::seconds(20)));
    BOOST_REQUIRE((ended.ok() && *ended == cvm::node::Outcome::kDone));
  }
  // In the network of the container.
  std::string Inside(const std::string& line) const {
    return "nsenter --net --target $(cat /var/lib/vzctl/vepid/101) bash -c " + cvm::testnode::Quote(line);
  }

  TestNode& node = SharedNode();
  cvm::node::Node alpha;
  cvm::ssh::Pool pool{cvm::tests::SettingsOf(node)};
  cvm::node::OpenVz openvz{pool};
};

const ContainerReading& Of(const cvm::node::Reading& reading, unsigned ctid) {
  return *reading.at(*Ctid::FromNumber(ctid));
}

Interface Named(const std::vector<Interface>& interfaces, const std::string& name) {
  for (const Interface& one : interfaces) {
    if (one.name == name) return one;
  }
  return {};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(node_reading_real, Read)

BOOST_AUTO_TEST_CASE(AReadingNamesEachRunningContainerWithBothEndsOfItsPair) {
  for (const char* user : {"root", "cvm"}) {
    alpha.endpoint.user = user;
    const auto reading = Take({});
    BOOST_REQUIRE(reading.size() == 2U);
    const auto& container = Of(reading, 101);
    BOOST_TEST(std::to_string(container.pid) + "\n" == node.Read("/var/lib/vzctl/vepid/101"));
    BOOST_TEST(container.inside.size() == 2U);
    BOOST_REQUIRE(container.veths.size() == 1U);
    BOOST_TEST(container.veths[0].inside == "eth0");
    BOOST_TEST(container.veths[0].host == "veth101.0");
    BOOST_REQUIRE(container.peers.size() == 1U);
    BOOST_TEST(container.peers[0].name == "veth101.0");
  }
}

BOOST_AUTO_TEST_CASE(WhatAContainerSendsItsPeerReceives) {
  constexpr std::uint64_t kSent = 100000;
  const std::uint64_t before = Named(Of(Take({}), 101).peers, "veth101.0").received;
  node.Exec(
      Inside("ip addr add 10.9.0.2/24 dev eth0 && ip neigh add 10.9.0.1 lladdr 00:18:50:00:00:65 dev eth0 &&"
             "for i in {1..100}; do printf %01000d 0 >/dev/udp/10.9.0.1/9; done"));
  const auto reading = Take({});
  const auto& container = Of(reading, 101);
  BOOST_TEST(container.peers.at(0).received - before >= kSent);
  BOOST_TEST(Named(container.inside, "eth0").sent >= kSent);
  // Root inside may call his end what he likes.
  node.Exec(Inside("ip link set eth0 down; ip link set eth0 name done; ip link set done up"));
  const auto renamed = Take({});
  BOOST_TEST(Named(Of(renamed, 101).inside, "done").sent >= kSent);
  BOOST_TEST(Of(renamed, 101).peers.at(0).received >= container.peers.at(0).received);
  BOOST_TEST((Of(renamed, 101).epoch == container.epoch));
}

BOOST_AUTO_TEST_CASE(AnEpochLastsUntilTheContainerEndsAndARestartMakesAnother) {
  const auto first = EpochOf(102);
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST((EpochOf(102) == first));
  Act(102, Action::kRestart);
  const auto second = EpochOf(102);
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(second->boot_id == first->boot_id);
  BOOST_TEST(second->init_start > first->init_start);
  Act(102, Action::kStop);
  BOOST_TEST(!EpochOf(102).has_value());
  Act(102, Action::kStart);
  BOOST_REQUIRE(EpochOf(102).has_value());
  BOOST_TEST(!(EpochOf(102) == second));
  BOOST_TEST(!EpochOf(103).has_value());
  BOOST_TEST(!EpochOf(999).has_value());
}

BOOST_AUTO_TEST_CASE(AnInitThatWasKilledIsAContainerThatDoesNotRun) {
  BOOST_REQUIRE(EpochOf(102).has_value());
  node.Exec("kill -KILL $(cat /var/lib/vzctl/vepid/102)");
  BOOST_TEST(TestNode::Await([this] { return !EpochOf(102).has_value(); }));
  const auto seen = openvz.Inspect(alpha, *Ctid::FromNumber(102), Deadline::In(std::chrono::seconds(20)));
  BOOST_REQUIRE((seen.ok() && seen->has_value()));
  BOOST_TEST(!(*seen)->running);
  Act(102, Action::kStart);
  BOOST_TEST(EpochOf(102).has_value());
}

BOOST_AUTO_TEST_CASE(APidThatAnotherProcessGotIsNotTheContainer) {
  node.Write("/var/lib/vzctl/vepid/103", "1\n");
  BOOST_TEST(!EpochOf(103).has_value());
  BOOST_TEST(Take({}).count(*Ctid::FromNumber(103)) == 0U);
  node.Remove("/var/lib/vzctl/vepid/103");
}

BOOST_AUTO_TEST_SUITE_END()
