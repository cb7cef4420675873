// Many clients at once, and nodes that never answer: those who ask for something else notice nothing.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/node/test_node.h"
#include "tests/support/listener.h"
#include "tests/support/ssh_node.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests
using cvm::testnode::TestNode;

namespace {

std::string StatusPath(const std::string& vps) {
  return "/api/client/vps/" + vps + "/status";
}

// What became of a request: the answer's status, and in a 200 what is said of the VPS. For any thread: it
// checks nothing.
std::string Outcome(const Pair& pair, const std::string& method, const std::string& target) {
  const HttpAnswer answer = TheWorld().Ask(pair, method, target);
  if (answer.status != 200) return std::to_string(answer.status);
  const std::string key = "\"status\": \"";
  const std::size_t at = answer.body.find(key);
  if (at == std::string::npos) return "200";
  const std::size_t word = at + key.size();
  return answer.body.substr(word, answer.body.find('"', word) - word);
}

// Clients that ask the same thing again and again for as long as this lives, and how often they got what.
class Hammering {
 public:
  Hammering(int clients, std::function<std::string()> ask) {
    for (int i = 0; i < clients; ++i) {
      clients_.emplace_back([this, ask] {
        while (!over_) {
          const std::string got = ask();
          {
            const std::lock_guard<std::mutex> lock(mutex_);
            ++outcomes_[got];
          }
          std::this_thread::sleep_for(std::chrono::milliseconds(200));  // as clients do, and to leave time
        }
      });
    }
  }
  ~Hammering() { End(); }
  std::map<std::string, int> End() {
    over_ = true;
    for (std::thread& client : clients_) client.join();
    clients_.clear();
    return outcomes_;
  }
  int Answered() {
    const std::lock_guard<std::mutex> lock(mutex_);
    int sum = 0;
    for (const auto& [outcome, count] : outcomes_) sum += count;
    return sum;
  }

 private:
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::map<std::string, int> outcomes_;
  std::vector<std::thread> clients_;
};

struct Customer {
  const World& world = TheWorld();
  Pair pair = world.NewCustomer();
  std::string ctid = world.NewContainer("running");
  std::string healthy = world.NewVps(pair.user, ctid);

  std::string NodeAt(int port, const std::string& host_key) const {
    const std::string name = World::Fresh("hanging");
    world.Run(
        {"node", "add", name, "--host", "127.0.0.1", "--port", std::to_string(port), "--host-key", host_key});
    return name;
  }
  // What a customer who has nothing to do with the hanging node does, for as long as it takes 200 others to
  // be answered several times.
  void UseTheRestBeside(Hammering& hammering) const {
    for (int round = 0; round < 12 || hammering.Answered() < 400; ++round) {
      BOOST_REQUIRE(round < 2000);
      BOOST_REQUIRE(Outcome(pair, "GET", "/api/client/vps/list") == "200");
      BOOST_REQUIRE(Outcome(pair, "GET", StatusPath(healthy)) == "running");
      BOOST_REQUIRE(Outcome(pair, "POST", "/api/client/vps/" + healthy + "/start") == "200");
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(overload)

BOOST_FIXTURE_TEST_CASE(SixtyFourClientsAtOnceOnOneNodeAllGetTheirAnswer, Customer) {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> got(64);
    std::vector<std::thread> clients;
    for (std::string& answer : got) {
      clients.emplace_back([&] { answer = Outcome(pair, "GET", StatusPath(healthy)); });
    }
    for (std::thread& client : clients) client.join();
    for (const std::string& answer : got) BOOST_TEST(answer == "running");
  }
}

BOOST_FIXTURE_TEST_CASE(ANodeThatNeverAnswersIsUnknownOr503AndLeavesTheRestAlone, Customer) {
  const cvm::tests::Listener silent(1024);
  const std::string node = NodeAt(silent.port(), World::SomeHostKey());
  const std::string lost = world.NewVps(pair.user, "101", node);
  Hammering statuses(190, [&] { return Outcome(pair, "GET", StatusPath(lost)); });
  Hammering actions(10, [&] { return Outcome(pair, "POST", "/api/client/vps/" + lost + "/stop"); });
  UseTheRestBeside(statuses);
  const auto said = statuses.End(), done = actions.End();
  BOOST_TEST((said.size() == 1 && said.count("unknown") == 1));
  BOOST_TEST((done.size() == 1 && done.count("503") == 1));
  const HttpAnswer refused = world.Ask(pair, "POST", "/api/client/vps/" + lost + "/start");
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(refused.Has("retry-after"));
}

// It lets us in, and then vzlist hangs: the node is not down, and each question to it costs its whole time.
BOOST_FIXTURE_TEST_CASE(ANodeWhoseVzlistHangsLeavesTheRestAloneAndIsAskedAgainWhenItGoesOn, Customer) {
  const TestNode hanging("--ctids 101");
  const std::string key = RequireEnv("CVM_TEST_NODE_DIR") + "/id_ed25519.pub";
  hanging.Write("/root/.ssh/authorized_keys", cvm::tests::ReadWholeFile(key));
  const std::string name =
      NodeAt(std::stoi(hanging.Port()), cvm::tests::HostKeyOf(hanging, "ed25519").Line());
  const std::string slow = world.NewVps(pair.user, "101", name);
  BOOST_TEST(Outcome(pair, "GET", StatusPath(slow)) == "running");
  hanging.Set("vzlist", "hang");
  Hammering statuses(200, [&] { return Outcome(pair, "GET", StatusPath(slow)); });
  UseTheRestBeside(statuses);
  const auto said = statuses.End();
  BOOST_TEST((said.size() == 1 && said.count("unknown") == 1));
  hanging.Unset("vzlist");
  BOOST_TEST(TestNode::Await([&] { return Outcome(pair, "GET", StatusPath(slow)) == "running"; }));
}

BOOST_AUTO_TEST_SUITE_END()
