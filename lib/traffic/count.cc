#include "lib/traffic/count.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "lib/base/text.h"

namespace cvm::traffic {
namespace {

constexpr std::size_t kMostName = 64;                  // the column's width
constexpr std::uint64_t kBytesOfGbitASecond = 125000;  // in a millisecond
constexpr std::uint64_t kSlack = 1000;                 // milliseconds: two readings are never that exact

std::string KeyOf(const std::string& prefix, const std::string& name) {
  return (prefix + base::EscapeForLog(name)).substr(0, kMostName);
}

const node::Interface* Find(const std::vector<node::Interface>& interfaces, const std::string& name) {
  const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                  [&](const node::Interface& one) { return one.name == name; });
  return found == interfaces.end() ? nullptr : &*found;
}

// Counters by their names. Names that were cut to the same are one.
class Collected {
 public:
  void Add(const std::string& key, const Bytes& bytes, bool expected) {
    Counter& counter = counters_[key];
    counter.interface = key;
    counter.bytes.in = base::SaturatingAdd(counter.bytes.in, bytes.in);
    counter.bytes.out = base::SaturatingAdd(counter.bytes.out, bytes.out);
    counter.expected = counter.expected && expected;
  }
  std::vector<Counter> All() const {
    std::vector<Counter> all;
    for (const auto& [key, counter] : counters_) all.push_back(counter);
    return all;
  }

 private:
  std::map<std::string, Counter> counters_;
};

// The sample of the same interface in the same life.
const Sample* Before(const std::vector<Sample>& samples, std::uint64_t node_id, const node::Epoch& epoch,
                     const std::string& interface) {
  const auto found = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) {
    return sample.interface == interface && sample.node_id == node_id && sample.epoch == epoch;
  });
  return found == samples.end() ? nullptr : &*found;
}

std::uint64_t Plausible(const std::vector<Sample>& samples, const Settings& settings) {
  std::uint64_t age = UINT64_MAX;
  for (const Sample& sample : samples) age = std::min(age, sample.age);
  const std::uint64_t rate = base::SaturatingMultiply(settings.jump_gbit, kBytesOfGbitASecond);
  return base::SaturatingMultiply(base::SaturatingAdd(age, kSlack), rate);
}

std::uint64_t Growth(std::uint64_t before, std::uint64_t after) {
  return after < before ? 0 : after - before;
}

}  // namespace

std::vector<Counter> CountersOf(const node::ContainerReading& reading) {
  Collected collected;
  std::set<std::string> ends;  // the inner ones, by the names that the configuration gives them
  for (const node::Veth& veth : reading.veths) {
    ends.insert(veth.inside);
    const node::Interface* host = Find(reading.peers, veth.host);
    const node::Interface* inside = Find(reading.inside, veth.inside);
    const std::string key = KeyOf("host/", veth.host);
    if (host != nullptr) {
      collected.Add(key, {host->sent, host->received}, true);
    } else if (inside != nullptr) {
      collected.Add(key, {inside->received, inside->sent}, true);
    }
  }
  for (const node::Interface& one : reading.inside) {
    if (one.name == "lo" || ends.count(one.name) > 0) continue;
    collected.Add(KeyOf("", one.name), {one.received, one.sent}, one.name == "venet0");
  }
  return collected.All();
}

const char* AnomalyName(AnomalyKind kind) {
  switch (kind) {
    case AnomalyKind::kJump:
      return "jump";
    case AnomalyKind::kLowerCounter:
      return "lower_counter";
    case AnomalyKind::kUnknownInterface:
      return "unknown_interface";
  }
  std::abort();
}

Reckoning Reckon(const std::vector<Sample>& samples, std::uint64_t node_id, const node::Epoch& epoch,
                 const std::vector<Counter>& counters, const Settings& settings) {
  Reckoning reckoning;
  const std::uint64_t plausible = Plausible(samples, settings);
  for (const Counter& counter : counters) {
    const Sample* before = Before(samples, node_id, epoch, counter.interface);
    const Bytes old = before != nullptr ? before->bytes : Bytes();
    const auto flag = [&](AnomalyKind kind) {
      reckoning.anomalies.push_back({kind, counter.interface, old, counter.bytes});
    };
    if (before == nullptr && !counter.expected) flag(AnomalyKind::kUnknownInterface);
    if (samples.empty()) continue;
    if (counter.bytes.in < old.in || counter.bytes.out < old.out) flag(AnomalyKind::kLowerCounter);
    const Bytes grown = {Growth(old.in, counter.bytes.in), Growth(old.out, counter.bytes.out)};
    if (std::max(grown.in, grown.out) > plausible) flag(AnomalyKind::kJump);
    reckoning.delta.in = base::SaturatingAdd(reckoning.delta.in, grown.in);
    reckoning.delta.out = base::SaturatingAdd(reckoning.delta.out, grown.out);
  }
  return reckoning;
}

}  // namespace cvm::traffic
