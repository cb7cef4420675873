// What the worker tells its machine's monitoring: /metrics, /healthz and /readyz on loopback. Figures are
// read from the modules when somebody asks for them, by threads of the listener's own.
#ifndef CVM_FCGI_TELEMETRY_H_
#define CVM_FCGI_TELEMETRY_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fcgi/collections.h"
#include "fcgi/lately.h"
#include "fcgi/request_meter.h"
#include "fcgi/server.h"
#include "lib/config/config.h"
#include "lib/db/db.h"
#include "lib/metrics/listener.h"
#include "lib/metrics/report.h"
#include "lib/metrics/target_file.h"
#include "lib/node/breaker.h"
#include "lib/node/openvz.h"
#include "lib/ssh/ssh.h"
#include "lib/vps/service.h"

namespace cvm::fcgi {

// What is watched. All of it outlives the Telemetry.
struct Watched {
  Server& server;
  const RequestMeter& requests;
  db::Pool& database;
  const ssh::Pool& sessions;
  const node::Breaker& breaker;
  node::OpenVz& hypervisor;
  const vps::Service& service;
};

class Telemetry {
 public:
  Telemetry(Watched watched, config::WorkerSettings limits);
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  // Opens the listener and writes its file, where the settings want them. The worker serves without them:
  // what fails is logged as a warning.
  void Start(const config::MetricsSettings& settings);

  metrics::Page Metrics();
  // The process lives: its dispatcher turns.
  metrics::Page Health();
  // It can serve, and is not about to end.
  metrics::Page Ready();

 private:
  std::optional<std::string> DatabaseProblem();
  std::optional<std::string> AskDatabase() const;

  const Watched watched_;
  const config::WorkerSettings limits_;
  Lately<std::vector<Collection>> collections_;
  Lately<std::optional<std::string>> database_problem_;
  std::unique_ptr<metrics::Listener> listener_;  // its threads use the above
  std::optional<metrics::TargetFile> target_;
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_TELEMETRY_H_
