// Lists, while two hundred clients ask for VPSes on a node that never answers.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/bench/bench.h"
#include "tests/support/listener.h"

namespace cvm::bench {
namespace {

constexpr int kRounds = 5;
constexpr int kAsking = 200;
constexpr int kListing = 4;
constexpr int kListsEach = 400;
// What a client does between two answers: as fast as it can would measure the machine, not the program.
constexpr std::chrono::milliseconds kRest{1000};

class Crowd {
 public:
  Crowd(const Stack& stack, const std::string& vps) {
    for (int i = 0; i < kAsking; ++i) {
      threads_.emplace_back([this, client = stack.NewClient("nodes"), vps, i]() mutable {
        Rest(kRest * i / kAsking);
        do {
          ++(client.Status(vps) == "unknown" ? unknown_ : other_);
        } while (!Rest(kRest));
      });
    }
  }
  ~Crowd() { End(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  void AwaitAnswers(long count) const {
    while (unknown_ < count) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  // How many were answered.
  long End() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      over_ = true;
    }
    ended_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    if (other_ > 0) throw std::runtime_error("a node that never answers has answered");
    return unknown_;
  }

 private:
  // Says whether it is over.
  bool Rest(std::chrono::milliseconds span) {
    std::unique_lock<std::mutex> lock(mutex_);
    return ended_.wait_for(lock, span, [this] { return over_; });
  }

  std::atomic<long> unknown_{0}, other_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

Samples Lists(const Stack& stack) {
  std::vector<Samples> each(kListing);
  std::vector<std::thread> threads;
  for (Samples& samples : each) {
    threads.emplace_back([&samples, client = stack.NewClient("few")]() mutable {
      client.Get("/api/client/vps/list");
      samples.Time(kListsEach, [&] { client.Get("/api/client/vps/list"); });
    });
  }
  Samples all;
  for (std::thread& thread : threads) thread.join();
  for (const Samples& samples : each) all.Add(samples);
  return all;
}

}  // namespace

std::vector<Line> MeasureList(const Stack& stack) {
  const tests::Listener silent(1024);
  const std::string vps = stack.AddNode(silent.port());
  Lists(stack);
  Samples quiet, loud, ratio;
  long answered = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Samples without = Lists(stack);
    Crowd crowd(stack, vps);
    crowd.AwaitAnswers(kAsking);
    const Samples with = Lists(stack);
    answered += crowd.End();
    quiet.Add(without), loud.Add(with), ratio.Add(with.Quantile(0.99) / without.Quantile(0.99));
  }
  return {AtMost(
      "list: p99 while 200 clients ask for VPSes on a node that never answers, against without them", 1.5,
      ratio.Median(), " x",
      Short(loud.Quantile(0.99)) + " ms against " + Short(quiet.Quantile(0.99)) + " ms; they got " +
          std::to_string(answered) + " answers, each resting " + std::to_string(kRest.count()) + " ms")};
}

}  // namespace cvm::bench
