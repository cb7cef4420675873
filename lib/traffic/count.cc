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

// How far the two ends of a pair may be apart: the host's is read a moment later.
constexpr std::uint64_t kApart = 16777216;  // bytes
constexpr std::uint64_t kApartShare = 16;   // and this part of what has passed

std::string KeyOf(const std::string& prefix, const std::string& name) {
  return (prefix + base::EscapeForLog(name)).substr(0, kMostName);
}

const node::Interface* Find(const std::vector<node::Interface>& interfaces, const std::string& name) {
  const auto found = std::find_if(interfaces.begin(), interfaces.end(),
                                  [&](const node::Interface& one) { return one.name == name; });
  return found == interfaces.end() ? nullptr : &*found;
}

// What passed between the readings of a pair's two ends; nothing where they cannot be ends of one pair.
std::optional<std::uint64_t> Apart(const node::Interface& host, const node::Interface& inside) {
  if (host.sent < inside.received || host.received < inside.sent) return std::nullopt;
  const std::uint64_t in = host.sent - inside.received, out = host.received - inside.sent;
  const auto near = [](std::uint64_t apart, std::uint64_t all) {
    return apart <= kApart + all / kApartShare;
  };
  if (!near(in, host.sent) || !near(out, host.received)) return std::nullopt;
  return base::SaturatingAdd(in, out);
}

using Ends = std::set<const node::Interface*>;

// A pair's inner end: whatever root inside calls it, its counters are the host's. Where none has them, the
// one of the configured name; none where that is not there.
const node::Interface* InnerEnd(const node::ContainerReading& reading, const node::Veth& veth,
                                const node::Interface& host, const Ends& taken) {
  const node::Interface* const named = Find(reading.inside, veth.inside);
  const node::Interface* nearest = nullptr;
  std::uint64_t least = 0;
  for (const node::Interface& one : reading.inside) {
    if (one.name == "lo" || one.name == "venet0" || taken.count(&one) > 0) continue;
    const auto apart = Apart(host, one);
    if (!apart) continue;
    if (nearest != nullptr && (*apart > least || (*apart == least && &one != named))) continue;
    nearest = &one;
    least = *apart;
  }
  return nearest != nullptr ? nearest : named;
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

bool OfLife(const Sample& sample, std::uint64_t node_id, const node::Epoch& epoch) {
  return sample.node_id == node_id && sample.epoch == epoch;
}

// The sample of the same interface in the same life.
const Sample* Before(const std::vector<Sample>& samples, std::uint64_t node_id, const node::Epoch& epoch,
                     const std::string& interface) {
  const auto found = std::find_if(samples.begin(), samples.end(), [&](const Sample& sample) {
    return sample.interface == interface && OfLife(sample, node_id, epoch);
  });
  return found == samples.end() ? nullptr : &*found;
}

bool CanGoOnFrom(const Bytes& old, const Bytes& now) {
  return old.in <= now.in && old.out <= now.out;
}

// The samples of this life whose interfaces are not there any more, or not under that name: another one may
// have got it.
std::vector<const Sample*> GoneOf(const std::vector<Sample>& samples, std::uint64_t node_id,
                                  const node::Epoch& epoch, const std::vector<Counter>& counters) {
  std::vector<const Sample*> gone;
  for (const Sample& sample : samples) {
    const bool there = std::any_of(counters.begin(), counters.end(), [&](const Counter& counter) {
      return counter.interface == sample.interface && CanGoOnFrom(sample.bytes, counter.bytes);
    });
    if (!there && sample.interface != kSeenStopped && OfLife(sample, node_id, epoch)) gone.push_back(&sample);
  }
  return gone;
}

// Takes the one that a counter under a new name can have gone on from: the highest that is not above it.
const Sample* TakeRenamed(std::vector<const Sample*>& gone, const Counter& counter) {
  const auto sum = [](const Sample& sample) {
    return base::SaturatingAdd(sample.bytes.in, sample.bytes.out);
  };
  auto best = gone.end();
  for (auto one = gone.begin(); one != gone.end(); ++one) {
    if (!CanGoOnFrom((*one)->bytes, counter.bytes)) continue;
    if (best == gone.end() || sum(**one) > sum(**best)) best = one;
  }
  if (best == gone.end()) return nullptr;
  const Sample* const taken = *best;
  gone.erase(best);
  return taken;
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
  Ends ends;  // the inner ones
  for (const node::Veth& veth : reading.veths) {
    const node::Interface* host = Find(reading.peers, veth.host);
    const node::Interface* inside =
        host != nullptr ? InnerEnd(reading, veth, *host, ends) : Find(reading.inside, veth.inside);
    const std::string key = KeyOf("host/", veth.host);
    if (host != nullptr) {
      collected.Add(key, {host->sent, host->received}, true);
    } else if (inside != nullptr) {
      collected.Add(key, {inside->received, inside->sent}, true);
    }
    ends.insert(inside);
  }
  for (const node::Interface& one : reading.inside) {
    if (one.name == "lo" || ends.count(&one) > 0) continue;
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
  const bool known = std::any_of(samples.begin(), samples.end(),
                                 [&](const Sample& sample) { return OfLife(sample, node_id, epoch); });
  std::vector<const Sample*> gone = GoneOf(samples, node_id, epoch, counters);
  for (const Counter& counter : counters) {
    const Sample* const same = Before(samples, node_id, epoch, counter.interface);
    const Sample* const before = same != nullptr ? same : TakeRenamed(gone, counter);
    const Bytes seen = before != nullptr ? before->bytes : Bytes();
    const auto flag = [&](AnomalyKind kind) {
      reckoning.anomalies.push_back({kind, counter.interface, seen, counter.bytes});
    };
    if (same == nullptr && !counter.expected) flag(AnomalyKind::kUnknownInterface);
    if (samples.empty() || (known && before == nullptr)) continue;
    if (!CanGoOnFrom(seen, counter.bytes)) flag(AnomalyKind::kLowerCounter);
    const Bytes grown = {Growth(seen.in, counter.bytes.in), Growth(seen.out, counter.bytes.out)};
    if (std::max(grown.in, grown.out) > plausible) flag(AnomalyKind::kJump);
    reckoning.delta.in = base::SaturatingAdd(reckoning.delta.in, grown.in);
    reckoning.delta.out = base::SaturatingAdd(reckoning.delta.out, grown.out);
  }
  return reckoning;
}

}  // namespace cvm::traffic
