// Traffic in a real database, and on a test node whose containers are real processes: what its tests share.
#ifndef CVM_TESTS_INTEGRATION_TRAFFIC_FIXTURES_H_
#define CVM_TESTS_INTEGRATION_TRAFFIC_FIXTURES_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/auth/store.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "lib/node/openvz.h"
#include "lib/node/reading.h"
#include "lib/node/store.h"
#include "lib/traffic/book.h"
#include "lib/traffic/collect.h"
#include "lib/vps/admin.h"
#include "lib/vps/service.h"
#include "tests/support/flight.h"
#include "tests/support/program.h"
#include "tests/support/ssh_node.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_database.h"

namespace cvm::traffic {

using test::Column;
using test::Must;
using test::Number;
using test::Patience;

inline constexpr char kBoot[] = "a4f8c15d-457b-430b-9237-68525810dff9";

inline node::ContainerReading ReadingOf(std::uint64_t in, std::uint64_t out, std::uint64_t start = 100) {
  node::ContainerReading reading;
  reading.epoch = {kBoot, start};
  reading.inside = {{"lo", 5, 5}, {"venet0", in, out}};
  return reading;
}

// A database with a node and a VPS, container 101, that has been seen stopped.
struct Books {
  Books() {
    Must(db::Migrate(pool, db::EmbeddedMigrations(), Patience()));
    Must(auth::Store(pool).AddUser("ann", std::nullopt, Patience()));
    alpha.name = "alpha";
    alpha.endpoint.host = "127.0.0.1";
    alpha.endpoint.port = 1;
  }
  std::uint64_t AddNode() { return alpha.id = Must(node::Store(pool).Add(alpha, Patience())); }
  std::uint64_t AddVps(std::uint64_t ctid, vps::Accounting accounting = vps::Accounting::kCombined) {
    vps::NewVps added{"alpha", "ann", *base::Ctid::FromNumber(ctid), "www.example.net", 512, {}, 1000, 1,
                      {},      {}};
    added.traffic.accounting = accounting;
    return Must(admin.Add(added, Patience()));
  }
  Noted NoteOf(std::uint64_t vps) {
    return Must(Note(pool, vps, alpha.id, *base::Ctid::FromNumber(101), Patience()));
  }
  Booked BookNow(std::uint64_t vps, const node::ContainerReading& reading) {
    return Must(Book(pool, NoteOf(vps), reading, Gone::kRemoved, Settings(), Patience()));
  }
  std::uint64_t DailySum(std::uint64_t vps) {
    return Number(pool,
                  "SELECT CAST(COALESCE(SUM(bytes_in + bytes_out), 0) AS UNSIGNED) FROM traffic_daily WHERE "
                  "vps_id = ?",
                  {vps});
  }
  std::uint64_t PeriodSum(std::uint64_t vps) {
    return Number(pool, "SELECT bytes_in + bytes_out FROM traffic_period WHERE vps_id = ?", {vps});
  }
  // As a customer's list would show it.
  vps::Traffic Shown(std::uint64_t vps) {
    for (const vps::Listed& listed : Must(admin.List(Patience()))) {
      if (listed.vps.id == vps) return listed.vps.traffic;
    }
    throw std::runtime_error("no such VPS");
  }
  void Sql(const std::string& statement) { test::RunSql(pool, statement); }
  std::string Begin() { return Column(pool, "SELECT CAST(begins_on AS CHAR) FROM traffic_period").at(0); }
  std::uint64_t Kept() { return Number(pool, "SELECT COUNT(*) FROM traffic_periods_ended"); }

  test::TestDatabase database;
  db::Pool pool{WithConnections(database.Root())};
  node::Node alpha;
  ssh::Pool nobody{ssh::Settings()};
  node::OpenVz no_driver{nobody};
  vps::Admin admin{pool, no_driver};

 private:
  static db::Settings WithConnections(db::Settings settings) {
    settings.connections = 8;
    return settings;
  }
};

inline testnode::TestNode& SharedNode() {
  static testnode::TestNode node("--ctids '101 102 103 104' --stopped 105");
  return node;
}

// A test node with its containers, each a VPS.
struct Wire : Books {
  Wire() : driver(sessions) {
    alpha.endpoint = tests::EndpointOf(node);
    AddNode();
    for (std::uint64_t ctid = 101; ctid <= 105; ++ctid) AddVps(ctid);
    node.Exec("for i in 101 102 103 104; do vzctl start $i; done; vzctl stop 105");
  }
  static std::uint64_t VpsOf(unsigned ctid) { return ctid - 100; }

  Collected Collect() { return Must(CollectNode(pool, sessions, alpha, Settings(), Patience())); }
  // What the kernel says now, both directions.
  std::uint64_t True(unsigned ctid) {
    std::uint64_t sum = 0;
    for (const Counter& counter : CountersOf(Read(ctid))) sum += counter.bytes.in + counter.bytes.out;
    return sum;
  }
  node::ContainerReading Read(unsigned ctid) {
    const auto reading = Must(node::AskReading(sessions, alpha, {*base::Ctid::FromNumber(ctid)}, Patience()));
    return Must(reading.at(*base::Ctid::FromNumber(ctid)));
  }
  // A customer's stop of container 101, over that connection.
  bool StopsBy(ssh::Runner& runner) {
    node::OpenVz over(runner);
    vps::Service service(pool, over);
    return Must(service.Act(PlacedOf(101), vps::Action::kStop, {}, Patience())) == vps::ActionResult::kDone;
  }
  void Inside(unsigned ctid, const std::string& line) {
    const auto done = node.Exec("nsenter --net --target $(cat /var/lib/vzctl/vepid/" + std::to_string(ctid) +
                                ") bash -c " + testnode::Quote(line));
    if (done.status != 0) throw std::runtime_error("inside " + std::to_string(ctid) + ": " + done.err);
  }
  // From inside the container, so many datagrams of 1000 bytes.
  void Send(unsigned ctid, unsigned datagrams, const std::string& device = "eth0") {
    Inside(ctid, "ip link set " + device + " up; ip addr replace 10.9.0.2/24 dev " + device +
                     "; ip neigh replace 10.9.0.1 lladdr 00:18:50:00:00:65 dev " + device +
                     "; for i in $(seq " + std::to_string(datagrams) +
                     "); do printf %01000d 0 >/dev/udp/10.9.0.1/9; done");
  }
  vps::Placed PlacedOf(unsigned ctid) {
    vps::Placed placed;
    placed.vps.id = VpsOf(ctid);
    placed.vps.user_id = 1;
    placed.vps.ctid = std::to_string(ctid);
    placed.node = alpha;
    return placed;
  }

  testnode::TestNode& node = SharedNode();
  ssh::Pool sessions{tests::SettingsOf(node)};
  node::OpenVz driver;
  vps::Admin operators{pool, driver};
};

// cvmctl as a process of its own.
struct Programs : Wire {
  Programs() {
    Configure(database.socket());
    program = test::RequireEnv("CVM_TEST_BUILD") + "/cvmctl";
  }
  void Configure(const std::string& server) {
    config = directory.Write("cvmctl.toml", "[database]\nservers = [\"" + server + "\"]\nname = \"" +
                                                database.name() +
                                                "\"\nuser = \"root\"\n[ssh]\nkey_directory = \"" +
                                                node.dir() + "\"\nconnect_timeout = 20\n");
  }
  pid_t Begin() const {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    execl(program.c_str(), program.c_str(), "--config", config.c_str(), "traffic", "collect", nullptr);
    _exit(127);
  }
  // The exit status; 128 + N after a signal.
  static int End(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  test::ProgramResult Run(const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {program, "--config", config};
    argv.insert(argv.end(), words.begin(), words.end());
    return test::RunProgram(argv);
  }

  tests::TemporaryDirectory directory;
  std::string config;
  std::string program;
};

}  // namespace cvm::traffic

#endif  // CVM_TESTS_INTEGRATION_TRAFFIC_FIXTURES_H_
