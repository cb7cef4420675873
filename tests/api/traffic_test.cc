// Bytes that a container really sends, against what the API then says.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "lib/base/text.h"
#include "tests/support/world.h"

using cvm::test::Pair;
using cvm::test::TheWorld;

namespace {

constexpr std::uint64_t kDatagram = 1042;      // 1000 bytes and their headers
constexpr std::uint64_t kKernelsTalk = 20000;  // at most, that nobody asked for

struct Sender {
  void Send(unsigned datagrams) const {
    const std::string inside =
        "ip link set eth0 up; ip addr replace 10.9.0.2/24 dev eth0; ip neigh replace 10.9.0.1 lladdr "
        "00:18:50:00:00:65 dev eth0; for i in $(seq " +
        std::to_string(datagrams) + "); do printf %01000d 0 >/dev/udp/10.9.0.1/9; done";
    TheWorld().OnNode(
        {"bash", "-c",
         "nsenter --net --target $(cat /var/lib/vzctl/vepid/" + ctid + ") bash -c '" + inside + "'"});
  }
  std::uint64_t Used(const std::string& member) const {
    return cvm::base::ParseU64(TheWorld().StatusMember(pair, vps, member)).value();
  }
  static void Collect() { TheWorld().Run({"traffic", "collect", "--node", TheWorld().node}); }

  Pair pair = TheWorld().NewCustomer();
  std::string ctid = TheWorld().NewContainer("running");
  std::string vps =
      TheWorld().NewVps(pair.user, ctid, TheWorld().node, {"--traffic-split", "1000000000:1000000000"});
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ApiTraffic)

BOOST_AUTO_TEST_CASE(WhatAContainerSentIsWhatListAndStatusSayAfterACollection) {
  const Sender sender;
  Sender::Collect();
  BOOST_TEST(sender.Used("traffic_out_used") == 0u);
  sender.Send(300);
  BOOST_TEST(sender.Used("traffic_out_used") == 0u);
  Sender::Collect();
  const std::uint64_t used = sender.Used("traffic_out_used");
  BOOST_TEST(used >= 300 * kDatagram);
  BOOST_TEST(used < 300 * kDatagram + kKernelsTalk);
  BOOST_TEST(sender.Used("traffic_in_used") < kKernelsTalk);
  const auto list = TheWorld().Ask(sender.pair, "GET", "/api/client/vps/list");
  BOOST_TEST(list.body.find("\"traffic_out_used\": \"" + std::to_string(used) + "\"") != std::string::npos,
             list.body);
}

BOOST_AUTO_TEST_CASE(ACustomersRestartAndStopLoseNothingThatWasSentBefore) {
  const Sender sender;
  Sender::Collect();
  const std::string path = "/api/client/vps/" + sender.vps;
  sender.Send(100);
  BOOST_TEST(TheWorld().Ask(sender.pair, "POST", path + "/restart").status == 200);
  BOOST_TEST(sender.Used("traffic_out_used") >= 100 * kDatagram);
  sender.Send(50);
  BOOST_TEST(TheWorld().Ask(sender.pair, "POST", path + "/stop").status == 200);
  const std::uint64_t used = sender.Used("traffic_out_used");
  BOOST_TEST(used >= 150 * kDatagram);
  BOOST_TEST(used < 150 * kDatagram + 2 * kKernelsTalk);
  Sender::Collect();
  BOOST_TEST(sender.Used("traffic_out_used") == used);
}

BOOST_AUTO_TEST_SUITE_END()
