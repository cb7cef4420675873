#include "fcgi/telemetry.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "fcgi/metric_table.h"
#include "lib/base/deadline.h"
#include "lib/db/schema_version.h"
#include "lib/log/log.h"
#include "lib/metrics/process.h"

namespace cvm::fcgi {
namespace {

using metrics::Labels;
using metrics::Page;
using metrics::Report;

// The dispatcher never waits long for anything but events.
constexpr std::chrono::seconds kTurnTime{2};
// How long a page waits for the database, and how long what it said is good.
constexpr std::chrono::milliseconds kPatience{1500};
constexpr std::chrono::milliseconds kAskTime{1000};
constexpr std::chrono::seconds kCollectionsGood{15};
constexpr std::chrono::seconds kDatabaseGood{2};

template <class Number>
double D(Number number) {
  return static_cast<double>(number);
}

double Seconds(std::chrono::system_clock::time_point when) {
  return std::chrono::duration<double>(when.time_since_epoch()).count();
}

Page Problem(const std::string& why) {
  return {503, Page().content_type, why + "\n"};
}

Page Good() {
  return {200, Page().content_type, "ok\n"};
}

void DescribeServer(const Server& server, const config::WorkerSettings& limits, Report& report) {
  const ConnectionFigures connections = server.Figures();
  report.Add(metric::kConnections, D(connections.idle), {{"state", "idle"}});
  report.Add(metric::kConnections, D(connections.queued), {{"state", "queued"}});
  report.Add(metric::kConnections, D(connections.at_work), {{"state", "at_work"}});
  report.Add(metric::kConnectionsLimit, D(limits.max_connections));
  report.Add(metric::kThreads, D(limits.threads));
  report.Add(metric::kDraining, server.draining() ? 1 : 0);
}

void DescribeDatabase(const db::PoolFigures& pool, Report& report) {
  report.Add(metric::kDbLimit, D(pool.limit));
  report.Add(metric::kDbOpen, D(pool.open));
  report.Add(metric::kDbInUse, D(pool.in_use));
  report.Add(metric::kDbWaiting, D(pool.waiting));
  report.Add(metric::kDbWaits, D(pool.waits));
  report.Add(metric::kDbTimeouts, D(pool.timeouts));
  report.Add(metric::kDbConnects, D(pool.connects));
  report.Add(metric::kDbConnectFailures, D(pool.connect_failures));
  report.Add(metric::kDbLost, D(pool.lost));
}

void DescribeSessions(const ssh::PoolFigures& pool, Report& report) {
  std::size_t in_use = 0, idle = 0, waiting = 0;
  for (const ssh::PoolFigures::Sessions& sessions : pool.endpoints) {
    in_use += sessions.in_use;
    idle += sessions.open - sessions.in_use;
    waiting += sessions.waiting;
  }
  report.Add(metric::kSshSessions, D(in_use), {{"state", "in_use"}});
  report.Add(metric::kSshSessions, D(idle), {{"state", "idle"}});
  report.Add(metric::kSshWaiting, D(waiting));
  report.Add(metric::kSshOpened, D(pool.opened));
  report.Add(metric::kSshFailed, D(pool.failed));
  report.Add(metric::kSshDropped, D(pool.dropped));
}

void DescribeBreaker(const node::Breaker::Circuit* circuit, const Labels& node, Report& report) {
  report.Add(metric::kNodeUp, circuit == nullptr ? 1 : 0, node);
  report.Add(metric::kNodeBreaker, circuit == nullptr ? 0 : circuit->trying ? 2 : 1, node);
  report.Add(metric::kNodeFailures, circuit == nullptr ? 0 : D(circuit->failures), node);
}

void DescribeNode(const node::NodeFigures& figures, const node::Bounds::Count& waiting, Report& report) {
  const Labels node = {{"node", figures.name}};
  const Labels status = {{"node", figures.name}, {"kind", "status"}};
  const Labels action = {{"node", figures.name}, {"kind", "action"}};
  if (figures.latency) {
    report.Add(metric::kNodeLatency, std::chrono::duration<double>(*figures.latency).count(), node);
    report.Add(metric::kNodeAnswered, Seconds(figures.answered_at), node);
  }
  report.Add(metric::kNodeQuestions, D(figures.questions), node);
  report.Add(metric::kNodeFailed, D(figures.failed), node);
  report.Add(metric::kNodeActions, D(figures.actions), node);
  report.Add(metric::kNodeRefused, D(figures.statuses_refused), status);
  report.Add(metric::kNodeRefused, D(figures.actions_refused), action);
  report.Add(metric::kNodeWaiting, D(waiting.looks), status);
  report.Add(metric::kNodeWaiting, D(waiting.actions), action);
}

// Joins what the layers know of each node, by where it is.
void DescribeNodes(const Watched& watched, const ssh::PoolFigures& pool, Report& report) {
  const node::OpenVzFigures figures = watched.hypervisor.Figures();
  const auto circuits = watched.breaker.OpenCircuits();
  std::unordered_map<std::string, const node::Breaker::Circuit*> open;
  for (const auto& circuit : circuits) open[circuit.endpoint] = &circuit;
  std::unordered_map<std::string, std::size_t> sessions;
  for (const auto& endpoint : pool.endpoints) sessions[endpoint.endpoint] = endpoint.open;
  for (const node::NodeFigures& node : figures.nodes) {
    const auto circuit = open.find(node.endpoint);
    const auto waiting = figures.waiting.find(node.id);
    DescribeBreaker(circuit == open.end() ? nullptr : circuit->second, {{"node", node.name}}, report);
    DescribeNode(node, waiting == figures.waiting.end() ? node::Bounds::Count() : waiting->second, report);
    report.Add(metric::kNodeSessions, D(sessions[node.endpoint]), {{"node", node.name}});
  }
  report.Add(metric::kNodeWaitLimit, D(figures.bounds.waits));
  report.Add(metric::kBatchSize, watched.hypervisor.BatchSizes());
}

void DescribeProcess(Report& report) {
  report.Add(metric::kBuildInfo, 1, {{"version", CVM_VERSION}});
  report.Add(metric::kLogDropped, D(log::Dropped()));
  const auto process = metrics::ReadProcess();
  if (!process) return;
  report.Add(metric::kProcessStart, process->started);
  report.Add(metric::kProcessCpu, process->cpu_seconds);
  report.Add(metric::kProcessResident, D(process->resident));
  report.Add(metric::kProcessThreads, D(process->threads));
  report.Add(metric::kProcessFds, D(process->descriptors));
  report.Add(metric::kProcessMaxFds, D(process->most_descriptors));
}

void DescribePairs(const vps::Service& service, Report& report) {
  const auth::CryptCheck::Figures crypt = service.CryptChecks();
  report.Add(metric::kCryptRunning, D(crypt.running));
  report.Add(metric::kCryptWaiting, D(crypt.waiting));
  report.Add(metric::kCryptChecks, D(crypt.checked));
  report.Add(metric::kCryptRefused, D(crypt.refused));
  const auth::LastUse::Figures uses = service.LastUses();
  report.Add(metric::kUnwrittenUses, D(uses.unwritten));
  report.Add(metric::kUsesDropped, D(uses.dropped));
}

void DescribeCollections(const std::vector<Collection>& collections, Report& report) {
  const double now = Seconds(std::chrono::system_clock::now());
  for (const Collection& collection : collections) {
    report.Add(metric::kCollectionAge, now - Seconds(collection.done_at), {{"node", collection.node}});
  }
}

bool AllAtWork(const db::PoolFigures& pool) {
  return !pool.away && pool.in_use == pool.limit;
}

}  // namespace

Telemetry::Telemetry(Watched watched, config::WorkerSettings limits)
    : watched_(watched),
      limits_(limits),
      collections_([this] { return ReadCollections(watched_.database); }, kCollectionsGood),
      database_problem_([this] { return AskDatabase(); }, kDatabaseGood) {}

// Why the database cannot be worked with. That all connections to it are at work is none: it is loaded.
std::optional<std::string> Telemetry::AskDatabase() const {
  const auto checked = db::CheckProgram(watched_.database, db::kSchemaVersion, base::Deadline::In(kAskTime));
  if (checked) return std::nullopt;
  const bool unavailable = checked.error().code == base::ErrorCode::kUnavailable;
  if (unavailable && AllAtWork(watched_.database.Figures())) return std::nullopt;
  return checked.error().message;
}

std::optional<std::string> Telemetry::DatabaseProblem() {
  const auto problem = database_problem_.Read(kPatience);
  return problem ? *problem : "database: no answer in time";
}

void Telemetry::Start(const config::MetricsSettings& settings) {
  if (!settings.enabled) return;
  auto listener = metrics::Listener::Start(static_cast<std::uint16_t>(settings.port),
                                           {{"/metrics", [this] { return Metrics(); }},
                                            {"/healthz", [this] { return Health(); }},
                                            {"/readyz", [this] { return Ready(); }}});
  if (!listener) {
    log::Warning("metrics.no_listener", {{"error", listener.error().message},
                                         {"help", "metrics.port = 0 takes any port; requests are served"}});
    return;
  }
  listener_ = std::move(*listener);
  log::Info("metrics.listening", {{"port", std::uint64_t{listener_->port()}}});
  if (settings.directory.empty()) return;
  auto target = metrics::TargetFile::Write(settings.directory, listener_->port());
  if (target) {
    target_.emplace(std::move(*target));
  } else {
    log::Warning("metrics.no_target_file", {{"error", target.error().message}});
  }
}

Page Telemetry::Metrics() {
  Report report;
  DescribeProcess(report);
  watched_.requests.Describe(report);
  DescribeServer(watched_.server, limits_, report);
  report.Add(metric::kDbUp, DatabaseProblem() ? 0 : 1);
  DescribeDatabase(watched_.database.Figures(), report);
  const ssh::PoolFigures sessions = watched_.sessions.Figures();
  DescribeSessions(sessions, report);
  DescribeNodes(watched_, sessions, report);
  report.Add(metric::kUnwrittenEnds, D(watched_.service.UnwrittenEnds()));
  DescribePairs(watched_.service, report);
  DescribeCollections(collections_.Read(kPatience).value_or(std::vector<Collection>()), report);
  return {200, Report::ContentType(), report.Text()};
}

Page Telemetry::Health() {
  if (watched_.server.Turns(base::Deadline::In(kTurnTime))) return Good();
  return Problem("the dispatcher does not turn");
}

Page Telemetry::Ready() {
  if (watched_.server.draining()) return Problem("about to end: requests in flight are finished");
  const auto problem = DatabaseProblem();
  return problem ? Problem(*problem) : Good();
}

}  // namespace cvm::fcgi
