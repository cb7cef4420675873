// Actions in flight: a real database and a real node, with customers' actions and an operator's suspensions
// on one VPS, and a driver that a test can hold still before and after it acts, and after it looked.
#ifndef CVM_TESTS_SUPPORT_FLIGHT_H_
#define CVM_TESTS_SUPPORT_FLIGHT_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/auth/store.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "lib/node/openvz.h"
#include "lib/node/store.h"
#include "lib/vps/admin.h"
#include "lib/vps/service.h"
#include "tests/support/ssh_node.h"
#include "tests/support/test_database.h"

namespace cvm::test {

// A place that threads pass, and at which a test can hold them.
class Barrier {
 public:
  void Hold() { Set(true); }
  void Release() { Set(false); }
  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    --arrived_;
  }
  // Returns once a thread is held.
  void AwaitHeld() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_until(lock, Patience().when(), [this] { return arrived_ > 0; })) {
      throw std::runtime_error("nobody came to the barrier");
    }
  }

 private:
  void Set(bool held) {
    const std::lock_guard<std::mutex> lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int arrived_ = 0;
};

class HeldHypervisor : public node::Hypervisor {
 public:
  explicit HeldHypervisor(node::Hypervisor& inner) : inner_(inner) {}
  base::Result<std::optional<node::Container>> Inspect(const node::Node& node, base::Ctid ctid,
                                                       base::Deadline deadline) override {
    auto container = inner_.Inspect(node, ctid, deadline);
    looked.Pass();
    return container;
  }
  base::Result<node::Bounds::Place> Admit(const node::Node& node) override { return inner_.Admit(node); }
  base::Result<node::Outcome> Act(const node::Node& node, base::Ctid ctid, node::Action action,
                                  base::Deadline deadline) override {
    before.Pass();
    auto outcome = inner_.Act(node, ctid, action, deadline);
    after.Pass();
    return outcome;
  }
  base::Result<node::Outcome> ActCounted(const node::Node& node, base::Ctid ctid, node::Action action,
                                         base::Deadline deadline, node::Counting& counting,
                                         node::Others* others) override {
    before.Pass();
    auto outcome = inner_.ActCounted(node, ctid, action, deadline, counting, others);
    after.Pass();
    return outcome;
  }
  Barrier before, after, looked;

 private:
  node::Hypervisor& inner_;
};

template <class T>
T Must(base::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

// One node and one VPS, container 101 or the one that is given.
class Flight {
 public:
  explicit Flight(testnode::TestNode& test_node, std::string container, node::ActingSettings acting = {})
      : node(test_node), ctid(std::move(container)), openvz_(sessions_, Driver(acting)) {
    Must(db::Migrate(pool, db::EmbeddedMigrations(), Patience()));
    Must(auth::Store(pool).AddUser("ann", std::nullopt, Patience()));
    placed.node.name = "alpha";
    placed.node.endpoint = tests::EndpointOf(node);
    placed.node.id = Must(node::Store(pool).Add(placed.node, Patience()));
    vps::NewVps added{"alpha", "ann", *base::Ctid::Parse(ctid), "www.example.net", 512, {}, 1000, 1, {}, {}};
    placed.vps.id = Must(admin.Add(added, Patience()));
    placed.vps.user_id = 1;
    placed.vps.ctid = ctid;
  }

  vps::ActionResult Act(node::Action action, vps::Origin origin = {}) {
    return Must(service.Act(placed, action, origin, Patience()));
  }
  vps::Admin Impatient() { return vps::Admin(pool, openvz_, {{}, std::chrono::milliseconds(100)}); }

  std::string State() { return Column(pool, "SELECT state FROM vpses").at(0); }
  bool StopPending() { return Number(pool, "SELECT stop_pending FROM vpses") != 0; }
  bool Runs() {
    const auto container = Must(
        openvz_.Inspect(placed.node, *base::Ctid::Parse(ctid), base::Deadline::In(std::chrono::seconds(20))));
    return container.has_value() && container->running;
  }
  // How often vzctl was begun with this verb.
  std::size_t Begun(const std::string& verb) const {
    const std::string text = node.Read("/var/lib/vzctl/begun");
    std::size_t count = 0;
    for (std::size_t at = text.find(Words(verb)); at != std::string::npos;
         at = text.find(Words(verb), at + 1)) {
      ++count;
    }
    return count;
  }
  std::uint64_t OpenIntents() {
    return Number(pool, "SELECT COUNT(*) FROM action_log WHERE ended_at IS NULL AND actor_kind = 'customer'");
  }
  std::vector<std::string> Ends() {
    return Column(pool,
                  "SELECT CONCAT(action, ' ', COALESCE(outcome, 'open')) FROM action_log WHERE action "
                  "NOT LIKE '%-add' ORDER BY id");
  }

  TestDatabase database;
  db::Pool pool{database.Root()};
  testnode::TestNode& node;
  const std::string ctid;
  vps::Placed placed;

 private:
  static node::OpenVzSettings Driver(node::ActingSettings acting) {
    node::OpenVzSettings settings;
    settings.acting = acting;
    return settings;
  }
  std::string Words(const std::string& verb) const { return ctid + " " + verb + " "; }

  ssh::Pool sessions_{tests::SettingsOf(node)};
  node::OpenVz openvz_;

 public:
  HeldHypervisor held{openvz_};
  vps::Service service{pool, held};
  vps::Admin admin{pool, openvz_, {{audit::ActorKind::kOperator, "olga"}, std::chrono::seconds(30)}};
};

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_FLIGHT_H_
