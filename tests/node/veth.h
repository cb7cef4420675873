#ifndef CVM_TESTS_NODE_VETH_H_
#define CVM_TESTS_NODE_VETH_H_

// Pairs of network devices between the node's network and a container's. The node's is a namespace of its
// own, which /proc/1/net shows; the PID of a process in it stands in /run/network.pid.

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/node/config.h"

namespace cvm::testnode {

// As NETIF="ifname=eth0,mac=…,host_ifname=veth101.0,host_mac=…;…" has it.
struct Pair {
  std::string inside;
  std::string inside_mac;
  std::string host;
  std::string host_mac;
};

std::vector<Pair> PairsOf(const Config& config);

// Makes the pairs, the host's ends up, the others down in the network of process `init`. "" or what went
// wrong; a kernel that knows no such devices, and a node without a network of its own, have none.
std::string MakePairs(const std::vector<Pair>& pairs, pid_t init);

// Sets every device of this process's network up.
void SetDevicesUp();

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_VETH_H_
