// A start by one client, against the least that any program must do for it: the same command on a session
// that is kept, and one committed INSERT. The container was stopped before each of them.
#include <stdexcept>

#include "tests/bench/bare_session.h"
#include "tests/bench/bench.h"
#include "tests/support/program.h"

namespace cvm::bench {
namespace {

constexpr int kRounds = 9;
constexpr int kStarts = 40;  // a round
constexpr int kCtid = 102;

void InsertOne(db::Pool& pool) {
  const auto done = pool.Run(base::Deadline::In(std::chrono::seconds(10)), [](db::Session& session) {
    session.Execute(
        "INSERT INTO action_log (actor_kind, vps_id, action, begun_at, ended_at, outcome) "
        "VALUES ('customer', 0, 'start', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'done')",
        {});
  });
  if (!done.ok()) throw std::runtime_error(done.error().message);
}

db::Settings OneConnection() {
  db::Settings settings;
  settings.servers = {test::RequireEnv("CVM_DB_SOCKET")};
  settings.user = "root";
  settings.connections = 1;
  return settings;
}

}  // namespace

std::vector<Line> MeasureStart(const Stack& stack) {
  Client client = stack.NewClient("clients");
  const std::string target = "/api/client/vps/" + stack.VpsOf("clients", kCtid) + "/start";
  const std::string ctid = std::to_string(kCtid);
  BareSession bare(stack.endpoint().port, stack.node_directory() + "/id_ed25519");
  db::Pool pool(OneConnection());
  const auto stop = [&] { bare.Run("vzctl stop " + ctid); };

  Samples ours, theirs, ratios;
  for (int round = -1; round < kRounds; ++round) {  // the first warms up
    Samples through, least;
    for (int i = 0; i < kStarts; ++i) {
      stop();
      through.Time(1, [&] { client.Post(target); });
      stop();
      least.Time(1, [&] {
        InsertOne(pool);
        bare.Run("vzctl start " + ctid);
      });
    }
    if (round < 0) continue;
    ratios.Add(through.Median() / least.Median());
    ours.Add(through), theirs.Add(least);
  }
  return {AtMost("start, one client: p50 against the bare command plus one committed INSERT", 1.25,
                 ratios.Median(), " x",
                 "start " + Short(ours.Median()) + " ms, bare " + Short(theirs.Median()) + " ms")};
}

}  // namespace cvm::bench
