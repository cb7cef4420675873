// cvm-client-api: the worker. Takes the listening socket on descriptor 0, as spawn-fcgi or systemd gives it.
#include <fcntl.h>
#include <getopt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fcgi/options.h"
#include "fcgi/request_meter.h"
#include "fcgi/schema_gate.h"
#include "fcgi/server.h"
#include "fcgi/signals.h"
#include "fcgi/telemetry.h"
#include "lib/api/app.h"
#include "lib/api/words.h"
#include "lib/audit/audit.h"
#include "lib/config/check.h"
#include "lib/config/config.h"
#include "lib/config/threads.h"
#include "lib/db/schema_version.h"
#include "lib/log/log.h"
#include "lib/node/breaker.h"
#include "lib/node/openvz.h"
#include "lib/ssh/ssh.h"
#include "lib/vps/service.h"

namespace {

using namespace cvm;  // NOLINT: this is the place that wires everything

constexpr int kListeningSocket = 0;
// No descriptor of this program may be one of the three that libraries take for standard streams.
constexpr int kFirstDescriptor = 3;

struct Options {
  std::string config = fcgi::kDefaultConfig;
  bool check = false;
};

[[noreturn]] void PrintAndExit(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::exit(std::fflush(stdout) == 0 ? 0 : 1);
}

[[noreturn]] void RefuseUsage() {
  std::fputs("cvm-client-api: see 'cvm-client-api --help'\n", stderr);
  std::exit(2);
}

// The table as getopt wants it.
std::vector<option> LongOptions() {
  std::vector<option> longs;
  for (const fcgi::OptionRow& row : fcgi::OptionRows()) {
    longs.push_back({row.name, row.value == nullptr ? no_argument : required_argument, nullptr, row.letter});
  }
  longs.push_back({nullptr, 0, nullptr, 0});
  return longs;
}

Options ParseOptions(int argc, char** argv) {
  const std::vector<option> longs = LongOptions();
  Options options;
  for (int letter; (letter = getopt_long(argc, argv, "", longs.data(), nullptr)) != -1;) {
    if (letter == 'c') options.config = optarg;
    if (letter == 'k') options.check = true;
    if (letter == 'V') PrintAndExit("cvm-client-api " CVM_VERSION "\n");
    if (letter == 'h') PrintAndExit(fcgi::Usage());
    if (letter == '?') RefuseUsage();
  }
  if (optind != argc) RefuseUsage();
  return options;
}

int Fail(const base::Error& error) {
  std::fprintf(stderr, "cvm-client-api: %s\n", error.message.c_str());
  return 1;
}

int Check(const std::string& path) {
  bool good = true;
  for (const config::Step& step : config::Check(path, config::Program::kWorker)) {
    std::printf("%-4s %s: %s\n", step.ok ? "ok" : "BAD", step.name.c_str(), step.detail.c_str());
    good = good && step.ok;
  }
  return good && std::fflush(stdout) == 0 ? 0 : 1;
}

fcgi::Server::Settings ServerSettings(const config::WorkerSettings& worker) {
  fcgi::Server::Settings settings;
  settings.threads = worker.threads;
  settings.max_connections = worker.max_connections;
  settings.io_timeout = worker.io_timeout;
  settings.request_timeout = worker.request_timeout;
  return settings;
}

// An intent that is older than any request is one whose worker died.
static_assert(audit::kLongestIntent >= std::chrono::seconds(config::kMostRequestSeconds));

vps::Service::Settings ActionSettings(const config::Settings& all) {
  const config::WorkerSettings& worker = all.worker;
  const config::ThreadShares shares = config::ShareThreads(worker);
  vps::Service::Settings settings;
  settings.turn_wait = worker.turn_wait;
  settings.traffic = all.traffic;
  settings.crypt.at_once = worker.crypt_checks;
  settings.crypt.requests = shares.crypt;
  return settings;
}

// A node holds a thread for as long as it is waited for.
node::OpenVzSettings NodeSettings(const config::WorkerSettings& worker, std::size_t sessions_per_node) {
  const std::size_t spare = std::max<std::size_t>(sessions_per_node, 3) - 2;
  const config::ThreadShares shares = config::ShareThreads(worker);
  node::OpenVzSettings settings;
  settings.acting.lock_retry = worker.lock_wait;
  settings.bounds.waits = shares.waits;
  settings.bounds.looks_per_node = worker.waits_per_node;
  settings.bounds.actions = shares.actions;
  settings.bounds.actions_per_node = worker.actions_per_node > 0 ? worker.actions_per_node : spare;
  return settings;
}

// A try opens a session, which may take all of its time, and runs a command on it.
node::BreakerSettings BreakerSettings(const ssh::Settings& sessions) {
  node::BreakerSettings settings;
  settings.knock = sessions.connect_timeout + std::chrono::seconds(5);
  return settings;
}

// A database that is away now may come back; one that this program was not built for will not change by
// itself.
base::Status RefuseWrongSchema(db::Pool& pool) {
  const auto checked =
      db::CheckProgram(pool, db::kSchemaVersion, base::Deadline::In(std::chrono::seconds(5)));
  if (checked) return {};
  log::Error("start.database", {{"error", checked.error().message}});
  return checked.error().code == base::ErrorCode::kUnavailable ? base::Status() : checked;
}

// Connections, nodes and databases take a descriptor each: the usual soft limit of 1024 is too low.
void RaiseDescriptorLimit(const config::WorkerSettings& worker) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  const bool raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
  const rlim_t wanted = worker.max_connections + 4 * worker.threads;
  if (raised && limit.rlim_cur >= wanted) return;
  log::Warning("start.descriptors", {{"limit", static_cast<std::uint64_t>(limit.rlim_cur)},
                                     {"wanted", static_cast<std::uint64_t>(wanted)},
                                     {"help", "raise the limit of open files (ulimit -Hn, LimitNOFILE=)"}});
}

// The listening socket under another number, with /dev/null in its old place: it is closed at the beginning
// of a drain, and what is opened during one must not become descriptor 0.
base::Result<int> TakeListeningSocket() {
  const int socket = fcntl(kListeningSocket, F_DUPFD_CLOEXEC, kFirstDescriptor);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (socket < 0 || nothing < 0 || dup2(nothing, kListeningSocket) < 0) {
    return base::Error{base::ErrorCode::kInvalid,
                       "there is no listening socket on descriptor 0: start this program by spawn-fcgi"};
  }
  close(nothing);
  return socket;
}

base::Status Serve(config::Settings settings) {
  RaiseDescriptorLimit(settings.worker);
  db::Pool database(std::move(settings.database));
  if (auto refused = RefuseWrongSchema(database); !refused) return refused;
  ssh::Pool sessions(settings.ssh);
  node::Breaker breaker(sessions, BreakerSettings(settings.ssh));
  node::OpenVz hypervisor(breaker, NodeSettings(settings.worker, settings.ssh.sessions_per_endpoint));
  vps::Service service(database, hypervisor, ActionSettings(settings));
  const api::App app(service, {settings.worker.status_timeout});
  fcgi::SchemaGate gate([&](base::Deadline by) { return db::CheckProgram(database, db::kSchemaVersion, by); },
                        [&](const api::Request& request) { return app.Handle(request); }, api::DatabaseAway);

  fcgi::RequestMeter requests;
  fcgi::Server::Hooks hooks;
  hooks.handle = [&](const api::Request& request) { return gate.Handle(request); };
  hooks.internal_error = api::InternalError;
  hooks.answered = [&](const api::Request& request, const api::Response& response, auto taken) {
    requests.Count(request.target, response.status, taken);
  };
  const auto socket = TakeListeningSocket();
  if (!socket) return socket.error();
  auto server = fcgi::Server::Create(*socket, ServerSettings(settings.worker), std::move(hooks));
  if (!server) return server.error();
  fcgi::Telemetry telemetry({**server, requests, database, sessions, breaker, hypervisor, service},
                            settings.worker);
  telemetry.Start(settings.metrics);
  const fcgi::SignalThread signals([&] { (*server)->Stop(); }, log::Reopen);
  log::Info("start", {{"version", CVM_VERSION},
                      {"threads", settings.worker.threads},
                      {"pid", static_cast<std::uint64_t>(getpid())}});
  auto served = (*server)->Run();
  log::Info("stop");
  return served;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  fcgi::BlockSignals();
  if (options.check) return Check(options.config);
  auto settings = config::Load(options.config, config::Program::kWorker);
  if (!settings) return Fail(settings.error());
  if (auto opened = log::Init(settings->log); !opened) return Fail(opened.error());
  const auto served = Serve(std::move(*settings));
  if (!served) log::Error("exit", {{"error", served.error().message}});
  log::Shutdown();
  return served ? 0 : Fail(served.error());
}
