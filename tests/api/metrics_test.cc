// What the worker tells its machine's monitoring, asked of the running one.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "fcgi/metric_table.h"
#include "tests/support/await.h"
#include "tests/support/fcgi_client.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/text.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

constexpr char kList[] = "/api/client/vps/list";

// The FastCGI worker's own PID; 0 while there is none.
pid_t WorkerPid() {
  const pid_t supervisor = static_cast<pid_t>(std::stol(ReadFile(StackDir() + "/pids/worker")));
  const ProgramResult children = RunProgram({"pgrep", "-P", std::to_string(supervisor)});
  return children.out.empty() ? 0 : static_cast<pid_t>(std::stol(children.out));
}

std::string TargetFile(pid_t worker) {
  return StackDir() + "/run/metrics/" + std::to_string(worker) + ".json";
}

// "127.0.0.1:PORT" of a worker, as its file has it, waited for.
std::string TargetOf(pid_t worker) {
  std::string text;
  BOOST_REQUIRE(Eventually([&] { return !(text = ReadFile(TargetFile(worker))).empty(); }));
  const auto document = ParseJson(text);
  return std::string(*document.root().Elements()->front().Member("targets")->Elements()->front().AsText());
}

HttpAnswer Page(const std::string& path) {
  return Http("http://" + TargetOf(WorkerPid()), {"GET", path, {}, ""});
}

// The samples of a scrape by "name{labels}".
std::map<std::string, double> Scrape() {
  const HttpAnswer answer = Page("/metrics");
  BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.body);
  std::map<std::string, double> samples;
  std::istringstream text(answer.body);
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t blank = line.rfind(' ');
    BOOST_TEST(samples.emplace(line.substr(0, blank), std::stod(line.substr(blank + 1))).second,
               "twice: " << line);
  }
  return samples;
}

double Sample(const std::string& name) {
  const auto samples = Scrape();
  const auto found = samples.find(name);
  BOOST_REQUIRE_MESSAGE(found != samples.end(), name << " is not exported");
  return found->second;
}

// What was counted between two scrapes, without what did not change.
std::map<std::string, double> Growth(const std::map<std::string, double>& before, const std::string& metric) {
  std::map<std::string, double> growth;
  for (const auto& [name, value] : Scrape()) {
    if (name.compare(0, metric.size(), metric) != 0) continue;
    const auto was = before.find(name);
    const double grown = value - (was == before.end() ? 0 : was->second);
    if (grown != 0) growth[name] = grown;
  }
  return growth;
}

std::string Requests(const std::string& route, int status) {
  return "cvm_requests_total{route=\"" + route + "\",status=\"" + std::to_string(status) + "\"}";
}

std::string OfNode(const std::string& metric, const std::string& node) {
  return metric + "{node=\"" + node + "\"}";
}

// And has served a request with a pair, if none that is known: the first one looks at the schema, which later
// tests take for done.
void WaitUntilReady() {
  BOOST_TEST(Eventually([] { return WorkerPid() != 0 && Page("/readyz").status == 200; }));
  const Headers nobodys = {{"API-Public-Token", "nobodys"}, {"API-Private-Token", "pair"}};
  BOOST_TEST(Eventually([&] { return TheWorld().Send({"GET", kList, nobodys, ""}).status == 401; }));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(CountsGrowByExactlyWhatWasAsked) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  const std::string vps = world.NewVps(pair.user, world.NewContainer("running"));
  const std::string path = "/api/client/vps/" + vps;
  const auto before = Scrape();
  for (int i = 0; i < 3; ++i) world.Ask(pair, "GET", kList);
  world.Ask(pair, "HEAD", std::string(kList) + "?query=1");
  world.Ask(pair, "POST", kList);
  world.Send({"GET", kList, {}, ""});
  world.Ask(pair, "GET", "/api/client/some/" + world.Fresh("path"));
  world.Ask(pair, "GET", path + "/status");
  world.Ask(pair, "GET", path);
  world.Ask(pair, "POST", path + "/start");
  world.Ask(pair, "POST", path + "999999/stop");
  const std::map<std::string, double> expected = {
      {Requests("list", 200), 4},  {Requests("list", 405), 1},   {Requests("list", 401), 1},
      {Requests("other", 404), 1}, {Requests("status", 200), 2}, {Requests("start", 200), 1},
      {Requests("stop", 404), 1},
  };
  BOOST_TEST(Eventually([&] { return Growth(before, "cvm_requests_total") == expected; }));
  for (const auto& [name, count] : Growth(before, "cvm_requests_total")) {
    BOOST_TEST((expected.count(name) == 1 && expected.at(name) == count), name << " grew by " << count);
  }
  const auto times = Growth(before, "cvm_request_duration_seconds_count");
  BOOST_TEST(times.at("cvm_request_duration_seconds_count{route=\"list\"}") == 6);
  BOOST_TEST(times.at("cvm_request_duration_seconds_count{route=\"status\"}") == 2);
}

BOOST_AUTO_TEST_CASE(ANodeThatAnswersIsUpAndOneThatDoesNotHasAnOpenBreaker) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  const std::string here = world.NewVps(pair.user, world.NewContainer("running"));
  const std::string gone = world.NewVps(pair.user, "77", world.Nowhere());
  const auto before = Scrape();
  BOOST_TEST(world.Condition(pair, here) == "running");
  BOOST_TEST(world.Condition(pair, gone) == "unknown");
  const auto after = Scrape();
  BOOST_TEST(after.at(OfNode("cvm_node_up", world.node)) == 1);
  BOOST_TEST(after.at(OfNode("cvm_node_breaker_state", world.node)) == 0);
  BOOST_TEST(after.at(OfNode("cvm_node_latency_seconds", world.node)) > 0);
  BOOST_TEST(after.at(OfNode("cvm_node_ssh_sessions", world.node)) >= 1);
  BOOST_TEST(after.at(OfNode("cvm_node_up", world.Nowhere())) == 0);
  BOOST_TEST(after.at(OfNode("cvm_node_breaker_state", world.Nowhere())) >= 1);
  BOOST_TEST(after.at(OfNode("cvm_node_failed_tries", world.Nowhere())) >= 1);
  BOOST_TEST(after.count(OfNode("cvm_node_latency_seconds", world.Nowhere())) == 0u);
  BOOST_TEST(Growth(before, "cvm_node_questions_total").at(OfNode("cvm_node_questions_total", world.node)) ==
             1);
  BOOST_TEST(Growth(before, "cvm_batch_containers_count").at("cvm_batch_containers_count") == 2);
}

BOOST_AUTO_TEST_CASE(WhatIsExportedIsWhatTheTableHolds) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  BOOST_TEST(world.Condition(pair, world.NewVps(pair.user, world.NewContainer("running"))) == "running");
  std::set<std::string> exported, table;
  std::istringstream text(Page("/metrics").body);
  for (std::string line; std::getline(text, line);) {
    if (line.compare(0, 7, "# TYPE ") == 0) exported.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  for (const auto* definition : cvm::fcgi::metric::All()) table.insert(definition->name);
  exported.insert(cvm::fcgi::metric::kCollectionAge.name);  // nothing was collected here, perhaps
  BOOST_TEST(exported == table, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(TheAgeOfANodesCollectionIsShownOnceThereWasOneOrAVps) {
  const std::string name = TheWorld().Fresh("collected"), empty = TheWorld().Fresh("empty");
  for (const std::string& node : {name, empty}) {
    TheWorld().Run(
        {"node", "add", node, "--host", "127.0.0.1", "--port", "9", "--host-key", World::SomeHostKey()});
  }
  TheWorld().Sql(
      "INSERT INTO cvm_api.traffic_collections (node_id, last_tried_at, last_done_at)"
      " SELECT id, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) - INTERVAL 2 HOUR FROM cvm_api.nodes WHERE name = ?",
      {std::string_view(name)});
  const std::string sample = OfNode("cvm_traffic_collection_age_seconds", name);
  BOOST_TEST(Eventually([&] { return Scrape().count(sample) == 1; }));  // it is read anew four times a minute
  BOOST_TEST(Sample(sample) >= 7200);
  BOOST_TEST(Sample(sample) < 7200 + 600);
  BOOST_TEST(Scrape().count(OfNode("cvm_traffic_collection_age_seconds", empty)) == 0u);
}

BOOST_AUTO_TEST_CASE(NoPageIsToBeHadThroughTheWebServer) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  for (const char* path : {"/metrics", "/healthz", "/readyz"}) {
    BOOST_TEST(world.Ask(pair, "GET", path).status == 404, path);
    BOOST_TEST(world.Ask(pair, "GET", path).body == "Not found by the host itself.\n", path);
    BOOST_TEST(world.Ask(pair, "GET", std::string("/api/client") + path).status == 404, path);
    BOOST_TEST(world.Send({"GET", std::string("/api/client") + path, {}, ""}).status == 401, path);
  }
}

BOOST_AUTO_TEST_CASE(TheListenerIsOnLoopbackAlone) {
  const std::string target = TargetOf(WorkerPid());
  const std::string port = target.substr(target.find(':') + 1);
  const ProgramResult sockets = RunProgram({"ss", "-Htnl", "sport", "=", ":" + port});
  BOOST_TEST(sockets.out.find(target) != std::string::npos, sockets.out);
  BOOST_TEST(sockets.out.find('\n') == sockets.out.size() - 1, sockets.out);
}

BOOST_AUTO_TEST_CASE(WithoutADatabaseItIsAliveButNotReady) {
  WaitUntilReady();
  Stack("end-db");
  BOOST_TEST(Eventually([] { return Page("/readyz").status == 503; }));
  BOOST_TEST(Page("/readyz").body.find("database") != std::string::npos, Page("/readyz").body);
  BOOST_TEST(Page("/healthz").status == 200);
  BOOST_TEST(Sample("cvm_db_up") == 0);
  BOOST_TEST(Sample("cvm_db_connect_failures_total") >= 1);
  Stack("start-db");
  WaitUntilReady();
  BOOST_TEST(Sample("cvm_db_up") == 1);
}

// Stopped for as long as this lives.
class Frozen {
 public:
  explicit Frozen(pid_t pid) : pid_(pid) { BOOST_REQUIRE(kill(pid_, SIGSTOP) == 0); }
  ~Frozen() { kill(pid_, SIGCONT); }

 private:
  const pid_t pid_;
};

BOOST_AUTO_TEST_CASE(ADatabaseThatHangsHoldsNoPage) {
  WaitUntilReady();
  {
    const Frozen database(static_cast<pid_t>(std::stol(ReadFile(StackDir() + "/pids/db"))));
    // In whose words depends on who asked last: the page's own where its question is still out, else the
    // connections'.
    BOOST_TEST(Eventually([] {
      const HttpAnswer page = Page("/readyz");
      return page.status == 503 && page.body.rfind("database", 0) == 0;
    }));
    for (int i = 0; i < 3; ++i) BOOST_TEST(Page("/healthz").status == 200);
    BOOST_TEST(Sample("cvm_db_up") == 0);
  }
  WaitUntilReady();
}

BOOST_AUTO_TEST_CASE(ADatabaseWithoutTheSchemaIsNotReadyAndTheReasonSaysWhatToDo) {
  WaitUntilReady();
  TheWorld().Sql("UPDATE cvm_api.schema_migrations SET oldest_worker = oldest_worker + 100000", {});
  BOOST_TEST(Eventually([] { return Page("/readyz").status == 503; }));
  BOOST_TEST(Page("/readyz").body.find("schema version") != std::string::npos, Page("/readyz").body);
  TheWorld().Sql("UPDATE cvm_api.schema_migrations SET oldest_worker = oldest_worker - 100000", {});
  WaitUntilReady();
}

BOOST_AUTO_TEST_CASE(AWorkersFileGoesWhenItEndsAndTheNextOneHasItsOwn) {
  WaitUntilReady();
  for (const int signal : {SIGTERM, SIGKILL}) {
    const pid_t before = WorkerPid();
    BOOST_TEST(TargetOf(before).find("127.0.0.1:") == 0u);
    BOOST_REQUIRE(kill(before, signal) == 0);
    BOOST_TEST(Eventually([&] { return WorkerPid() != 0 && WorkerPid() != before; }));
    WaitUntilReady();
    BOOST_TEST(access(TargetFile(before).c_str(), F_OK) != 0);
    BOOST_TEST(Sample("cvm_build_info{version=\"" CVM_VERSION "\"}") == 1);
  }
}

// A second worker on a socket of its own, with `more` at the end of its settings, in [metrics].
class SecondWorker {
 public:
  // `log_target`: one in place of what the settings have.
  explicit SecondWorker(const std::string& more, const std::string& log_target = "stderr") {
    std::string settings = ReadFile(RequireEnv("CVM_CONFIG")) + more + "\n";
    const std::string target = "target = \"stderr\"";
    settings.replace(settings.find(target), target.size(), "target = \"" + log_target + "\"");
    const std::string config = directory_.Write("worker.toml", settings, 0600);
    const std::string program = RequireEnv("CVM_TEST_BUILD") + "/cvm-client-api";
    const std::string socket = Socket();
    pid_ = fork();
    if (pid_ == 0) {
      const int log = open(directory_.Path("log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      dup2(log, 1), dup2(log, 2);
      execlp("spawn-fcgi", "spawn-fcgi", "-n", "-s", socket.c_str(), "--", program.c_str(), "--config",
             config.c_str(), nullptr);
      _exit(127);
    }
  }
  ~SecondWorker() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  std::string Socket() const { return directory_.Path("socket"); }
  pid_t pid() const { return pid_; }
  std::string Log() const { return ReadFile(directory_.Path("log")); }

 private:
  const cvm::tests::TemporaryDirectory directory_;
  pid_t pid_ = 0;
};

BOOST_AUTO_TEST_CASE(AFixedPortThatIsTakenIsAWarningAndTheWorkerServes) {
  const std::string target = TargetOf(WorkerPid());
  const SecondWorker second("port = " + target.substr(target.find(':') + 1));
  BOOST_TEST(Eventually([&] { return second.Log().find(" start version=") != std::string::npos; }));
  BOOST_TEST(second.Log().find("warning metrics.no_listener") != std::string::npos, second.Log());
  BOOST_TEST(second.Log().find(target) != std::string::npos, second.Log());
  BOOST_TEST(Page("/healthz").status == 200);
}

// A pipe that nobody reads for a while is a disk that hangs; what is read of it then.
class Pipe {
 public:
  Pipe() {
    BOOST_REQUIRE(mkfifo(path().c_str(), 0600) == 0);
    fd_ = open(path().c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    BOOST_REQUIRE(fd_ >= 0);
  }
  ~Pipe() { close(fd_); }
  std::string path() const { return directory_.Path("log"); }
  // All that has come so far.
  const std::string& Read() {
    std::string buffer(1 << 16, '\0');
    for (ssize_t got; (got = read(fd_, buffer.data(), buffer.size())) > 0;) {
      text_.append(buffer, 0, static_cast<std::size_t>(got));
    }
    return text_;
  }

 private:
  const cvm::tests::TemporaryDirectory directory_;
  int fd_ = -1;
  std::string text_;
};

BOOST_AUTO_TEST_CASE(LinesThatTheLogDropsAreCountedAndTheLogSaysSoAndRequestsAreServed) {
  Pipe pipe;
  const SecondWorker second("", pipe.path());
  BOOST_REQUIRE(Eventually([&] { return !ReadFile(TargetFile(second.pid())).empty(); }));
  const std::string target = TargetOf(second.pid());
  const auto dropped = [&] {
    const std::string page = Http("http://" + target, {"GET", "/metrics", {}, ""}).body;
    const std::string sample = "\ncvm_log_dropped_total ";
    return std::stod(page.substr(page.find(sample) + sample.size()));
  };
  const auto request = cvm::tests::RequestParameters("GET", kList);
  cvm::tests::FcgiClient client(second.Socket());
  const auto ask = [&] {
    client.Send(request);
    return client.Receive().status;
  };
  BOOST_TEST(dropped() == 0);
  // The queue holds 8192 lines and the pipe some more: so many requests fill both, however long they take.
  for (int i = 0; i < 20000 && (i % 1000 != 0 || dropped() == 0); ++i) {
    BOOST_REQUIRE(ask() == "401 Not Authorized");
  }
  BOOST_TEST(dropped() > 0);
  BOOST_TEST(Eventually([&] {
    BOOST_REQUIRE(ask() == "401 Not Authorized");
    return pipe.Read().find(" warning log.dropped lines=") != std::string::npos;
  }));
  kill(second.pid(), SIGKILL);  // in good order it would write what is queued, which nobody reads any more
}

BOOST_AUTO_TEST_SUITE_END()
