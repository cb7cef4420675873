// What the operator does with VPSes and templates.
#ifndef CVM_LIB_VPS_ADMIN_H_
#define CVM_LIB_VPS_ADMIN_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/audit/audit.h"
#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/db/db.h"
#include "lib/node/node.h"
#include "lib/traffic/count.h"
#include "lib/traffic/ledger.h"
#include "lib/vps/vps.h"

namespace cvm::vps {

struct Template {
  std::uint64_t id = 0;
  std::string name;
  std::string description;
};

// A VPS as it is added. The names are looked up in the transaction that inserts it.
struct NewVps {
  std::string node;
  std::string user;
  base::Ctid ctid;
  std::string hostname;
  std::uint64_t guaranteed_ram = 0;
  std::optional<std::uint64_t> burstable_ram;
  std::uint64_t disk_space = 0;
  std::uint64_t cpu_count = 0;
  std::optional<std::uint64_t> template_id;
  Traffic traffic;  // limits and accounting; what is used is ignored
};

// What is to be changed of a VPS; nothing: stays.
struct Changes {
  std::optional<std::string> hostname;
  std::optional<std::uint64_t> guaranteed_ram;
  std::optional<std::uint64_t> burstable_ram;  // 0: vSwap
  std::optional<std::uint64_t> disk_space;
  std::optional<std::uint64_t> cpu_count;
  std::optional<Traffic> traffic;  // limits and accounting
  std::optional<std::uint64_t> billing_day;
  std::optional<std::string> node;
  std::optional<base::Ctid> ctid;
};

struct Change {
  std::string what;
  std::string before;
  std::string after;
};

struct SetReport {
  std::vector<Change> changes;  // what was not so before
  traffic::Period period;       // that is running now
  traffic::Move move;           // how it came to be
};

// A VPS as it is listed, with the names of its user and node.
struct Listed {
  Vps vps;
  std::string user;
  std::string node;
};

// How a change of state went at the node. `warning`: the reason where the container is not known to be
// stopped; without `stop_pending` the stop was given up, as the node is out of service.
struct StopReport {
  bool stop_pending = false;
  std::string warning;
};

// What a round of stops that were pending came to.
struct RetryReport {
  std::uint64_t stopped = 0;  // or given up
  std::uint64_t pending = 0;  // still
};

class Admin {
 public:
  struct Settings {
    audit::Actor actor{audit::ActorKind::kOperator, ""};  // who stands in the records of what is done
    // How long a suspension waits for customers' actions that were under way when it was committed, and then
    // as long again for another vzctl's lock.
    std::chrono::milliseconds intent_wait{30000};
    traffic::Settings traffic{};
  };

  // Both must outlive this.
  Admin(db::Pool& pool, node::Hypervisor& hypervisor) : Admin(pool, hypervisor, Settings()) {}
  Admin(db::Pool& pool, node::Hypervisor& hypervisor, Settings settings)
      : pool_(pool), hypervisor_(hypervisor), settings_(std::move(settings)) {}

  base::Result<std::uint64_t> AddTemplate(const std::string& name, const std::string& description,
                                          base::Deadline deadline);
  base::Result<std::vector<Template>> ListTemplates(base::Deadline deadline);

  // A stop that is still due to a terminated VPS of the same container is due no more: the container passes
  // on. Needs neither the node nor the container to be there. kNotFound: no such node, user or template;
  // kConflict: a VPS that is not terminated has that CTID on that node, or what was sent for one that is may
  // be under way there.
  base::Result<std::uint64_t> Add(const NewVps& vps, base::Deadline deadline);
  base::Result<std::vector<Listed>> List(base::Deadline deadline);

  // Changes what the database says of a VPS, with a record for each change; no node is asked and no container
  // touched. A changed billing day is followed at once (traffic::MovePeriod). kNotFound: no such VPS or node;
  // kConflict: it is terminated; or it is to have another container, and that one is another VPS's, or
  // something is under way on it for a terminated one, or under way or due on the one that it has.
  base::Result<SetReport> Set(std::uint64_t id, const Changes& changes, base::Deadline deadline);

  // Commits the state, waits for customers' actions that are under way, books the container's traffic, then
  // stops it. A node that
  // cannot be reached is reported and is no error: the VPS is suspended or terminated all the same. The stop
  // stays pending until the node says that the container is stopped (or, of a terminated VPS, that it has
  // none) and no start from before can still come to pass; on a node out of service it is given up, with a
  // record. No data is destroyed. kNotFound: no such VPS;
  // kConflict: suspend or unsuspend of a terminated one. Repeating a suspension stops what runs; repeating a
  // termination tries a stop again that is pending.
  base::Result<StopReport> Suspend(std::uint64_t id, base::Deadline deadline);
  base::Result<StopReport> Terminate(std::uint64_t id, base::Deadline deadline);
  // Back to active. Does not start the container.
  base::Status Unsuspend(std::uint64_t id, base::Deadline deadline);

  // Tries every pending stop once, in order of the VPSes, as long as the deadline lasts; `actor` stands in
  // the records. Of the tries that fail a VPS gets one record a day (UTC).
  base::Result<RetryReport> RetryPending(const audit::Actor& actor, base::Deadline deadline);

 private:
  base::Result<StopReport> HaltAndStop(std::uint64_t id, State state, base::Deadline deadline);
  base::Result<StopReport> RetryStop(std::uint64_t id, const audit::Actor& actor, base::Deadline deadline);
  // `retried`: the VPS whose pending stop was tried again; 0: it was no such try.
  void EndRecord(std::uint64_t record, std::uint64_t retried, bool done, base::Deadline deadline);
  void AwaitIntents(std::uint64_t id, std::uint64_t record, base::Deadline deadline);
  struct Due;
  base::Result<StopReport> Stop(std::uint64_t id, base::Deadline deadline);
  base::Result<StopReport> Settle(const Due& before, base::Deadline deadline);
  audit::Intent IntentOf(std::uint64_t id, std::uint64_t user_id, std::string_view action) const;

  db::Pool& pool_;
  node::Hypervisor& hypervisor_;
  const Settings settings_;
};

}  // namespace cvm::vps

#endif  // CVM_LIB_VPS_ADMIN_H_
