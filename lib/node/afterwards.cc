#include "lib/node/afterwards.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/base/backoff.h"
#include "lib/node/asking.h"

namespace cvm::node {
namespace {

constexpr std::chrono::milliseconds kFirstWait{100};
constexpr std::chrono::milliseconds kMostWait{2000};
constexpr std::chrono::milliseconds kOneQuestion{10000};

// What one question brought.
enum class Seen { kComeToPass, kNotYet, kNoContainer, kNoAnswer };

Seen LookAtState(const Acted& acted) {
  const auto row = AskContainer(acted.runner, acted.node, acted.ctid, acted.deadline.Within(kOneQuestion));
  if (!row) return Seen::kNoAnswer;
  if (!*row) return Seen::kNoContainer;
  const bool wants_running = acted.action == Action::kStart;
  return (*row)->running == wants_running ? Seen::kComeToPass : Seen::kNotYet;
}

Seen LookAtLife(const Acted& acted, const Before& before) {
  const auto now = AskEpoch(acted.runner, acted.node, acted.ctid, acted.deadline.Within(kOneQuestion));
  if (!now) return Seen::kNoAnswer;
  const bool another = now->has_value() && (!before || !(**now == *before));
  return another ? Seen::kComeToPass : Seen::kNotYet;
}

base::Error Untold(const Acted& acted, const char* why) {
  return {base::ErrorCode::kBroken, std::string("what came of ") + ActionName(acted.action) + " of " +
                                        acted.ctid.text() + " on node " + acted.node.name +
                                        " cannot be told: " + why};
}

std::chrono::milliseconds Settles(const Acted& acted) {
  return acted.action == Action::kStart ? acted.settings.start_settles : acted.settings.stop_settles;
}

// The command may have met the lock of others of ours. They are waited for as long as for their lock: who
// died leaves a record without an end.
template <class Look>
base::Result<Outcome> AskUntilTold(const Acted& acted, Look look) {
  base::Backoff backoff(kFirstWait, kMostWait);
  auto last_answer = acted.pacing.Now();
  auto end = std::min(acted.deadline.when(), last_answer + Settles(acted));
  for (bool disputed = false;;) {
    const Seen seen = look();
    if (seen == Seen::kComeToPass && !acted.OthersWereAtWork()) return Outcome::kDone;
    if (seen == Seen::kNoContainer) return Outcome::kMissing;
    const auto now = acted.pacing.Now();
    if (seen != Seen::kNoAnswer) last_answer = now;
    if (seen == Seen::kComeToPass && !std::exchange(disputed, true)) {
      end = std::min(end, now + acted.settings.lock_retry);
    }
    if (now - last_answer >= acted.settings.silence) return Untold(acted, "the node does not answer");
    const auto wait = backoff.Next();
    if (now + wait >= end) {
      return Untold(acted, disputed ? "another action was at work, too" : "it has not come to pass in time");
    }
    acted.pacing.Wait(wait);
  }
}

}  // namespace

base::Result<Outcome> LearnOutcome(const Acted& acted, const std::optional<Before>& before) {
  if (acted.action != Action::kRestart) return AskUntilTold(acted, [&] { return LookAtState(acted); });
  if (!before) return Untold(acted, "it is not known since when the container ran before");
  return AskUntilTold(acted, [&] { return LookAtLife(acted, *before); });
}

}  // namespace cvm::node
