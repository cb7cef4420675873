// What a node says of its running containers, read on the host's side and never inside a container, whose
// root could forge or hang it: the lines that lib/node/read.awk prints.
//
//     cvm-read 1                     the form
//     boot BOOT_ID
//     ct CTID PID START              a container that was the same process all the time, then of it:
//     netif "SETTING"                its NETIF, where its configuration has one
//     dev LINE                       a line of /proc/PID/net/dev
//     left N                         interfaces beyond the 32nd that are not shown
//     peer LINE                      the line of /proc/1/net/dev for a host's end that NETIF names
//     off CTID                       a container that does not run, or ended meanwhile
//     done N                         after N containers
//
// Every line that holds something from outside begins with a word of ours, and none of it can hold a line's
// end.
#ifndef CVM_LIB_NODE_READING_H_
#define CVM_LIB_NODE_READING_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/epoch.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

// Bytes since the interface was made, as its own side counts them. Of a peer (the host's end of a pair) what
// it received is what the container sent.
struct Interface {
  std::string name;  // any bytes but blanks and slashes: root in the container chooses it
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

// A pair that the container's configuration asks for.
struct Veth {
  std::string inside;  // its name in the container, as it was when the container started
  std::string host;
};

struct ContainerReading {
  std::uint64_t pid = 0;
  Epoch epoch;
  std::vector<Interface> inside;  // all that the container's network has, lo too
  std::uint64_t left_out = 0;     // how many more there are
  std::vector<Veth> veths;
  std::vector<Interface> peers;  // the host's ends that are there
};

// The running containers among those that were asked for. kInternal, and no harm to the others: what is said
// of one is not of that form, it is there twice, or its process is another one's too (of which both are in
// doubt).
using Reading = std::map<base::Ctid, base::Result<ContainerReading>>;

// Strict: kInternal for whatever is not of that form and can be said of no container, and for what is cut
// short.
base::Result<Reading> ParseReading(std::string_view text);

// Those among `ctids` that run; where it is empty, all that run. Those that are in doubt are logged. Errors
// as AskVzlist's (asking.h).
base::Result<Reading> AskReading(ssh::Runner& runner, const Node& node, const std::vector<base::Ctid>& ctids,
                                 base::Deadline deadline);

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_READING_H_
