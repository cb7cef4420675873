// What the commands reach the world by: pools and stores, made from the settings. Nothing is contacted before
// a command asks for it.
#ifndef CVM_LIB_CTL_SERVICES_H_
#define CVM_LIB_CTL_SERVICES_H_

#include <chrono>
#include <utility>

#include "lib/audit/audit.h"
#include "lib/auth/store.h"
#include "lib/base/deadline.h"
#include "lib/config/config.h"
#include "lib/ctl/operator.h"
#include "lib/db/db.h"
#include "lib/node/openvz.h"
#include "lib/node/store.h"
#include "lib/ssh/ssh.h"
#include "lib/traffic/count.h"
#include "lib/vps/admin.h"
#include "lib/vps/retention.h"

namespace cvm::ctl {

// How long a suspension waits for what customers have under way.
inline constexpr std::chrono::milliseconds kIntentWait{30000};

class Services {
 public:
  explicit Services(config::Settings settings)
      : logs_to_stderr(settings.log.target == "stderr"),
        ssh_settings(settings.ssh),
        retention(settings.retention),
        traffic_settings(settings.traffic),
        server(Copy(settings.database)),
        pool(std::move(settings.database)),
        runner(ssh_settings) {}

  // The same server and account, another database.
  static db::Settings Copy(const db::Settings& from) {
    db::Settings settings;
    settings.servers = from.servers;
    settings.name = from.name;
    settings.user = from.user;
    settings.password = from.password.Clone();
    settings.tls_ca = from.tls_ca;
    settings.connections = from.connections;
    settings.connect_timeout = from.connect_timeout;
    settings.query_timeout = from.query_timeout;
    return settings;
  }

  const bool logs_to_stderr;
  const ssh::Settings ssh_settings;
  const vps::Retention retention;
  const traffic::Settings traffic_settings;
  const db::Settings server;
  db::Pool pool;
  ssh::Pool runner;
  node::OpenVz hypervisor{runner};
  const audit::Actor actor{audit::ActorKind::kOperator, OperatorName()};
  auth::Store auth{pool, actor};
  node::Store nodes{pool, actor};
  vps::Purger purger{pool, actor};
  vps::Admin vpses{pool, hypervisor, {actor, kIntentWait, traffic_settings}};
};

// For work in the database alone; and for work that stops a container, which may take 180 s.
inline base::Deadline DatabaseDeadline() {
  return base::Deadline::In(std::chrono::seconds(30));
}
inline base::Deadline StopDeadline() {
  return base::Deadline::In(std::chrono::seconds(230));
}
// For removing what is old, batch by batch; what is left is the next call's.
inline base::Deadline TidyDeadline() {
  return base::Deadline::In(std::chrono::minutes(10));
}
// For reading a panel's whole database and writing what is new.
inline base::Deadline ImportDeadline() {
  return base::Deadline::In(std::chrono::minutes(10));
}
// For a migration, which may rebuild tables.
inline base::Deadline MigrationDeadline() {
  return base::Deadline::In(std::chrono::hours(24));
}

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_SERVICES_H_
