// What two readings of a container's counters say of the bytes between them. No clock, no database, no node.
//
// A sample is the last reading of one interface. Counters begin at 0 with a container's life (node::Epoch):
// in the same life the difference counts, in a new one all that the counter shows, on whichever node it is. A
// container that was never read before has counted for others or for nobody: its first reading counts
// nothing, and is what the next one is compared with.
//
// Names of interfaces are root's in the container: a new name in a life that was read before is an old
// interface whose bytes were counted, or a new one. It goes on from the sample of a name that is gone, where
// its counters can have come from there; else its first reading counts nothing.
#ifndef CVM_LIB_TRAFFIC_COUNT_H_
#define CVM_LIB_TRAFFIC_COUNT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "lib/node/epoch.h"
#include "lib/node/reading.h"

namespace cvm::traffic {

// Incoming and outgoing, as the customer sees it.
struct Bytes {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
};

struct Sample {
  std::string interface;
  std::uint64_t node_id = 0;
  node::Epoch epoch;
  Bytes bytes;
  std::uint64_t version = 0;
  std::uint64_t age = 0;  // milliseconds
};

// The interface's name in a sample that says: it was looked for and did not run. Its epoch is of kNoBoot;
// with another one it ran, and had no interface.
inline constexpr char kSeenStopped[] = "";
inline constexpr char kNoBoot[] = "00000000-0000-0000-0000-000000000000";

// An interface as it is counted. `interface` fits into its column. Not `expected`: neither venet0 nor one of
// the container's configuration.
struct Counter {
  std::string interface;
  Bytes bytes;
  bool expected = true;
};

// `lo` does not count. Of a pair that the configuration names the host's end is read, with the directions
// swapped, as root inside can rename the other; its name gets "host/" in front, which no name inside can
// have. The inner end, which does not count besides, is the interface whose counters are the host's (it may
// be behind by what passes between two readings), or else the one of the configured name. Whatever else the
// container has counts too.
std::vector<Counter> CountersOf(const node::ContainerReading& reading);

enum class AnomalyKind { kJump, kLowerCounter, kUnknownInterface };
const char* AnomalyName(AnomalyKind kind);  // the database's words too

struct Anomaly {
  AnomalyKind kind;
  std::string interface;
  Bytes before;
  Bytes after;
};

struct Reckoning {
  Bytes delta;
  std::vector<Anomaly> anomalies;
};

struct Settings {
  std::uint64_t jump_gbit = 10;  // more than so many Gbit/s since the last reading are booked, and flagged
};

// `samples` are all of the container's. A direction whose counter is lower in the same life counts nothing;
// nothing is guessed.
Reckoning Reckon(const std::vector<Sample>& samples, std::uint64_t node_id, const node::Epoch& epoch,
                 const std::vector<Counter>& counters, const Settings& settings);

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_COUNT_H_
