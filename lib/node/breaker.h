// A Runner that does not go on knocking: after a host could not be reached, callers are told so at once for a
// while, and one of them at a time tries again when it is over.
//
// What counts is whether the host can be reached (ErrorCode::kUnavailable: resolving, connecting, handshake,
// host key, login). A slow answer, a broken exchange or an overload is no failure; a host that shows a wrong
// key is one for as long as it shows it. Any answer closes the circuit. Who tries again runs a command that
// does nothing first: its own may take minutes, and the others would be kept out for as long.
#ifndef CVM_LIB_NODE_BREAKER_H_
#define CVM_LIB_NODE_BREAKER_H_

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

struct BreakerSettings {
  using Clock = std::chrono::steady_clock;
  // The time without tries after the first failure; it doubles with each failed try up to `most_wait`, and is
  // shortened by chance.
  std::chrono::milliseconds first_wait{1000};
  std::chrono::milliseconds most_wait{30000};
  // How long a try may take: a session is opened and runs a command that does nothing. A host that takes
  // longer is reached only if a session to it is opened within this.
  std::chrono::milliseconds knock{15000};
  base::Backoff::Random random = base::RandomUnit;
  std::function<Clock::time_point()> now = Clock::now;
};

class Breaker : public ssh::Runner {
 public:
  using Clock = BreakerSettings::Clock;

  // `runner` must outlive this.
  explicit Breaker(ssh::Runner& runner, BreakerSettings settings = {});
  // kUnavailable, without a try, while the circuit is open.
  base::Result<ssh::Output> Run(const ssh::Endpoint& endpoint, const ssh::Command& command,
                                base::Deadline deadline) override;

  // An endpoint that could not be reached.
  struct Circuit {
    std::string where;            // user@host:port
    std::string endpoint;         // its Identity()
    std::string error;            // why the last try failed
    unsigned failures = 0;        // tries since it was last reached, at least 1
    bool trying = false;          // somebody is at it now
    Clock::time_point since;      // the first failure
    Clock::time_point try_again;  // not before this
  };
  // Those of all endpoints at this moment, in no order. Whoever is not among them was reached when last
  // tried.
  std::vector<Circuit> OpenCircuits() const;

 private:
  struct Entry {
    Circuit circuit;
    base::Backoff backoff;
  };
  class Attempt;
  bool Admit(const std::string& key, bool& trying, base::Error& refusal);
  void Reached(const std::string& key);
  void NotReached(const std::string& key, const ssh::Endpoint& endpoint, const std::string& why, bool tried);
  void PutOff(const std::string& key);
  void ForgetOld(Clock::time_point now);

  ssh::Runner& runner_;
  const BreakerSettings settings_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> open_;  // by the endpoint's identity
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_BREAKER_H_
