#include "lib/node/breaker.h"

#include <cstdint>
#include <iterator>
#include <utility>

#include "lib/log/log.h"
#include "lib/node/commands.h"

namespace cvm::node {
namespace {

using std::chrono::milliseconds;

// An endpoint that nobody has asked for so long is another one by now, or is in use no more.
constexpr std::chrono::hours kForgotten{1};

std::uint64_t Milliseconds(Breaker::Clock::duration span) {
  return span.count() < 0
             ? 0
             : static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(span).count());
}

base::Error NotTried(const Breaker::Circuit& circuit, Breaker::Clock::time_point now) {
  const std::string when =
      circuit.trying ? "a try is under way"
                     : "the next try is in " + std::to_string(Milliseconds(circuit.try_again - now)) + " ms";
  return {base::ErrorCode::kUnavailable,
          circuit.where + ": not tried, " + when + "; the last one failed: " + circuit.error};
}

}  // namespace

// One call that was let through. Unless it says how it ended, nothing was learnt: the next try is put off.
class Breaker::Attempt {
 public:
  Attempt(Breaker& breaker, const ssh::Endpoint& endpoint, const std::string& key, bool trying)
      : breaker_(breaker), endpoint_(endpoint), key_(key), trying_(trying) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    if (trying_) breaker_.PutOff(key_);
  }

  void Ended(const base::Result<ssh::Output>& result) {
    if (!result.ok() && result.error().code == base::ErrorCode::kOverloaded) return;
    const bool trying = std::exchange(trying_, false);
    if (!result.ok() && result.error().code == base::ErrorCode::kUnavailable) {
      breaker_.NotReached(key_, endpoint_, result.error().message, trying);
    } else if (result.ok() || trying || result.error().code != base::ErrorCode::kBroken) {
      breaker_.Reached(key_);
    }  // else it broke off after it had begun before the circuit opened: that says nothing of now
  }

 private:
  Breaker& breaker_;
  const ssh::Endpoint& endpoint_;
  const std::string& key_;
  bool trying_;
};

Breaker::Breaker(ssh::Runner& runner, BreakerSettings settings)
    : runner_(runner), settings_(std::move(settings)) {}

base::Result<ssh::Output> Breaker::Run(const ssh::Endpoint& endpoint, const ssh::Command& command,
                                       base::Deadline deadline) {
  const std::string key = endpoint.Identity();
  bool trying = false;
  base::Error refusal{base::ErrorCode::kUnavailable, ""};
  if (!Admit(key, trying, refusal)) return refusal;
  Attempt attempt(*this, endpoint, key, trying);
  if (trying) {
    auto knock = runner_.Run(endpoint, LoginCommand(), deadline.Within(settings_.knock));
    attempt.Ended(knock);
    if (!knock.ok() && ssh::NotSent(knock.error())) return knock;
  }
  auto result = runner_.Run(endpoint, command, deadline);
  attempt.Ended(result);
  return result;
}

bool Breaker::Admit(const std::string& key, bool& trying, base::Error& refusal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = open_.find(key);
  if (found == open_.end()) return true;
  Circuit& circuit = found->second.circuit;
  const auto now = settings_.now();
  if (circuit.trying || now < circuit.try_again) {
    refusal = NotTried(circuit, now);
    return false;
  }
  circuit.trying = trying = true;
  return true;
}

void Breaker::Reached(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = open_.find(key);
  if (found == open_.end()) return;
  const Circuit& circuit = found->second.circuit;
  log::Info("node.reachable", {{"where", circuit.where},
                               {"after_ms", Milliseconds(settings_.now() - circuit.since)},
                               {"tries", std::uint64_t{circuit.failures}}});
  open_.erase(found);
}

// `tried`: by the one who was let through an open circuit. Others began before it opened: they say what is
// known already.
void Breaker::NotReached(const std::string& key, const ssh::Endpoint& endpoint, const std::string& why,
                         bool tried) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto now = settings_.now();
  auto found = open_.find(key);
  if (found != open_.end() && !tried) return;
  if (found == open_.end()) {
    ForgetOld(now);
    Entry entry{{}, base::Backoff(settings_.first_wait, settings_.most_wait, settings_.random)};
    entry.circuit.where = endpoint.Where();
    entry.circuit.endpoint = key;
    entry.circuit.since = now;
    found = open_.emplace(key, std::move(entry)).first;
  }
  Circuit& circuit = found->second.circuit;
  const milliseconds wait = found->second.backoff.Next();
  circuit.error = why;
  ++circuit.failures;
  circuit.trying = false;
  circuit.try_again = now + wait;
  log::Warning("node.unreachable", {{"where", circuit.where},
                                    {"error", why},
                                    {"tries", std::uint64_t{circuit.failures}},
                                    {"next_try_ms", Milliseconds(wait)}});
}

// A try that taught nothing: others wait before the next one as after the first failure.
void Breaker::PutOff(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = open_.find(key);
  if (found == open_.end()) return;
  found->second.circuit.trying = false;
  found->second.circuit.try_again = settings_.now() + settings_.first_wait;
}

void Breaker::ForgetOld(Clock::time_point now) {
  for (auto entry = open_.begin(); entry != open_.end();) {
    const Circuit& circuit = entry->second.circuit;
    const bool old = !circuit.trying && now - circuit.try_again > kForgotten;
    entry = old ? open_.erase(entry) : std::next(entry);
  }
}

std::vector<Breaker::Circuit> Breaker::OpenCircuits() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Circuit> circuits;
  for (const auto& [key, entry] : open_) circuits.push_back(entry.circuit);
  return circuits;
}

}  // namespace cvm::node
