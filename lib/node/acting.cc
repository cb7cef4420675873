#include "lib/node/acting.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "lib/base/backoff.h"
#include "lib/base/text.h"
#include "lib/log/log.h"
#include "lib/node/afterwards.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"
#include "lib/node/reading.h"
#include "lib/node/vzctl.h"

namespace cvm::node {
namespace {

constexpr std::size_t kExcerpt = 200;
// Between two tries of a locked container.
constexpr std::chrono::milliseconds kFirstWait{100};
constexpr std::chrono::milliseconds kMostWait{2000};
constexpr std::chrono::milliseconds kLifeTime{5000};  // for the question since when a container runs

std::string ToDo(const Node& node, int exit_status) {
  if (!NeverRan(exit_status)) return "";
  return "vzctl cannot be run as " + node.endpoint.user + WhyNeverRan(node, exit_status);
}

void LogRefusal(const Acted& acted, const ssh::Output& output) {
  log::Warning("node.action_refused", {{"node", acted.node.name},
                                       {"ctid", acted.ctid.text()},
                                       {"action", ActionName(acted.action)},
                                       {"exit_status", std::to_string(output.exit_status)},
                                       {"meaning", VzctlStatusName(output.exit_status)},
                                       {"to_do", ToDo(acted.node, output.exit_status)},
                                       {"stdout", base::Shorten(output.out, kExcerpt)},
                                       {"stderr", base::Shorten(output.err, kExcerpt)}});
}

class Run {
 public:
  explicit Run(const Acted& acted) : acted_(acted) {}

  base::Result<Outcome> Go();

 private:
  void NoteLife();
  bool ReadLife();
  base::Deadline CommandDeadline();
  base::Result<ssh::Output> Send();
  base::Result<Outcome> AfterFailure(const base::Error& error);
  base::Result<Outcome> AfterRefusal(int exit_status);
  Outcome AfterRefusedRestart(int exit_status);
  bool HoldsThoughLocked();
  base::Result<std::optional<VzlistRow>> AskState() {
    return AskContainer(acted_.runner, acted_.node, acted_.ctid, acted_.deadline);
  }
  bool AsAsked(const std::optional<VzlistRow>& row) const {
    return row && row->running == (acted_.action == Action::kStart);
  }

  const Acted acted_;
  std::optional<Before> before_;  // a restart's
};

// Without it the action goes on as well: the life is needed only where the connection breaks.
void Run::NoteLife() {
  while (ReadLife()) continue;
}

// Whether the counting wants another reading.
bool Run::ReadLife() {
  before_.reset();
  const bool restart = acted_.action == Action::kRestart;
  const bool counted = acted_.counting != nullptr && acted_.action != Action::kStart;
  if (!restart && !counted) return false;
  if (counted) acted_.counting->BeforeReading();
  const auto reading =
      AskReading(acted_.runner, acted_.node, {acted_.ctid}, acted_.deadline.Within(kLifeTime));
  if (!reading) return false;
  const auto found = reading->find(acted_.ctid);
  const bool runs = found != reading->end();
  if (runs && !found->second.ok()) return false;
  if (restart) before_.emplace(runs ? Before(found->second->epoch) : Before());
  return counted && runs && acted_.counting->Take(*found->second);
}

// When the command must have ended, for what is left to be enough to ask what came of it.
base::Deadline Run::CommandDeadline() {
  const auto left =
      std::max(acted_.deadline.when() - acted_.pacing.Now(), base::Deadline::Clock::duration(0));
  return base::Deadline::At(acted_.deadline.when() -
                            std::min<base::Deadline::Clock::duration>(acted_.settings.reserve, left / 2));
}

base::Result<ssh::Output> Run::Send() {
  return acted_.runner.Run(acted_.node.endpoint, ActionCommand(acted_.node, acted_.action, acted_.ctid),
                           CommandDeadline());
}

base::Result<Outcome> Run::Go() {
  base::Backoff backoff(kFirstWait, kMostWait);
  // No try of a locked container may be without the time to hear its answer.
  const auto give_up = std::min(CommandDeadline().when(), acted_.pacing.Now() + acted_.settings.lock_retry);
  for (bool first = true;; first = false) {
    NoteLife();
    const auto output = Send();
    if (!output) return AfterFailure(output.error());
    if (output->exit_status == 0) return Outcome::kDone;
    const bool locked = output->exit_status == kVzctlLocked;
    // No word of that in the log: nothing is wrong, and there are callers who come again and again.
    if (locked && HoldsThoughLocked()) return Outcome::kLockedAsAsked;
    if (first) LogRefusal(acted_, *output);
    if (!locked) return AfterRefusal(output->exit_status);
    const auto wait = backoff.Next();
    if (acted_.pacing.Now() + wait >= give_up) return Outcome::kLocked;
    acted_.pacing.Wait(wait);
  }
}

base::Result<Outcome> Run::AfterFailure(const base::Error& error) {
  LogFailedRun(acted_.node, error);
  if (ssh::NotSent(error)) return error;
  auto learnt = LearnOutcome(acted_, before_);
  if (learnt) return learnt;
  return base::Error{learnt.error().code, error.message + "; " + learnt.error().message};
}

// One that cannot be asked is tried again: nothing was done. So is one on which another of ours was at work:
// the state that holds may be the one that it is about to end.
bool Run::HoldsThoughLocked() {
  if (acted_.action == Action::kRestart) return false;
  const auto row = AskState();
  return row && AsAsked(*row) && !acted_.OthersWereAtWork();
}

// The stopped of a stop may be that of a restart that began since; what refuses a start because the container
// runs has told it itself.
base::Result<Outcome> Run::AfterRefusal(int exit_status) {
  if (acted_.action == Action::kRestart) return AfterRefusedRestart(exit_status);
  const auto row = AskState();
  if (row) {
    if (AsAsked(*row) && (acted_.action == Action::kStart || !acted_.OthersWereAtWork()))
      return Outcome::kDone;
    return *row ? Outcome::kFailed : Outcome::kMissing;
  }
  // Nothing was done, whatever the state is: no vzctl was run, or none that has an OpenVZ kernel under it.
  if (NeverRan(exit_status) || exit_status == kVzctlNoKernel) return Outcome::kFailed;
  return base::Error{base::ErrorCode::kBroken, std::string(ActionName(acted_.action)) + " of " +
                                                   acted_.ctid.text() + " ended with exit status " +
                                                   std::to_string(exit_status) +
                                                   ", and its state cannot be asked: " + row.error().message};
}

Outcome Run::AfterRefusedRestart(int exit_status) {
  if (exit_status == kVzctlMissing) return Outcome::kMissing;
  if (NeverRan(exit_status)) return Outcome::kFailed;
  const auto row = AskState();
  return row && *row && !(*row)->running ? Outcome::kDownAfterRestart : Outcome::kFailed;
}

class RealPacing : public Pacing {
 public:
  base::Deadline::Clock::time_point Now() override { return base::Deadline::Clock::now(); }
  void Wait(std::chrono::milliseconds span) override { std::this_thread::sleep_for(span); }
};

}  // namespace

const char* ActionName(Action action) {
  switch (action) {
    case Action::kStart:
      return "start";
    case Action::kStop:
      return "stop";
    case Action::kRestart:
      return "restart";
  }
  std::abort();
}

Pacing& SystemPacing() {
  static RealPacing pacing;
  return pacing;
}

base::Result<Outcome> RunAction(ssh::Runner& runner, const Node& node, base::Ctid ctid, Action action,
                                base::Deadline deadline, const ActingSettings& settings, Pacing& pacing,
                                Counting* counting, Others* others) {
  return Run({runner, node, ctid, action, deadline, settings, pacing, counting, others}).Go();
}

}  // namespace cvm::node
