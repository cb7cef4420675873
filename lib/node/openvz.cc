#include "lib/node/openvz.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "lib/node/survey.h"

namespace cvm::node {
namespace {

base::Error TooMany(const Node& node, const char* what, const Bounds::Place& refused) {
  const std::string where = refused.nodes_share() ? "node " + node.name : "all nodes together";
  return {base::ErrorCode::kOverloaded, std::string("too many ") + what + " wait for " + where};
}

base::Error OutOfService(const Node& node) {
  return {base::ErrorCode::kUnavailable, "node " + node.name + " is out of service"};
}

}  // namespace

class OpenVz::Impl {
 public:
  Impl(ssh::Runner& runner, OpenVzSettings settings)
      : runner_(runner),
        acting_(settings.acting),
        bounds_settings_(settings.bounds),
        bounds_(settings.bounds),
        patience_(settings.batch.patience),
        survey_(runner),
        batcher_([this](const Node& node, const std::vector<base::Ctid>& ctids,
                        base::Deadline deadline) { return Survey(node, ctids, deadline); },
                 std::move(settings.batch)) {}

  Answer Inspect(const Node& node, base::Ctid ctid, base::Deadline deadline) {
    if (node.retired) return OutOfService(node);
    const auto place = bounds_.ToLook(node.id);
    const bool apart = survey_.Spoils(node, ctid);
    auto answer =
        place ? batcher_.Ask(node, ctid, deadline, apart) : Answer(TooMany(node, "questions", place));
    if (!answer && answer.error().code == base::ErrorCode::kOverloaded) {
      meter_.StatusRefused(node);
      // The one who is asking it has not come back for long.
      if (place && !apart) bounds_.Found(node.id, false);
    }
    return answer;
  }

  base::Result<Bounds::Place> Admit(const Node& node) {
    if (node.retired) return OutOfService(node);
    auto place = bounds_.ToAct(node.id);
    if (place) return place;
    meter_.ActionRefused(node);
    return TooMany(node, "actions", place);
  }

  base::Result<Outcome> Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline,
                            Counting* counting, Others* others) {
    if (node.retired) return OutOfService(node);
    meter_.Acted(node);
    return RunAction(runner_, node, ctid, action, deadline, acting_, SystemPacing(), counting, others);
  }

  OpenVzFigures Figures() { return {meter_.Read(), bounds_.Waiting(), bounds_settings_}; }
  const metrics::Histogram& BatchSizes() const { return meter_.batch_sizes(); }

 private:
  Answers Survey(const Node& node, const std::vector<base::Ctid>& ctids, base::Deadline deadline) {
    const bool apart = ctids.size() == 1 && survey_.Spoils(node, ctids.front());
    const auto begun = Meter::Clock::now();
    Answers answers = survey_.Ask(node, ctids, deadline);
    const auto took = Meter::Clock::now() - begun;
    const bool answered =
        std::any_of(answers.begin(), answers.end(), [](const auto& answer) { return answer.second.ok(); });
    meter_.Asked(node, ctids.size(), took, answered);
    // An answer that is of no use holds nobody up, and what one that spoils it does is not the node's doing.
    const bool prompt = took <= patience_ && !AllSilent(answers);
    if (!apart) bounds_.Found(node.id, prompt);
    return answers;
  }

  ssh::Runner& runner_;
  const ActingSettings acting_;
  const BoundsSettings bounds_settings_;
  Meter meter_;
  Bounds bounds_;
  const std::chrono::milliseconds patience_;
  node::Survey survey_;
  Batcher batcher_;
};

OpenVz::OpenVz(ssh::Runner& runner, OpenVzSettings settings)
    : impl_(std::make_unique<Impl>(runner, std::move(settings))) {}
OpenVz::~OpenVz() = default;

base::Result<std::optional<Container>> OpenVz::Inspect(const Node& node, base::Ctid ctid,
                                                       base::Deadline deadline) {
  return impl_->Inspect(node, ctid, deadline);
}

base::Result<Bounds::Place> OpenVz::Admit(const Node& node) {
  return impl_->Admit(node);
}

base::Result<Outcome> OpenVz::Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline) {
  return impl_->Act(node, ctid, action, deadline, nullptr, nullptr);
}

base::Result<Outcome> OpenVz::ActCounted(const Node& node, base::Ctid ctid, Action action,
                                         base::Deadline deadline, Counting& counting, Others* others) {
  return impl_->Act(node, ctid, action, deadline, &counting, others);
}

base::Result<Bounds::Place> Hypervisor::Admit(const Node&) {
  return Bounds::Place();
}

base::Result<Outcome> Hypervisor::ActCounted(const Node& node, base::Ctid ctid, Action action,
                                             base::Deadline deadline, Counting&, Others*) {
  return Act(node, ctid, action, deadline);
}

OpenVzFigures OpenVz::Figures() {
  return impl_->Figures();
}

const metrics::Histogram& OpenVz::BatchSizes() const {
  return impl_->BatchSizes();
}

}  // namespace cvm::node
