// What the worker holds after a thousand nodes were driven and half of them died.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench.h"
#include "tests/bench/forwarder.h"

namespace cvm::bench {
namespace {

constexpr std::size_t kNodes = 1000;
constexpr int kClients = 8;  // below the sshd's MaxStartups: it is one, whatever it is called by
// A moment with more sessions at once than any before leaves its mark on the heap.
constexpr double kFlatMemory = 1.1;

struct Held {
  std::size_t descriptors, threads;
  double megabytes;
};

std::size_t Entries(const std::string& directory) {
  using Iterator = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Iterator(directory), Iterator()));
}

Held HeldBy(int pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  double pages = 0, resident = 0;
  std::ifstream(process + "/statm") >> pages >> resident;
  return {Entries(process + "/fd"), Entries(process + "/task"), resident * 4096 / 1e6};
}

// Waits until idle sessions are closed: the descriptors are no more than they were before any node was
// driven.
Held AtRest(int pid, std::size_t descriptors) {
  const auto give_up = Clock::now() + std::chrono::minutes(2);
  Held held = HeldBy(pid);
  while (held.descriptors > descriptors && Clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    held = HeldBy(pid);
  }
  return held;
}

// Asks for each VPS once, by a few clients; gives how many are running.
int Drive(const Stack& stack, const std::vector<std::string>& vpses) {
  std::atomic<std::size_t> next{0};
  std::atomic<int> running{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, client = stack.NewClient("nodes")]() mutable {
      for (std::size_t at; (at = next++) < vpses.size();)
        running += client.Status(vpses[at]) == "running" ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return running;
}

void Expect(int running, std::size_t expected) {
  if (running == static_cast<int>(expected)) return;
  throw std::runtime_error(std::to_string(running) + " of " + std::to_string(expected) + " nodes answered");
}

void RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::vector<Line> MeasureThousandNodes(const Stack& stack) {
  RaiseDescriptorLimit();
  Forwarder forwarder(stack.endpoint().port, kNodes);
  std::vector<std::string> vpses;
  for (std::size_t i = 0; i < kNodes; ++i) vpses.push_back(stack.AddNode(forwarder.port(i)));

  const int worker = stack.WorkerPid();
  const std::size_t allowed = HeldBy(worker).descriptors + 2 * kClients;  // nginx keeps connections, too
  // More than once: each of the threads needs to have met a node before memory is at what it stays at.
  for (int i = 0; i < 3; ++i) Expect(Drive(stack, vpses), kNodes);
  const std::size_t most = HeldBy(worker).descriptors;
  const Held before = AtRest(worker, allowed);
  Expect(Drive(stack, vpses), kNodes);
  for (std::size_t i = 0; i < kNodes; i += 2) forwarder.Kill(i);
  for (int i = 0; i < 3; ++i) Expect(Drive(stack, vpses), kNodes / 2);
  const Held after = AtRest(worker, before.descriptors);

  const auto line = [](const std::string& what, const std::string& goal, double now, double then, bool met,
                       const std::string& more) {
    return Line{what, goal, Short(now) + " against " + Short(then) + more, met};
  };
  return {line("descriptors after 1000 nodes were driven and half of them died, against before", "flat",
               static_cast<double>(after.descriptors), static_cast<double>(before.descriptors),
               after.descriptors <= before.descriptors, " (" + std::to_string(most) + " in between)"),
          line("threads, the same", "flat", static_cast<double>(after.threads),
               static_cast<double>(before.threads), after.threads <= before.threads, ""),
          line("resident memory, the same", "flat (10 %)", after.megabytes, before.megabytes,
               after.megabytes <= before.megabytes * kFlatMemory, " MB")};
}

}  // namespace cvm::bench
