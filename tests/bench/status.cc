// A status by one client, against the command that it comes down to.
#include <stdexcept>

#include "tests/bench/bare_session.h"
#include "tests/bench/bench.h"
#include "tests/support/program.h"

namespace cvm::bench {
namespace {

constexpr int kRounds = 9;
constexpr int kCtid = 101;

// OpenSSH with its connection kept by a master process.
class Master {
 public:
  explicit Master(const Stack& stack)
      : argv_({"ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ControlMaster=auto", "-o",
               "ControlPersist=60", "-o", "ControlPath=" + test::RequireEnv("CVM_BENCH_RUN") + "/master",
               "-o", "UserKnownHostsFile=" + stack.node_directory() + "/known_hosts", "-i",
               stack.node_directory() + "/id_ed25519", "-p", stack.node_port(), "root@127.0.0.1"}),
        line_(stack.VzlistLine(kCtid)) {
    Run();
  }
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;
  ~Master() {
    auto argv = argv_;
    argv.insert(argv.end() - 1, {"-O", "exit"});
    test::RunProgram(argv);
  }
  void Run() const {
    auto argv = argv_;
    argv.push_back(line_);
    if (test::RunProgram(argv).exit_status != 0) throw std::runtime_error("ssh failed");
  }

 private:
  const std::vector<std::string> argv_;
  const std::string line_;
};

}  // namespace

std::vector<Line> MeasureStatus(const Stack& stack) {
  Client client = stack.NewClient("clients");
  const std::string vps = stack.VpsOf("clients", kCtid);
  BareSession bare(stack.endpoint().port, stack.node_directory() + "/id_ed25519");
  const Master master(stack);
  const std::string line = stack.VzlistLine(kCtid);
  const auto ask = [&] {
    if (client.Status(vps) != "running") throw std::runtime_error("a status that is not running");
  };
  Samples().Time(20, ask);
  Samples().Time(20, [&] { bare.Run(line); });

  Samples ours, theirs, masters, to_bare, to_master;
  for (int round = 0; round < kRounds; ++round) {
    Samples status, command, ssh;
    status.Time(80, ask);
    command.Time(80, [&] { bare.Run(line); });
    ssh.Time(20, [&] { master.Run(); });
    to_bare.Add(status.Median() / command.Median());
    to_master.Add(status.Median() / ssh.Median());
    ours.Add(status), theirs.Add(command), masters.Add(ssh);
  }
  const std::string status = "status " + Short(ours.Median()) + " ms";
  return {AtMost("status, one client: p50 against the same vzlist on a bare kept libssh2 session", 1.25,
                 to_bare.Median(), " x", status + ", bare " + Short(theirs.Median()) + " ms"),
          AtMost("the same against ssh through ControlMaster", 0.5, to_master.Median(), " x",
                 status + ", ssh " + Short(masters.Median()) + " ms")};
}

}  // namespace cvm::bench
