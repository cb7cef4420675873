// The booking of a container's counters in front of a stop or restart of ours, which ends its life and with
// it the counters: what is lost is what passed after the reading. A booking that is overtaken is tried again,
// with another reading. A reading or booking that fails is logged and stops nothing.
#ifndef CVM_LIB_TRAFFIC_HALT_H_
#define CVM_LIB_TRAFFIC_HALT_H_

#include <cstdint>
#include <optional>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/db/db.h"
#include "lib/node/node.h"
#include "lib/traffic/book.h"

namespace cvm::traffic {

// For one action of one thread.
class BeforeHalt : public node::Counting {
 public:
  BeforeHalt(db::Pool& pool, std::uint64_t vps_id, std::uint64_t node_id, base::Ctid ctid,
             const Settings& settings, base::Deadline deadline)
      : pool_(pool),
        vps_id_(vps_id),
        node_id_(node_id),
        ctid_(ctid),
        settings_(settings),
        deadline_(deadline) {}

  void BeforeReading() override;
  bool Take(const node::ContainerReading& reading) override;

 private:
  void Tell(const base::Error& error) const;

  db::Pool& pool_;
  const std::uint64_t vps_id_;
  const std::uint64_t node_id_;
  const base::Ctid ctid_;
  const Settings settings_;
  const base::Deadline deadline_;
  std::optional<Noted> noted_;
  unsigned overtaken_ = 0;
};

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_HALT_H_
