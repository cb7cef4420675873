#include "lib/node/epoch.h"

#include "lib/node/reading.h"

namespace cvm::node {

base::Result<std::optional<Epoch>> AskEpoch(ssh::Runner& runner, const Node& node, base::Ctid ctid,
                                            base::Deadline deadline) {
  const auto reading = AskReading(runner, node, {ctid}, deadline);
  if (!reading) return reading.error();
  const auto found = reading->find(ctid);
  if (found == reading->end()) return std::optional<Epoch>();
  if (!found->second.ok()) return found->second.error();
  return std::optional<Epoch>(found->second->epoch);
}

}  // namespace cvm::node
