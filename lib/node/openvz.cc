#include "lib/node/openvz.h"

#include <string>
#include <utility>
#include <vector>

#include "lib/node/survey.h"

namespace cvm::node {
namespace {

base::Error TooMany(const Node& node, const char* what) {
  return {base::ErrorCode::kOverloaded,
          std::string("too many ") + what + " wait for node " + node.name + ", or for all nodes together"};
}

}  // namespace

class OpenVz::Impl {
 public:
  Impl(ssh::Runner& runner, OpenVzSettings settings)
      : runner_(runner),
        acting_(settings.acting),
        bounds_(settings.bounds),
        survey_(runner),
        batcher_([this](const Node& node, const std::vector<base::Ctid>& ctids,
                        base::Deadline deadline) { return survey_.Ask(node, ctids, deadline); },
                 std::move(settings.batch)) {}

  Answer Inspect(const Node& node, base::Ctid ctid, base::Deadline deadline) {
    const auto place = bounds_.ToLook(node.id);
    if (!place) return TooMany(node, "questions");
    return batcher_.Ask(node, ctid, deadline);
  }

  base::Result<Outcome> Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline) {
    const auto place = bounds_.ToAct(node.id);
    if (!place) return TooMany(node, "actions");
    return RunAction(runner_, node, ctid, action, deadline, acting_);
  }

 private:
  ssh::Runner& runner_;
  const ActingSettings acting_;
  Bounds bounds_;
  Survey survey_;
  Batcher batcher_;
};

OpenVz::OpenVz(ssh::Runner& runner, OpenVzSettings settings)
    : impl_(std::make_unique<Impl>(runner, std::move(settings))) {}
OpenVz::~OpenVz() = default;

base::Result<std::optional<Container>> OpenVz::Inspect(const Node& node, base::Ctid ctid,
                                                       base::Deadline deadline) {
  return impl_->Inspect(node, ctid, deadline);
}

base::Result<Outcome> OpenVz::Act(const Node& node, base::Ctid ctid, Action action, base::Deadline deadline) {
  return impl_->Act(node, ctid, action, deadline);
}

}  // namespace cvm::node
