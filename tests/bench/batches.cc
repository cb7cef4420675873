// Sixty-four clients on one node, against one remote command for each request.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench.h"

namespace cvm::bench {
namespace {

constexpr int kClients = 64;
constexpr int kRounds = 5;
constexpr std::chrono::milliseconds kSpan{1500};

// Calls ask(i) in the i-th of 64 threads, again and again; gives the calls a second. `ask` gives whether it
// was answered as it should be.
double Rate(const std::function<bool(int)>& ask) {
  std::atomic<long> answered{0}, wrong{0};
  std::vector<std::thread> threads;
  const auto begun = Clock::now();
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      try {
        while (Clock::now() - begun < kSpan) ++(ask(i) ? answered : wrong);
      } catch (const std::exception&) {
        ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (wrong > 0) throw std::runtime_error(std::to_string(wrong) + " wrong answers");
  return static_cast<double>(answered) / std::chrono::duration<double>(Clock::now() - begun).count();
}

// How many vzlists have ended on the node.
double Vzlists(const Stack& stack) {
  std::ifstream file(stack.node_directory() + "/root/var/lib/vzctl/listings");
  return static_cast<double>(
      std::count(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>(), '\n'));
}

}  // namespace

std::vector<Line> MeasureBatches(const Stack& stack) {
  std::vector<Client> clients;
  std::vector<std::string> vpses;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(stack.NewClient("clients"));
    vpses.push_back(stack.VpsOf("clients", 101 + i));
  }
  const auto endpoint = stack.endpoint();
  ssh::Pool pool(stack.ssh_settings());
  const auto status = [&](int i) {
    const auto n = static_cast<std::size_t>(i);
    return clients[n].Status(vpses[n]) == "running";
  };
  const auto command = [&](int i) {
    const ssh::Command vzlist(
        {"timeout", "9", "vzlist", "-j", "-o", "ctid,status,physpages,diskspace", std::to_string(101 + i)});
    const auto output = pool.Run(endpoint, vzlist, base::Deadline::In(std::chrono::seconds(30)));
    return output.ok() && output->exit_status == 0;
  };
  Rate(command);
  Samples ratio, batched, single, shared;
  for (int round = 0; round < kRounds; ++round) {
    const double vzlists = Vzlists(stack);
    const double with = Rate(status);
    shared.Add(with * std::chrono::duration<double>(kSpan).count() / (Vzlists(stack) - vzlists));
    const double without = Rate(command);
    batched.Add(with), single.Add(without), ratio.Add(with / without);
  }
  return {AtLeast(
      "status, 64 clients on one node: answers a second against one command a request over kept sessions", 5,
      ratio.Median(), " x",
      Short(batched.Median()) + "/s against " + Short(single.Median()) + "/s, " + Short(shared.Median()) +
          " answers a vzlist")};
}

}  // namespace cvm::bench
